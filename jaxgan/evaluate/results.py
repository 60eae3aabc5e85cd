"""Results as JSON lines: every number with the whole protocol that made it.

A line is {"metrics": {...}, "protocol": {...}, "classes": {...}}; two numbers may be compared when
their protocols agree. `differing_fields` says where they do not. "classes" holds scores of single
classes, {metric: {class name: value}}, and is left out where there are none.
"""

import importlib.metadata
import json
import math
from pathlib import Path
from typing import Any

from jaxgan.evaluate.extractors.extractor import Extractor
from jaxgan.evaluate.images import Images
from jaxgan.files import json_lines
from jaxgan.files.errors import one_line

PACKAGES = ("jaxgan", "jax", "numpy")
MOST_WIDTH, MOST_CELL = 120, 24  # characters of a table and of a protocol's value in it
Result = dict[str, Any]


def protocol(
    extractor: Extractor | None, samples: Images, reference: Images, **more: Any
) -> dict[str, Any]:
    """Return the protocol of a result as plain JSON values.

    Args:
      extractor: its name, hash and own protocol go in; None if no metric used one.
      samples, reference: their names, hashes, counts and facts (see `samples.samples`: step, seed,
        averaging, truncation and its definition, standing statistics).
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
        "versions": {name: importlib.metadata.version(name) for name in PACKAGES},
    }
    return json.loads(json.dumps(found))  # as it will be read: tuples are lists


def append_result(
    path: str | Path,
    metrics: dict[str, float],
    protocol: dict[str, Any],
    classes: dict[str, dict[str, float]] | None = None,
) -> Result:
    """Append one line to a results file, in place of a last one that was cut short; return it.

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
    except OSError as error:  # they may have taken an hour
        raise OSError(
            f"{path} cannot be written ({one_line(error)}); the scores: {json.dumps(metrics)}"
        ) from error
    return result


def find_result(
    results: list[Result], protocol: dict[str, Any], metrics: set[str]
) -> Result | None:
    """Return the newest result of exactly this protocol that has the metrics, if there is one."""
    for result in reversed(results):
        if result["protocol"] == protocol and metrics <= result["metrics"].keys():
            return result
    return None


def read_results(path: str | Path) -> list[Result]:
    """Return all lines of a results file. A last line cut short by a crash is left out.

    Raises:
      ValueError: any other line that is not a result; names the line.
    """
    if not Path(path).exists():
        raise FileNotFoundError(f"{path} does not exist: nothing was scored there yet")
    results = json_lines.read(Path(path))
    for number, result in enumerate(results, 1):
        if not all(isinstance(result.get(name), dict) for name in ("metrics", "protocol")):
            raise ValueError(f"{path} line {number} is not a result: write metrics and protocol")
    return results


def table(results: list[Result], columns: tuple[str, ...] | None = None) -> str:
    """Return results as an aligned text table, one row each, by step; 120 characters wide at most.

    Metrics that find no room come in further tables below, with the same first columns.

    Args:
      results: from `read_results`.
      columns: fields of the protocol to show before the metrics ("reference", "count"); None for
        the step and those in which the results differ, as many as fit into half of the width.
        Metrics with a `<name>_std` beside them are shown as one column, value ± std.
    """
    results = sorted(results, key=lambda result: result["protocol"].get("step") or 0)
    names = list(dict.fromkeys(name for result in results for name in result["metrics"]))
    shown = [n for n in names if not (n.endswith("_std") and n.removesuffix("_std") in names)]
    left = [
        [name, *(_cell(result["protocol"].get(name)) for result in results)]
        for name in (_columns(results) if columns is None else columns)
    ]
    if columns is None:
        while _width(left) > MOST_WIDTH // 2:
            left.pop()
    blocks: list[list[list[str]]] = [[]]
    for name in shown:
        column = [name, *(_score(result["metrics"], name) for result in results)]
        if blocks[-1] and _width([*left, *blocks[-1], column]) > MOST_WIDTH:
            blocks.append([])
        blocks[-1].append(column)
    return "\n\n".join(_aligned([*left, *block]) for block in blocks)


def _width(columns: list[list[str]]) -> int:
    return sum(max(map(len, column)) + 2 for column in columns) - 2


def _aligned(columns: list[list[str]]) -> str:
    padded = [[cell.rjust(max(map(len, column))) for cell in column] for column in columns]
    return "\n".join("  ".join(row) for row in zip(*padded, strict=True))


def _score(metrics: dict[str, float], name: str) -> str:
    text = f"{metrics[name]:.4g}" if name in metrics else ""
    return text + (f" ± {metrics[f'{name}_std']:.2g}" if f"{name}_std" in metrics else "")


def _columns(results: list[Result]) -> tuple[str, ...]:
    """Return the fields that tell the results apart, the step first."""
    differing = {name for result in results[1:] for name in differing_fields(results[0], result)}
    names = dict.fromkeys(name for result in results for name in result["protocol"])
    nested = {n for n in names for r in results if isinstance(r["protocol"].get(n), dict | list)}
    found = [n for n in names if (n in differing or n == "step") and n not in nested]
    return tuple(sorted(found, key=lambda name: name != "step"))


def _cell(value: Any) -> str:
    text = "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
    text = text[:12] if len(text) == 64 else text  # hashes
    return text if len(text) <= MOST_CELL else text[: MOST_CELL - 1] + "…"


def differing_fields(first: Result, second: Result) -> list[str]:
    """Return the protocol fields in which two results differ: empty if they may be compared."""
    names = [*first["protocol"], *(n for n in second["protocol"] if n not in first["protocol"])]
    return [n for n in names if first["protocol"].get(n) != second["protocol"].get(n)]
