"""`jaxgan evaluate`: a run, a file or a folder of images against real images.

DIRECTORY/results.jsonl    a line for each result, with its whole protocol
DIRECTORY/scores.png       scores by step, where several checkpoints were scored
DIRECTORY/neighbours.png   with the metric "copies": samples beside the nearest real images
DIRECTORY/truncation.csv, truncation.png    with --truncation: see sweep.py

The progress is shown on stderr. Nothing that was computed is lost: see recorded.py.

The directory is the run's own, `evaluation` for files and folders, or --output.
"""

import os
import time
from functools import partial
from pathlib import Path
from typing import NamedTuple

import jax
from jax.sharding import Mesh
from ml_collections import ConfigDict

from jaxgan.devices import sharding
from jaxgan.evaluate.evaluation import Evaluation, Evaluator, check_settings, needs_extractor
from jaxgan.evaluate.extractors.by_name import KNOWN, extractor_by_name
from jaxgan.evaluate.extractors.extractor import Extractor, check_independent
from jaxgan.evaluate.extractors.network_features import NETWORKS, network_extractor
from jaxgan.evaluate.follow import follow
from jaxgan.evaluate.images import Images, open_images, subset
from jaxgan.evaluate.models import Model, is_run, open_model
from jaxgan.evaluate.plot import Line, Panel, picture
from jaxgan.evaluate.recorded import recorded
from jaxgan.evaluate.results import Result, read_results, table
from jaxgan.evaluate.samples import samples
from jaxgan.evaluate.sheet import neighbours_sheet
from jaxgan.evaluate.sweep import sweep, thresholds
from jaxgan.media.pictures import save_png
from jaxgan.report import refresh


class Options(NamedTuple):
    """What the command line asks for besides config.evaluate."""

    output: str = ""
    truncation: str = ""
    follow: bool = False
    patience: int = 3600
    table: bool = False


def evaluate(path: Path, config: ConfigDict, options: Options) -> int:
    """Score a run, a file or a folder as config.evaluate says; return the exit code."""
    output = Path(options.output or (path if is_run(path) else "evaluation"))
    say = partial(print, flush=True) if jax.process_index() == 0 else lambda *_: None
    if options.table:
        say(table(results_in(output)))
        return 0
    check_settings(config.evaluate)
    values = thresholds(options.truncation) if options.truncation else []
    if options.follow and not is_run(path):
        raise ValueError(f"--follow: {path} is no run that trains; leave it out")
    if values and "fd" not in config.evaluate.metrics:
        raise ValueError("--truncation needs the metric 'fd': write it in evaluate.metrics")
    if options.patience < 0:
        raise ValueError(f"--patience={options.patience}: write seconds, 0 or more")
    make_writable(output)
    mesh = sharding.create_mesh()
    session = Session(config, mesh, output, say)
    if options.follow:
        follow(path, config, session.score, options.patience, say)
    else:
        model = open_model(path, config)
        if values:
            session.sweep(model, values)
        else:
            session.score(model, again=True)
    if jax.process_index() == 0:
        results = results_in(output)
        say(table(results))
        draw_scores(results, output / "scores.png")
        say(f"{output / 'results.jsonl'} holds every number with its protocol")
        if output == path:  # a run's own page shows them
            refresh(path)
    return 0


def results_in(output: Path) -> list[Result]:
    """Return the results of a directory, or say that it has none."""
    path = output / "results.jsonl"
    results = read_results(path) if path.is_file() else []
    if not results:
        raise FileNotFoundError(
            f"{path} holds no result: run jaxgan evaluate without --table first"
        )
    return results


def make_writable(output: Path) -> None:
    """Make the directory of the results, or refuse it now rather than after an hour."""
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"--output={output} cannot be made ({error.strerror})") from error
    path = output / "results.jsonl"
    if not os.access(path if path.exists() else output, os.W_OK) or path.is_dir():
        raise ValueError(f"{path} cannot be written: write --output=DIR with another directory")


class Session:
    """The reference, the extractor and what they were compiled to, for one model after another."""

    def __init__(self, config: ConfigDict, mesh: Mesh, output: Path, say):
        self._config, self._settings, self._mesh = config, config.evaluate, mesh
        self._output, self._say = output, say
        self._evaluator: Evaluator | None = None

    def score(self, model: Model, again: bool = False) -> None:
        """Add a line of results; `again` also where they are known under the same protocol."""
        metrics, began = tuple(self._settings.metrics), time.perf_counter()
        fake = self._samples(model)
        evaluator, truncation = self.evaluator(model, fake), fake.facts.get("truncation") or 0.0
        path = self._output / "results.jsonl"
        found = recorded(path, evaluator, fake, model.generator, truncation, metrics, again)
        if found is None:
            return
        step = fake.facts.get("step")
        where = fake.name if step is None else f"samples of step {step}"
        self._say(f"{fake.count} {where} scored after {time.perf_counter() - began:.0f} s")
        self._say_classes(found)
        if evaluator.names("copies") <= found.metrics.keys():
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
        sweep(generator, evaluator, values, settings, self._output, self._mesh, self._say)

    def evaluator(self, model: Model, fake: Images) -> Evaluator:
        """Return what scores this model: made once, unless the model itself is the extractor."""
        settings = self._settings
        if self._evaluator and settings.extractor not in NETWORKS:
            return self._evaluator
        extractor = self._extractor(model, fake.shape) if needs_extractor(settings) else None
        size, split = fake.shape[:2], settings.split or self._config.data.split
        name = settings.reference or self._config.data.name
        if not name:
            raise ValueError(
                "evaluate.reference is empty: write real images to compare with, such as "
                "--config.evaluate.reference=data/photos"
            )
        reference = several(open_images(name, split, size))
        if settings.get("reference_samples", 0):
            reference = subset(reference, settings.reference_samples, settings.seed)
        test = open_images(name, settings.test_split, size) if settings.test_split else None
        if reference.count < fake.count:
            self._say(
                f"note: {reference.name} has {reference.count} images, fewer than the "
                f"{fake.count} samples: distances are biased by the smaller number"
            )
        self._evaluator = Evaluator(settings, reference, test, extractor, self._mesh)
        return self._evaluator

    def _extractor(self, model: Model, shape: tuple[int, int, int]) -> Extractor:
        name = self._settings.extractor
        if name in NETWORKS and model.run is None:
            raise ValueError(f"evaluate.extractor = {name!r} needs a run: write another extractor")
        if name in NETWORKS:
            found = network_extractor(model.run, model.state, name)
        else:
            found = extractor_by_name(name, self._settings.weights_file or None)
        if name in NETWORKS or name not in KNOWN:
            check_independent(found, shape)
        return found

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
        return subset(model.images, count, seed)

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
    of_step = ("step", "weights")
    fixed = lambda protocol: {k: v for k, v in protocol.items() if k not in of_step}
    curve = {
        r["protocol"]["step"]: r
        for r in results
        if r["protocol"].get("step") is not None and fixed(r["protocol"]) == fixed(newest)
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
