"""Truncation curves: quality against variety, one point per threshold (BigGAN, arXiv 1809.11096).

Standing statistics are computed anew for every threshold. A curve is drawn for each definition of
truncation (latents.py: threshold, scaled, variance) in the results; a threshold that is already
there with the same protocol is not computed again. Reported, as in the paper's table 2:

    (a) no truncation          (b) the best Frechet distance
    (c) the Inception Score nearest to the reference's, if it is reached
    (d) the best Inception Score
"""

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
from jax.sharding import Mesh
from ml_collections import ConfigDict

from jaxgan.evaluate.evaluation import Evaluator
from jaxgan.evaluate.metrics.metric import full_name
from jaxgan.evaluate.plot import Line, Panel, picture
from jaxgan.evaluate.recorded import recorded
from jaxgan.evaluate.results import Result, read_results
from jaxgan.evaluate.samples import samples
from jaxgan.files.atomic import write_text
from jaxgan.media.pictures import save_picture
from jaxgan.trained.generator import TrainedGenerator

MOST = 1000  # points of a curve
OWN = ("truncation", "truncation_definition")  # fields in which the points of a curve differ


def points_of(text: str, flag: str = "--truncation") -> list[float]:
    """Return the values of "FIRST:LAST:STEP" (both ends included) or of "0.5,1", ascending.

    Raises ValueError for another form, too many values, negative ones, or none but 0.
    """
    try:
        if ":" in text:
            first, last, step = (float(part) for part in text.split(":"))
            if step <= 0 or first > last:
                raise ValueError
            count = round(min((last - first) / step, MOST) + 1e-9)
            found = [round(first + i * step, 10) for i in range(count + 1)]
            found = [t for t in found if t <= last + 1e-9]
        else:
            found = sorted(float(part) for part in text.split(","))
    except ValueError:
        raise ValueError(
            f"{flag}={text}: write FIRST:LAST:STEP, such as 0.04:0.2:0.04, or numbers with commas"
        ) from None
    if len(found) > MOST:
        raise ValueError(f"{flag}={text}: more than {MOST} numbers: write a larger step")
    if min(found) < 0 or not any(found):
        raise ValueError(f"{flag}={text}: write numbers above 0")
    return found


def sweep(
    generator: TrainedGenerator,
    evaluator: Evaluator,
    values: list[float],
    settings: ConfigDict,
    output: Path,
    mesh: Mesh,
    say: Callable[[str], None],
    failures: list[Exception],
) -> list[Result]:
    """Score a generator at each truncation and at none; write truncation.csv and truncation.png.

    settings: config.evaluate. failures: errors that metrics raise are appended.
    """
    fd, inception = (full_name(name, evaluator.extractor) for name in ("fd*", "is*"))
    path, primary = output / "results.jsonl", jax.process_index() == 0
    fixed = {}
    for t in [0.0, *(t for t in values if t)]:
        fake = samples(generator, settings.samples, settings.seed, t, mesh)
        fixed = {k: v for k, v in evaluator.protocol(fake).items() if k not in OWN}
        metrics = tuple(settings.metrics)
        found = recorded(path, evaluator, fake, generator, t, metrics, failures)
        if found is None:
            continue
        shown = ", ".join(f"{n} {v:.4g}" for n, v in found.metrics.items() if "_std" not in n)
        say(f"truncation {t:g}: {shown}" if t else f"no truncation: {shown}")
    if not primary:
        return []
    curve = [r for r in read_results(path) if fd in r["metrics"]] if path.exists() else []
    curve = [r for r in curve if {k: r["protocol"].get(k) for k in fixed} == fixed]
    if not any(r["protocol"]["truncation"] for r in curve):
        return []  # the metric failed at every truncation
    real_score = evaluator.real_inception_score()
    for name, rows in by_definition(curve).items():
        for line in said(name, points(rows, fd, inception, real_score), fd, inception, real_score):
            say(line)
    write_text(output / "truncation.csv", table(curve, fd, inception, real_score))
    save_picture(output / "truncation.png", drawn(curve, fd, inception, real_score))
    return curve


