"""`jaxgan evaluate`: a run, a file or a folder of images against real images.

DIRECTORY/results.jsonl    a line for each result, with its whole protocol
DIRECTORY/scores.png       scores by step, where several checkpoints were scored
DIRECTORY/neighbours.png   with the metric "copies": samples beside the nearest real images
DIRECTORY/truncation.csv, truncation.png    with --truncation: see sweep.py

The directory is the run's own, `evaluation` for files and folders, or --output.
"""

import time
from functools import partial
from pathlib import Path
from typing import NamedTuple

import jax
from jax.sharding import Mesh
from ml_collections import ConfigDict

from jaxgan.devices import sharding
from jaxgan.evaluate.evaluation import Evaluation, Evaluator, check_settings, needs_extractor
from jaxgan.evaluate.extractors.by_name import extractor_by_name
from jaxgan.evaluate.extractors.network_features import NETWORKS, network_extractor
from jaxgan.evaluate.follow import follow
from jaxgan.evaluate.images import Images, open_images
from jaxgan.evaluate.models import Model, is_run, open_model
from jaxgan.evaluate.plot import Line, Panel, picture
from jaxgan.evaluate.results import Result, append_result, find_result, read_results, table
from jaxgan.evaluate.samples import samples
from jaxgan.evaluate.sheet import neighbours_sheet
from jaxgan.evaluate.sweep import sweep, thresholds
from jaxgan.files.atomic import check_output
from jaxgan.media.pictures import save_png
from jaxgan.report import refresh


class Wish(NamedTuple):
    """What the command line asks for besides config.evaluate."""

    output: str = ""
    truncation: str = ""
    follow: bool = False
    patience: int = 3600
    table: bool = False


def evaluate(path: Path, config: ConfigDict, wish: Wish) -> int:
    """Score a run, a file or a folder as config.evaluate says; return the exit code."""
    output = Path(wish.output or (path if is_run(path) else "evaluation"))
    say = partial(print, flush=True) if jax.process_index() == 0 else lambda *_: None
    if wish.table:
        say(table(read_results(output / "results.jsonl")))
        return 0
    check_settings(config.evaluate)
    values = thresholds(wish.truncation) if wish.truncation else []
    if wish.follow and not is_run(path):
        raise ValueError(f"--follow: {path} is no run that trains; leave it out")
    if values and "fd" not in config.evaluate.metrics:
        raise ValueError("--truncation needs the metric 'fd': write it in evaluate.metrics")
    check_output(output / "results.jsonl")
    output.mkdir(parents=True, exist_ok=True)
    mesh = sharding.create_mesh()
    session = Session(config, mesh, output, say)
    if wish.follow:
        follow(path, config, session.score, wish.patience, say)
    else:
        model = open_model(path, config)
        if values:
            session.sweep(model, values)
        else:
            session.score(model, again=True)
    if jax.process_index() == 0:
        results = read_results(output / "results.jsonl")
        say(table(results))
        draw_scores(results, output / "scores.png")
        say(f"{output / 'results.jsonl'} holds every number with its protocol")
        if output == path:  # a run's own page shows them
            refresh(path)
    return 0


