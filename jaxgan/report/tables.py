"""The tables of a report: scores with their protocols, config, warnings and the command to repeat
it."""

import html
from typing import Any

from jaxgan.report import signs
from jaxgan.report.charts import Curve, chart
from jaxgan.report.life import life
from jaxgan.report.runs import RunFacts, is_number
from jaxgan.report.sections import show

esc = html.escape
DETAILS = ("extractor_protocol", "extractor_sha256")  # of an extractor, shown below the table
MOST_ROWS = 12  # of scores; a truncation curve has fifty, which are folded away


def table(header: list[str], rows: list[list[str]], numeric: int = 0) -> str:
    """Return a table of escaped cells; the last `numeric` columns are right-aligned."""
    first = len(header) - numeric

    def row(cells: list[str], tag: str) -> str:
        return "".join(
            f"<{tag}{' class=n' if i >= first else ''}>{esc(cell)}</{tag}>"
            for i, cell in enumerate(cells)
        )

    body = "".join(f"<tr>{row(cells, 'td')}</tr>" for cells in rows)
    head = f"<thead><tr>{row(header, 'th')}</tr></thead>"
    return f'<div class="table"><table>{head}<tbody>{body}</tbody></table></div>'


def scores(runs: list[RunFacts]) -> str:
    """Return all results: protocol fields that differ become columns, common ones a line below."""
    found = [(run, line) for run in runs for line in run.results if "metrics" in line]
    if not found:
        return ""
    protocols = [{k: v for k, v in line.get("protocol", {}).items() if v is not None}
                 for _, line in found]  # fmt: skip
    fields = list(dict.fromkeys(name for p in protocols for name in p))
    same = {f: protocols[0].get(f) for f in fields
            if all(p.get(f) == protocols[0].get(f) for p in protocols)}  # fmt: skip
    columns = [f for f in fields if f not in same and f not in DETAILS]
    if "step" in same:
        columns.insert(0, "step")
        del same["step"]
    names = list(dict.fromkeys(n for _, line in found for n in line["metrics"]))
    shown = [n for n in names if not (n.endswith("_std") and n.removesuffix("_std") in names)]
    rows = []
    for (run, line), protocol in zip(found, protocols, strict=True):
        cells = [run.name] if len(runs) > 1 else []
        cells += [_short(protocol.get(c, "")) for c in columns]
        rows.append(cells + [_score(line["metrics"], n) for n in shown])
    header = (["run"] if len(runs) > 1 else []) + columns + shown
    common = "; ".join(f"{k} {_short(v)}" for k, v in same.items() if k not in DETAILS)
    extractors = {p["extractor"]: p for p in protocols if "extractor" in p}
    newest = table(header, rows[-MOST_ROWS:], len(shown))
    every = table(header, rows, len(shown)) if len(rows) > MOST_ROWS else ""
    return (
        newest
        + (every and f"<details><summary>All {len(rows)} results</summary>{every}</details>")
        + (f"<p>Protocol of all: {esc(common)}.</p>" if common else "")
        + "".join(f"<p>Extractor {esc(n)}: {esc(_details(p))}.</p>" for n, p in extractors.items())
        + truncation_curves(runs, shown)
    )


def _details(protocol: dict[str, Any]) -> str:
    return "; ".join(_short(protocol[name]) for name in DETAILS if name in protocol)


def truncation_curves(runs: list[RunFacts], names: list[str]) -> str:
    """Return charts of scores against truncation, for runs that were scored at three or more."""
    figures = []
    for name in names:
        found = []
        for i, run in enumerate(runs):
            points = sorted(
                (line["protocol"]["truncation"], line["metrics"][name])
                for line in run.results
                if is_number(line.get("protocol", {}).get("truncation"))
                and is_number(line.get("metrics", {}).get(name))
            )
            if len({t for t, _ in points}) > 2:
                found.append(Curve(run.name, [t for t, _ in points], [v for _, v in points], i % 8))
        figures.append(chart(f"{name} by truncation", found, "truncation"))
    return f'<div class="charts">{"".join(figures)}</div>' if any(figures) else ""


def _score(metrics: dict[str, Any], name: str) -> str:
    value, std = metrics.get(name), metrics.get(f"{name}_std")
    text = f"{value:.4g}" if is_number(value) else ""
    return f"{text} \u00b1 {std:.2g}" if text and is_number(std) else text


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{k} {v}" for k, v in value.items())
    text = f"{value:g}" if isinstance(value, float) else str(value)
    is_hash = len(text) == 64 and set(text) <= set("0123456789abcdef")
    return text[:12] if is_hash else text