def by_definition(curve: list[Result]) -> dict[str, list[Result]]:
    """Return {definition: its points}, the untruncated first, then by falling threshold."""
    newest = {tuple(r["protocol"].get(k) for k in OWN): r for r in curve}
    plain = [r for (t, _), r in newest.items() if t is None]
    names = dict.fromkeys(name for _, name in newest if name)
    return {
        name: plain
        + sorted(
            (r for (_, own), r in newest.items() if own == name),
            key=lambda r: -r["protocol"]["truncation"],
        )
        for name in names
    }


def points(
    rows: list[Result], fd: str, inception: str, real_score: float | None
) -> dict[str, Result]:
    """Return {"a": ..., "b": ..., "c": ..., "d": ...}, without those that do not exist."""
    found = {}
    for r in rows:
        if r["protocol"]["truncation"] is None:
            found["a"] = r
    found["b"] = min(rows, key=lambda r: r["metrics"][fd])
    scored = [r for r in rows if inception in r["metrics"]]
    if scored:
        values = [r["metrics"][inception] for r in scored]
        if real_score is not None and min(values) <= real_score <= max(values):
            found["c"] = min(scored, key=lambda r: abs(r["metrics"][inception] - real_score))
        found["d"] = max(scored, key=lambda r: r["metrics"][inception])
    return found


MEANING = {
    "a": "no truncation",
    "b": "best Frechet distance",
    "c": "Inception Score of real images",
    "d": "best Inception Score",
}


def said(name: str, found: dict[str, Result], fd: str, inception: str, real: float | None):
    """Yield the lines that report the points of one definition."""
    yield f"{name}:"
    for letter, meaning in MEANING.items():
        if letter not in found:
            shown = "not reached" if real is None else f"{real:.4g} is not reached"
        else:
            metrics, t = found[letter]["metrics"], found[letter]["protocol"]["truncation"]
            shown = f"truncation {t:g}" if t else "none"
            shown += "".join(f", {n} {metrics[n]:.4g}" for n in (fd, inception) if n in metrics)
        yield f"  ({letter}) {meaning}: {shown}"


def table(curve: list[Result], fd: str, inception: str, real_score: float | None) -> str:
    """Return the curve as CSV; "point" holds the letters (a) to (d)."""
    names = list(dict.fromkeys(name for r in curve for name in r["metrics"]))
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["definition", "truncation", "point", *names])
    for definition, rows in by_definition(curve).items():
        found = points(rows, fd, inception, real_score)
        for r in rows:
            letters = "".join(letter for letter in found if found[letter] is r)
            values = [r["metrics"].get(name, "") for name in names]
            writer.writerow([definition, r["protocol"]["truncation"] or "none", letters, *values])
    return file.getvalue()


def drawn(curve: list[Result], fd: str, inception: str, real_score: float | None):
    """Return the picture: each measure of quality against one of variety, and each by threshold."""
    curves = by_definition(curve)
    have = {name for r in curve for name in r["metrics"]}
    suffix = fd.removeprefix("fd") if fd.startswith("fd") else "_inception"
    pairs = [(inception, fd), (f"recall{suffix}", f"precision{suffix}")]

    def value(r: Result, name: str) -> Any:
        return r["protocol"][name] if name == "truncation" else r["metrics"].get(name)

    def panel(x: str, y: str, title: str) -> Panel:
        lines = [
            Line(name, [(value(r, x), value(r, y)) for r in rows if value(r, x) is not None])
            for name, rows in curves.items()
        ]
        marks = []
        if (x, y) == pairs[0]:
            places: dict[tuple[float, float], str] = {}
            for rows in curves.values():
                for letter, r in points(rows, fd, inception, real_score).items():
                    place = (value(r, x), value(r, y))
                    places[place] = places.get(place, "") + f"({letter})"
            marks = [(words, *place) for place, words in places.items()]
        return Panel(title, x, y, lines, marks)

    panels = [
        panel(x, y, title)
        for (x, y), title in zip(
            pairs, ("Quality and variety", "Precision and recall"), strict=True
        )
        if {x, y} <= have
    ]
    panels += [
        panel("truncation", name, f"{name} by truncation")
        for name in (fd, inception)
        if name in have
    ]
    return picture(panels)
