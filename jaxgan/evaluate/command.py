"""`jaxgan evaluate`: scores a run, a file or a folder of images against real images.

DIRECTORY/results.jsonl    a line per result, with its whole protocol
DIRECTORY/scores.png       scores by step, if several checkpoints were scored
DIRECTORY/neighbours.png   with the metric "copies": samples beside the nearest real images
DIRECTORY/truncation.csv, truncation.png    with --truncation: see sweep.py
DIRECTORY/length.csv, length.png            with --length: see lengths.py

Progress is shown on stderr. Nothing that was computed is lost: see recorded.py.

The directory is the run's own, `evaluation` for files and folders, or --output.
"""

import os
from functools import partial
from pathlib import Path
from typing import NamedTuple

import jax
from ml_collections import ConfigDict

from jaxgan.devices import sharding
from jaxgan.evaluate import lengths
from jaxgan.evaluate.evaluation import check_settings
from jaxgan.evaluate.follow import follow
from jaxgan.evaluate.models import is_run, open_model
from jaxgan.evaluate.plot import Line, Panel, picture
from jaxgan.evaluate.results import Result, read_results, table
from jaxgan.evaluate.returns import evaluate_policy
from jaxgan.evaluate.session import Session
from jaxgan.evaluate.sweep import points_of
from jaxgan.evaluate.vocoded import evaluate_vocoder, is_vocoder
from jaxgan.files import desk
from jaxgan.media.pictures import save_picture
from jaxgan.report import refresh
from jaxgan.trained.policy import is_policy


class Options(NamedTuple):
    """The flags of the command, besides config.evaluate."""

    output: str = ""
    truncation: str = ""
    length: str = ""
    follow: bool = False
    patience: int = 3600
    table: bool = False


def evaluate(path: Path, config: ConfigDict, options: Options) -> int:
    """Score a run, a file or a folder as config.evaluate says; return the exit code.

    If metrics failed, raises the first one's error at the end.
    """
    output = Path(options.output or (path if is_run(path) else "evaluation"))
    say = partial(print, flush=True) if jax.process_index() == 0 else lambda *_: None
    if options.table:
        say(table(results_in(output)))
        return 0
    if is_run(path) and is_policy(config):
        for name in ("truncation", "length", "follow"):
            if getattr(options, name):
                raise ValueError(
                    f"--{name}: of generators of images; this is a policy: leave it out"
                )
        make_writable(output)
        return evaluate_policy(path, config, output, say)
    if is_vocoder(config):
        for name in ("truncation", "length", "follow"):
            if getattr(options, name):
                raise ValueError(f"--{name}: this is a vocoder, which has none: leave it out")
        make_writable(output)
        return evaluate_vocoder(path, config, output, say)
    check_settings(config.evaluate)
    values = points_of(options.truncation) if options.truncation else []
    spans = points_of(options.length, "--length") if options.length else []
    lengths.check(path, spans, config.sample.weights)
    if values and spans:
        raise ValueError("--truncation and --length: write one of the two at a time")
    if options.follow and not is_run(path):
        raise ValueError(f"--follow: {path} is not a training run; leave it out")
    if values and "fd" not in config.evaluate.metrics:
        raise ValueError("--truncation needs the metric 'fd': write it in evaluate.metrics")
    if options.patience < 0:
        raise ValueError(f"--patience={options.patience}: write seconds, 0 or more")
    make_writable(output)
    mesh = sharding.create_mesh()
    session = Session(config, mesh, output, say)
    if options.follow:
        follow(path, config, session.score, options.patience, say)
    elif spans:
        lengths.sweep_lengths(path, config, spans, session, output, say)
    else:
        model = open_model(path, config)
        if values:
            session.sweep(model, values)
        else:
            session.score(model, again=True)
    path_of_results = output / "results.jsonl"
    if jax.process_index() == 0 and path_of_results.exists():
        results = results_in(output)
        say(table(results))
        draw_scores(results, output / "scores.png")
        say(f"{desk.with_urls(str(path_of_results))} holds every number with its protocol")
        if output == path:  # a run's own page shows them
            refresh(path)
    if session.failures:
        raise session.failures[0]
    return 0


def results_in(output: Path) -> list[Result]:
    """Return the results of a directory. Raises FileNotFoundError if there is none."""
    path = output / "results.jsonl"
    results = read_results(path) if path.is_file() else []
    if not results:
        raise FileNotFoundError(f"{path} holds no result yet: run jaxgan evaluate without --table")
    return results


def make_writable(output: Path) -> None:
    """Create the directory of the results, or refuse it now rather than after an hour."""
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"--output={output} cannot be made ({error.strerror})") from error
    path = output / "results.jsonl"
    if not os.access(path if path.exists() else output, os.W_OK) or path.is_dir():
        raise ValueError(f"{path} cannot be written: write --output=DIR with another directory")


def draw_scores(results: list[Result], path: Path) -> None:
    """Draw the scores of the newest protocol by step, if there are several steps."""
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
    save_picture(path, picture(panels))