def settings(runs: list[RunFacts]) -> str:
    """Return the fields that differ from the default in any run, then every field."""
    fields = list(dict.fromkeys(f for run in runs for f in run.differences()))
    header = ["field", "default", *(run.name for run in runs)]

    def row(field: str) -> list[str]:
        values = [show(run.config.get(field)) for run in runs]
        return [field, show(runs[0].default.get(field)), *values]

    every = list(dict.fromkeys(f for run in runs for f in run.config))
    return (
        (table(header, [row(f) for f in sorted(fields)]) if fields else "<p>All defaults.</p>")
        + "<details><summary>Every field</summary>"
        + table(header, [row(f) for f in sorted(every)])
        + "</details>"
    )


def warnings(runs: list[RunFacts]) -> str:
    """Return what went wrong and what was done about it."""
    rows = []
    for run in runs:
        name = [run.name] if len(runs) > 1 else []
        rows += [[*name, *cells, ""] for cells in signs_of(run)]
        rows += [[*name, *cells] for cells in restarts(run)]
        for line in run.roll_backs:
            rest = {k: v for k, v in line.items() if k not in ("step", "why")}
            done = ", ".join(f"{k} {v}" for k, v in rest.items())
            rows.append([*name, str(line.get("step", "")), str(line.get("why", "")), done])
        counts = [line.get("bad_records") for line in run.timing]
        bad = max((n for n in counts if is_number(n)), default=0)  # counts begin anew at each start
        if bad:
            rows.append([*name, "", f"{bad:g} {run.noun} could not be read", "left out"])
    header = ["run"] * (len(runs) > 1) + ["step", "what happened", "what was done"]
    return table(header, rows) if rows else ""


def lives(runs: list[RunFacts]) -> str:
    """Return where the time of each run went over all its starts, and what was lost (life.py)."""
    found = [(run, life(run.starts, run.laps)) for run in runs]
    known = [(run, own) for run, own in found if own is not None]
    names = sorted({name for _, own in known for name in own.seconds if name != "step"})
    rows = []
    for run, own in known:
        cells = [str(own.starts), f"{own.steps:,}", f"{own.lost:,}", f"{own.goodput:.1%}"]
        spent = [own.seconds.get("step", 0.0) - own.lost_seconds, own.lost_seconds]
        spent += [own.seconds.get(name, 0.0) for name in names] + [own.not_running]
        cells += [f"{seconds:,.0f} s" for seconds in spent]
        rows.append(([run.name] if len(runs) > 1 else []) + cells)
    header = ["run"] * (len(runs) > 1) + [
        "starts",
        "steps",
        "lost",
        "goodput",
        "step",
        "lost steps",
    ]
    return table([*header, *names, "not running"], rows, len(header) + len(names)) if rows else ""


def restarts(run: RunFacts) -> list[list[str]]:
    """Return (step, what, where) for each start except the first and those after roll-backs."""
    back = {line.get("to") for line in run.roll_backs}
    return [
        [str(s.get("step")), "training was started again", f"{s.get('time')}, {s.get('devices')}"]
        for i, s in enumerate(run.starts)
        if (i or s.get("step")) and s.get("step") not in back
    ]


def signs_of(run: RunFacts) -> list[list[str]]:
    """Return (steps, what was seen last) for each sign among the lines of the watch."""
    lines, found = run.watch[-200:], []
    for rule in signs.RULES.values():
        seen = {}
        for i, line in enumerate(lines):
            try:
                text = rule.seen(line, lines[:i])
            except (KeyError, TypeError, IndexError):
                continue  # an incomplete line
            if text:
                seen[line.get("step")] = text
        if seen:
            first, *_, last = [*seen, *seen]
            steps = f"{first}" if first == last else f"{first} to {last}, {len(seen)} times"
            found.append([steps, seen[last]])
    return found


def reproduction(run: RunFacts) -> str:
    """Return a shell script that repeats the training exactly."""
    model, objective = run.config["model.name"], run.config["objective.name"]
    changes = "".join(f"        {f!r}: {v!r},\n" for f, v in sorted(run.differences().items()))
    return (
        "cat > again.py <<'END'\n"
        "from jaxgan.config import default_config\n\n\n"
        "def get_config():\n"
        f"    config = default_config({model!r}, {objective!r})\n"
        f"    config.update_from_flattened_dict({{\n{changes}    }})\n"
        "    return config\n"
        "END\n"
        "jaxgan train --config=again.py --workdir=runs/again\n"
    )
