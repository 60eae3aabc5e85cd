"""The sections of a report: each returns HTML made from the facts of the runs."""

import html
import statistics
from functools import partial
from typing import Any

from jaxgan.report.charts import COLORS, Curve, chart, short
from jaxgan.report.runs import RunFacts, is_number, noun_of, series

CHARTS = (  # title, names in metrics.jsonl, smoothed, logarithmic
    ("Losses", ("d/loss", "g/loss"), True, False),
    ("Logits", ("d/real_logits", "d/fake_logits"), True, False),
    ("Gradient norms", ("d/grad_norm", "g/grad_norm"), True, True),
)
WATCHED = (
    ("Diversity of samples", ("diversity",)),
    ("Near copies among samples", ("duplicates",)),
    ("Logits seen by the watch", ("real", "held_out", "fake")),
    ("Called real by D", ("real_accuracy", "held_out_accuracy")),
    ("Overfitting of D", ("overfit",)),
)
SPENT = ("step", "input", "samples", "checkpoint", "watch", "evaluate")  # colours, in order
MEMORY = ("host_gb", "device_gb")
HIDDEN = "/bad_leaf"  # of no interest as a curve: training stops where it is not -1
esc = html.escape


def show(value: Any) -> str:
    """Return a config value as text."""
    if isinstance(value, float):
        return f"{value:g}"
    return " x ".join(map(str, value)) if _is_size(value) else str(value)


def _is_size(value: Any) -> bool:
    return (
        isinstance(value, tuple) and 1 < len(value) < 4 and all(isinstance(v, int) for v in value)
    )


def headline(run: RunFacts, index: int, named: bool) -> str:
    """Return the head of one run: what it is, how far it is, and what it has reached."""
    config, last = run.config, run.config["train.steps"]
    classes = len(config["data.class_names"] or ())
    what = (
        f"{config['model.name']} on {config['data.name']}, {show(config['data.size'])}, "
        f"{classes} class{'' if classes == 1 else 'es'}"
    )
    rates = series(run.current_timing, "images_per_second")[1]
    tiles = [
        (f"{run.step:,}", f"of {last:,} steps"),
        (short(run.kimg(run.step) * 1000), f"{run.noun} seen"),
    ]
    if rates:
        tiles.append((short(statistics.median(rates)), f"{run.noun}/s, median"))
    tiles += newest_scores(run)[:3]
    if run.roll_backs:
        tiles.append((str(len(run.roll_backs)), "roll-backs"))
    cells = "".join(f"<div><b>{esc(a)}</b>{esc(b)}</div>" for a, b in tiles)
    share = min(run.step / max(last, 1), 1)
    about = "".join(f"<p>{esc(line)}</p>" for line in (what, machine(run)) if line)
    title = f"<h2><i></i>{esc(run.name)}</h2>" if named else ""
    return (
        f'<section class="run c{index % COLORS}">{title}{about}'
        f'<div class="bar"><div style="width:{share:.1%}"></div></div>'
        f'<div class="tiles">{cells}</div></section>'
    )


def newest_scores(run: RunFacts) -> list[tuple[str, str]]:
    """Return (value, name) of the scores of the newest step, at the run's own truncation.

    If a score is from an earlier step, or there is none at that truncation, its name says so.
    """
    own = run.config.get("sample.truncation") or 0.0
    settings = [line.get("protocol", {}) for line in run.results]
    lines = [
        ((p.get("truncation") or 0.0) == own, p.get("step") or 0, p.get("truncation"), line)
        for p, line in zip(settings, run.results, strict=True)
        if isinstance(line.get("metrics"), dict)
    ]
    if not lines:
        return []
    is_own, step, truncation, _ = max(lines, key=lambda found: found[:2])
    label = "" if is_own else f", truncation {truncation or 0:g}"
    label += "" if step == run.step else f", step {step:,}"
    found = {}
    for *key, at, line in lines:  # later lines of the same protocol win
        if key == [is_own, step] and at == truncation:
            found |= {n: v for n, v in line["metrics"].items() if is_number(v)}
    return [(f"{v:.4g}", name + label) for name, v in found.items() if not name.endswith("_std")]


def machine(run: RunFacts) -> str:
    """Return what the run was last started on; "" if that is not recorded."""
    if not run.starts:
        return ""
    start = run.starts[-1]
    processes = start.get("processes", 1)
    parts = [str(start.get("devices", "")), f"{start.get('cores', '?')} cores per machine"]
    parts += [f"{processes} processes"] if processes != 1 else []
    parts += [f"{name} {start[name]}" for name in ("jaxgan", "jax") if name in start]
    return ", ".join([*parts, f"started {start.get('time', '')}"])


def curves(runs: list[RunFacts], kind: str, names: tuple[str, ...]) -> list[Curve]:
    """Return the curves of some numbers. Colours distinguish the numbers of one run, or several
    runs."""
    found = []
    for i, run in enumerate(runs):
        for j, name in enumerate(names):
            steps, values = series(getattr(run, kind), name)
            color, dash = (j, 0) if len(runs) == 1 else (i, j % 3)
            label = name if len(runs) == 1 else f"{run.name} {name}" if len(names) > 1 else run.name
            found.append(Curve(label, [run.kimg(s) for s in steps], values, color % COLORS, dash))
    return found