class Session:
    """The reference, the extractor and what they were compiled to, for one model after another."""

    def __init__(self, config: ConfigDict, mesh: Mesh, output: Path, say):
        self._config, self._settings, self._mesh = config, config.evaluate, mesh
        self._output, self._say = output, say
        self._evaluator: Evaluator | None = None

    def score(self, model: Model, again: bool = False) -> None:
        """Add a line of results; `again` also where there is one of the same protocol."""
        settings, path, began = self._settings, self._output / "results.jsonl", time.perf_counter()
        fake = self._samples(model)
        evaluator = self.evaluator(model, fake)
        known = read_results(path) if path.exists() else []
        if not again and find_result(known, evaluator.protocol(fake), set()):
            return
        found = evaluator(fake, model.generator, fake.facts.get("truncation") or 0.0)
        if jax.process_index() == 0:
            append_result(path, found.metrics, found.protocol, found.classes)
        step = fake.facts.get("step")
        where = fake.name if step is None else f"samples of step {step}"
        self._say(f"{fake.count} {where} scored after {time.perf_counter() - began:.0f} s")
        self._say_classes(found)
        if "copies" in settings.metrics:
            known = evaluator.real().features, evaluator.real_distances()
            sheet = neighbours_sheet(fake, evaluator.reference, found.features.features, *known)
            if jax.process_index() == 0:
                save_png(self._output / "neighbours.png", sheet)

    def sweep(self, model: Model, values: list[float]) -> None:
        """Score a generator at each threshold."""
        if model.generator is None:
            raise ValueError("--truncation needs a generator, and these are images: leave it out")
        settings = self._settings
        # Statistics of the file's own, if it has them, belong to other thresholds.
        generator = model.generator.untabulated()
        for t in values:
            generator.truncation(t)  # refused before anything is computed
        evaluator = self.evaluator(model, self._samples(model))
        count, seed = settings.samples, settings.seed
        sweep(*(generator, evaluator, values, count, seed), self._output, self._mesh, self._say)

    def evaluator(self, model: Model, fake: Images) -> Evaluator:
        """Return what scores this model: made once, unless the model itself is the extractor."""
        settings = self._settings
        if self._evaluator and settings.extractor not in NETWORKS:
            return self._evaluator
        extractor = None
        if needs_extractor(settings):
            extractor = self._extractor(model)
        size, split = fake.shape[:2], settings.split or self._config.data.split
        name = settings.reference or self._config.data.name
        if not name:
            raise ValueError(
                "evaluate.reference is empty: write real images to compare with, such as "
                "--config.evaluate.reference=data/photos"
            )
        reference = several(open_images(name, split, size))
        test = open_images(name, settings.test_split, size) if settings.test_split else None
        if reference.count < fake.count:
            self._say(
                f"note: {reference.name} has {reference.count} images, fewer than the "
                f"{fake.count} samples: distances are biased by the smaller number"
            )
        self._evaluator = Evaluator(settings, reference, test, extractor, self._mesh)
        return self._evaluator

    def _extractor(self, model: Model):
        name = self._settings.extractor
        if name not in NETWORKS:
            return extractor_by_name(name, self._settings.weights_file or None)
        if model.run is None:
            raise ValueError(f"evaluate.extractor = {name!r} needs a run: write another extractor")
        return network_extractor(model.run, model.state, name)

    def _samples(self, model: Model) -> Images:
        count, seed = self._settings.samples, self._settings.seed
        if model.images is not None:
            count = count or several(model.images).count  # 0: all
        if count < 2:
            raise ValueError(f"evaluate.samples = {count}: write 2 or more")
        if model.images is None:
            return samples(model.generator, count, seed, None, self._mesh)
        if count > model.images.count:
            raise ValueError(
                f"evaluate.samples = {count}, but {model.images.name} holds "
                f"{model.images.count} images: write that or less"
            )
        return model.images._replace(count=count)

    def _say_classes(self, found: Evaluation) -> None:
        for metric, values in found.classes.items():
            worst = sorted(values, key=values.get, reverse=metric.endswith("_per_class"))
            shown = ", ".join(f"{name} {values[name]:.3g}" for name in worst[:10])
            self._say(f"{metric} by class, the worst first: {shown}")


def several(images: Images) -> Images:
    """Return the images, or refuse a single one: it has no covariance and no neighbour."""
    if images.count < 2:
        raise ValueError(f"{images.name} holds {images.count} image: give 2 or more")
    return images


def draw_scores(results: list[Result], path: Path) -> None:
    """Draw the scores by step of the newest protocol, where there are several steps."""
    newest = results[-1]["protocol"]
    same = {k: v for k, v in newest.items() if k != "step"}
    curve = {
        r["protocol"]["step"]: r
        for r in results
        if r["protocol"].get("step") is not None
        and {k: v for k, v in r["protocol"].items() if k != "step"} == same
    }
    if len(curve) < 2:
        return
    steps, names = sorted(curve), results[-1]["metrics"]
    shown = [n for n in names if not n.endswith(("_std", "_unbiased"))][:8]
    panels = []
    for name in shown:
        found = [s for s in steps if name in curve[s]["metrics"]]
        points = [(float(s), curve[s]["metrics"][name]) for s in found]
        errors = [curve[s]["metrics"].get(f"{name}_std", 0.0) for s in found]
        panels.append(Panel(name, "step", "", [Line(name, points, errors)]))
    save_png(path, picture(panels))
