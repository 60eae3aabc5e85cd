"""Results as JSON lines: every number with the whole protocol that made it.

A line is {"metrics": {...}, "protocol": {...}, "classes": {...}}. Two numbers may be compared if
their protocols agree; `differing_fields` says where they do not. "classes" holds scores of single
classes, {metric: {class name: value}}, and is left out if there are none.
"""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import numpy as np

import jaxgan
from jaxgan.evaluate.extractors.extractor import Extractor
from jaxgan.evaluate.images import Images
from jaxgan.files import json_lines
from jaxgan.files.errors import one_line

Result = dict[str, Any]


def protocol(
    extractor: Extractor | None, samples: Images, reference: Images, **more: Any
) -> dict[str, Any]:
    """Return the protocol of a result as plain JSON values.

    Args:
      extractor: contributes its name, hash and own protocol; None if no metric used one.
      samples, reference: contribute their names, hashes, counts and facts (see `samples.samples`:
        step, seed, averaging, truncation and its definition, standing statistics).
      more: anything else that decides the numbers.
    """
    found = {
        "extractor": extractor and extractor.name,
        "extractor_sha256": extractor and extractor.sha256,
        "extractor_protocol": extractor and extractor.protocol,
        "samples": samples.name,
        "samples_hash": samples.digest or None,
        "count": samples.count,
        "size": list(samples.shape),
        **samples.facts,
        "reference": reference.name,
        "reference_hash": reference.digest,
        "reference_count": reference.count,
        **{f"reference_{name}": value for name, value in reference.facts.items()},
        **more,
        "versions": {
            "jaxgan": jaxgan.__version__,
            "jax": jax.__version__,
            "numpy": np.__version__,
        },
    }
    return json.loads(json.dumps(found))  # as it will be read back: with lists for tuples


def append_result(
    path: str | Path,
    metrics: dict[str, float],
    protocol: dict[str, Any],
    classes: dict[str, dict[str, float]] | None = None,
) -> Result:
    """Append one line to a results file, replacing a truncated last line; return it.

    Raises:
      ValueError: a metric that is not a finite number (JSON has no NaN).
      OSError: the file cannot be written; the message holds the metrics.
    """
    for name, value in metrics.items():
        if not isinstance(value, int | float) or not math.isfinite(value):
            raise ValueError(f"metric {name} is {value!r}, not a finite number")
    result = {"metrics": metrics, "protocol": protocol}
    if classes:
        result["classes"] = classes
    try:
        json_lines.append(Path(path), result)
    except OSError as error:  # the scores may have taken an hour
        raise OSError(
            f"{path} cannot be written ({one_line(error)}); the scores: {json.dumps(metrics)}"
        ) from error
    return result


def merged_result(
    results: list[Result], protocol: dict[str, Any]
) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    """Return (metrics, classes) from all results of exactly this protocol; newer ones win."""
    metrics, classes = {}, {}
    for result in results:
        if result["protocol"] == protocol:
            metrics |= result["metrics"]
            classes |= result.get("classes", {})
    return metrics, classes


def read_results(path: str | Path) -> list[Result]:
    """Return all lines of a results file. A last line truncated by a crash is left out.

    Raises:
      ValueError: any other line that is not a result; names the line.
    """
    results = json_lines.read(Path(path))
    for number, result in enumerate(results, 1):
        if not _is_result(result):
            raise ValueError(
                f"{path} line {number} is not a result, which has metrics (numbers) and a protocol"
            )
    return results


def _is_result(value: Any) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("classes", {}), dict):
        return False
    metrics, protocol = value.get("metrics"), value.get("protocol")
    if not isinstance(metrics, dict) or not isinstance(protocol, dict):
        return False
    return all(type(number) in (int, float) for number in metrics.values())


def table(results: list[Result], columns: tuple[str, ...] | None = None, width: int = 120) -> str:
    """Return results as an aligned text table, one row each, by step.

    Args:
      results: from `read_results`.
      columns: fields of the protocol to show before the metrics ("reference", "count"); None for
        the step and those in which the results differ. A metric with a `<name>_std` beside it is
        shown as one column, value ± std.
      width: the maximum; a wider table continues below, repeating the first columns.
    """
    results = sorted(results, key=_place)
    columns = _columns(results) if columns is None else columns
    names = list(dict.fromkeys(name for result in results for name in result["metrics"]))
    shown = [n for n in names if not (n.endswith("_std") and n.removesuffix("_std") in names)]
    rows = [[*columns, *shown]]
    for result in results:
        metrics, settings = result["metrics"], result["protocol"]
        cells = [_cell(settings.get(column)) for column in columns]
        for name in shown:
            cell = f"{metrics[name]:.4g}" if name in metrics else ""
            if f"{name}_std" in metrics:
                cell += f" ± {metrics[f'{name}_std']:.2g}"
            cells.append(cell)
        rows.append(cells)
    return "\n\n".join(_blocks(rows, len(columns), width))


def _blocks(rows: list[list[str]], fixed: int, width: int) -> Iterator[str]:
    """Yield the table in parts of at most `width` characters, with the first `fixed` columns in
    each."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    while fixed > 1 and sum(widths[:fixed]) + 2 * fixed + max(widths[fixed:], default=0) > width:
        fixed -= 1  # the last of them become columns like the others
    first, rest = list(range(fixed)), list(range(fixed, len(widths)))
    while True:
        shown = list(first)
        while rest and (
            len(shown) == len(first) or sum(widths[i] + 2 for i in [*shown, rest[0]]) - 2 <= width
        ):
            shown.append(rest.pop(0))
        yield "\n".join("  ".join(row[i].rjust(widths[i]) for i in shown) for row in rows)
        if not rest:
            return


def _step(result: Result) -> float | None:
    step = result["protocol"].get("step")
    return step if isinstance(step, int | float) else None


def _place(result: Result) -> float:
    step = _step(result)
    return math.inf if step is None else step


def _columns(results: list[Result]) -> tuple[str, ...]:
    """Return the fields that distinguish the results; weights only if the step does not."""
    differing = {name for result in results[1:] for name in differing_fields(results[0], result)}
    pairs = {(_step(r), r["protocol"].get("weights")) for r in results}
    if len(pairs) == len({step for step, _ in pairs}):
        differing.discard("weights")
    names = dict.fromkeys(name for result in results for name in result["protocol"])
    nested = {n for n in names for r in results if isinstance(r["protocol"].get(n), dict | list)}
    found = [n for n in names if (n in differing or n == "step") and n not in nested]
    return tuple(sorted(found, key=lambda name: name != "step"))


def _cell(value: Any) -> str:
    text = "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
    text = text[:12] if len(text) == 64 else text  # hashes
    return text if len(text) <= 32 else f"...{text[-29:]}"  # the end of a path


def differing_fields(first: Result, second: Result) -> list[str]:
    """Return the protocol fields in which two results differ; if empty, they may be compared."""
    names = [*first["protocol"], *(n for n in second["protocol"] if n not in first["protocol"])]
    return [n for n in names if first["protocol"].get(n) != second["protocol"].get(n)]