def training(runs: list[RunFacts]) -> str:
    """Return all curves."""
    seen = f"thousand {noun_of(runs)}"
    over_time = partial(chart, x_label=seen)
    figures = [over_time(t, curves(runs, "metrics", n), smooth=s, log=g) for t, n, s, g in CHARTS]
    known = {name for _, names, _, _ in CHARTS for name in names} | {"step"}
    figures += others(runs, "metrics", known, seen)
    rate = curves(runs, "current_timing", ("images_per_second",))
    figures.append(
        over_time(f"{noun_of(runs).capitalize()} per second", rate, smooth=True, zero=True)
    )
    figures.append(
        over_time("Most memory so far, GB", curves(runs, "current_timing", MEMORY), zero=True)
    )
    figures += others(runs, "current_timing", {"step", "images_per_second", *MEMORY}, seen)
    figures += [over_time(t, curves(runs, "watch", n)) for t, n in WATCHED]
    figures += [singular_values(run, len(runs) > 1) for run in runs]
    return f'<div class="charts">{"".join(figures)}</div>' + time_shares(runs)


def others(runs: list[RunFacts], kind: str, known: set[str], x_label: str) -> list[str]:
    """Return a chart for each number that has none yet and is not constant."""
    names = dict.fromkeys(n for run in runs for line in getattr(run, kind) for n in line)
    figures = []
    for name in names:
        found = curves(runs, kind, (name,))
        if name in known or name.startswith("time/") or name.endswith(HIDDEN):
            continue
        if any(len(set(c.y)) > 1 for c in found):
            figures.append(chart(name, found, x_label, smooth=True))
    return figures


def singular_values(run: RunFacts, named: bool) -> str:
    """Return a chart of the largest singular values of G's layers, the six that end highest."""
    lines = [
        {"step": line.get("step"), **{k: v[0] for k, v in line["sigmas"].items() if v}}
        for line in run.watch
        if isinstance(line.get("sigmas"), dict)
    ]
    if len(lines) < 2:
        return ""
    names = sorted((n for n in lines[-1] if n.startswith("g/")), key=lambda n: -lines[-1][n])[:6]
    found = [(n, *series(lines, n)) for n in names]
    shown = [
        Curve(n[2:].removesuffix("/kernel"), [run.kimg(x) for x in steps], values, i)
        for i, (n, steps, values) in enumerate(found)
    ]
    title = "Largest singular values of G" + (f": {run.name}" if named else "")
    return chart(title, shown, f"thousand {run.noun}", log=True)


def time_shares(runs: list[RunFacts]) -> str:
    """Return a bar for each run that shows how its time was spent, as a mean over its laps."""
    bars = []
    for run in runs:
        names = sorted({n for line in run.timing for n in line if n.startswith("time/")})
        means = {n[5:]: _mean([line.get(n, 0.0) for line in run.timing]) for n in names}
        if not means:
            continue
        unknown = max(1 - sum(means.values()), 0.0)  # older files lack "other"
        means["other"] = means.get("other", 0.0) + unknown
        places = {name: i for i, name in enumerate((*SPENT, *sorted(means.keys() - {*SPENT})))}
        parts = "".join(
            f'<div class="c{places[name] % COLORS}" style="flex:{share:.4f}" '
            f'title="{esc(name)} {share:.1%}">'
            f"{esc(name) + f' {share:.0%}' if share > 0.08 else ''}</div>"
            for name, share in sorted(means.items(), key=lambda pair: places[pair[0]])
            if share > 0.002
        )
        label = f"<span>{esc(run.name)}</span>" if len(runs) > 1 else ""
        bars.append(f'{label}<div class="shares">{parts}</div>')
    return f"<h3>Where the time went</h3>{''.join(bars)}" if bars else ""


def _mean(values: list[float]) -> float:
    return statistics.fmean(values) if values else 0.0


def sample_slider(runs: list[RunFacts], sheets: list[dict[int, str]]) -> str:
    """Return the sheets of all runs side by side, with one slider through time."""
    if not any(sheets):
        return ""
    stops = max(len(s) for s in sheets)
    columns = []
    for run, found in zip(runs, sheets, strict=True):
        steps = sorted(found)
        images = "".join(
            f'<img src="{found[step]}" data-label="step {step:,} &middot; '
            f'{short(run.kimg(step))} thousand {run.noun}" alt="samples at step {step}"'
            f"{'' if step == steps[-1] else ' hidden'}>"
            for step in steps
        )
        title = f"<b>{esc(run.name)}</b> " if len(runs) > 1 else ""
        names = run.starts[-1].get("rows", ()) if run.starts else ()
        rows = "".join(f"<div>{esc(str(name))}</div>" for name in names)
        if len(runs) == 1 and names:
            images = f'<div class="named"><div class="rows">{rows}</div><div>{images}</div></div>'
        caption = f"<figcaption>{title}<span></span></figcaption>"
        columns.append(f'<figure class="samples">{caption}{images}</figure>')
    slider = (
        f'<input type="range" id="when" min="0" max="{stops - 1}" value="{stops - 1}" '
        f'aria-label="training time"><button id="play" aria-label="play">&#9654;</button>'
    )
    return f'<div class="slider">{slider}</div><div class="sheets">{"".join(columns)}</div>'
