"""Scores by the length of the average (arXiv 2312.02696): `jaxgan evaluate RUN --length=...`.

DIRECTORY/length.csv, length.png    every metric by relative length, at the step that is scored
"""

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path

import jax
from ml_collections import ConfigDict

from jaxgan.config.run_sections import LONGEST
from jaxgan.evaluate.models import is_run, open_model
from jaxgan.evaluate.plot import Line, Panel, picture
from jaxgan.evaluate.results import Result, read_results
from jaxgan.evaluate.session import Session
from jaxgan.files.atomic import write_text
from jaxgan.media.pictures import save_picture


def check(path: Path, values: list[float], weights: str) -> None:
    """Raise ValueError for a path, lengths or weights for which there are no averages."""
    if values and weights != "average":
        raise ValueError(f"sample.weights = {weights!r}: --length is of averages; write 'average'")
    if values and not is_run(path):
        raise ValueError(f"--length: {path} is not a run; write one that kept average.lengths")
    if values and not 0.0 < min(values) <= max(values) <= LONGEST:
        raise ValueError(f"--length: write numbers above 0 and at most {LONGEST:.3f}")


def sweep_lengths(
    path: Path,
    config: ConfigDict,
    values: list[float],
    session: Session,
    output: Path,
    say: Callable[[str], None],
) -> None:
    """Score a run's generator at each length; write length.csv and length.png."""
    for length in values:
        config = ConfigDict(config.to_dict())
        config.sample.length = length
        say(f"length {length:g}:")
        session.score(open_model(path, config))
    if jax.process_index() == 0:
        curve = by_length(read_results(output / "results.jsonl"))
        write_text(output / "length.csv", table(curve))
        save_picture(output / "length.png", drawn(curve))


def by_length(results: list[Result]) -> dict[float, Result]:
    """Return {length: result} of the newest protocol, ascending; later lines win."""

    def facts(result: Result) -> tuple[float, dict] | None:
        protocol = dict(result["protocol"])
        match = re.fullmatch(r"power .* length ([\d.e-]+)", str(protocol.pop("averaging", "")))
        protocol.pop("weights", None)  # they differ by length
        return (float(match[1]), protocol) if match else None

    found = [(f, r) for r in results if (f := facts(r))]
    newest = found[-1][0][1]
    return dict(sorted({f[0]: r for f, r in found if f[1] == newest}.items()))


def table(curve: dict[float, Result]) -> str:
    """Return the curve as CSV."""
    names = list(dict.fromkeys(name for r in curve.values() for name in r["metrics"]))
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["length", *names])
    for length, r in curve.items():
        writer.writerow([length, *(r["metrics"].get(name, "") for name in names)])
    return file.getvalue()


def drawn(curve: dict[float, Result]):
    """Return the picture: one panel per metric."""
    names = dict.fromkeys(n for r in curve.values() for n in r["metrics"])
    shown = [n for n in names if not n.endswith(("_std", "_unbiased"))][:8]
    panels = [
        Panel(
            name,
            "relative length of the average",
            "",
            [
                Line(
                    name,
                    [(t, r["metrics"][name]) for t, r in curve.items() if name in r["metrics"]],
                )
            ],
        )
        for name in shown
    ]
    return picture(panels)
