"""Results as JSON lines: every number with the whole protocol that made it.

A line is {"metrics": {...}, "protocol": {...}, ...}; two numbers may be compared when their
protocols agree. `differing_fields` says where they do not.
"""

import importlib.metadata
import json
import math
import os
from pathlib import Path
from typing import Any

from jaxgan.evaluate.extractors import Extractor

PACKAGES = ("jaxgan", "jax", "numpy")


def protocol(
    extractor: Extractor | None,
    *,
    reference: str,
    reference_hash: str,
    count: int,
    reference_count: int,
    seed: int,
    averaging: str,
    truncation: float | None = None,
    truncation_definition: str | None = None,
    standing_statistics: str | None = None,
    **more: Any,
) -> dict[str, Any]:
    """Return the protocol of a result as plain JSON values.

    Args:
      extractor: its name, hash and own protocol go in; None if no metric used one.
      reference: name of the data set and split ("fashion_mnist/train").
      reference_hash: content hash of those images.
      count, reference_count: how many samples and reference images.
      seed: of latents and labels.
      averaging: which weights ("ema 0.9999", "none").
      truncation, truncation_definition: the threshold and which of the three definitions it means
        ("resample", "rescale", "scale"); both None without truncation.
      standing_statistics: how batch-norm statistics were made ("100 batches of 64"), None if none.
      more: anything else that decides the numbers.
    """
    if (truncation is None) != (truncation_definition is None):
        raise ValueError(
            f"truncation {truncation} and definition {truncation_definition!r}: give both or none"
        )
    return {
        "extractor": extractor and extractor.name,
        "extractor_sha256": extractor and extractor.sha256,
        "extractor_protocol": extractor and extractor.protocol,
        "reference": reference,
        "reference_hash": reference_hash,
        "count": count,
        "reference_count": reference_count,
        "seed": seed,
        "averaging": averaging,
        "truncation": truncation,
        "truncation_definition": truncation_definition,
        "standing_statistics": standing_statistics,
        **more,
        "versions": {name: importlib.metadata.version(name) for name in PACKAGES},
    }


def append_result(path: str | Path, metrics: dict[str, float], protocol: dict[str, Any]) -> None:
    """Append one line to a results file, in place of a last one that was cut short.

    Raises:
      ValueError: a metric that is not a finite number (JSON has no NaN).
    """
    for name, value in metrics.items():
        if not isinstance(value, int | float) or not math.isfinite(value):
            raise ValueError(f"metric {name} is {value!r}, not a finite number")
    line = json.dumps({"metrics": metrics, "protocol": protocol}, allow_nan=False)
    with open(path, "a+b") as file:
        file.seek(0)
        file.truncate(file.read().rfind(b"\n") + 1)  # a last line that was cut short
        file.write(line.encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def read_results(path: str | Path) -> list[dict[str, Any]]:
    """Return all lines of a results file. A last line cut short by a crash is left out.

    Raises:
      ValueError: any other line that is not a result; names the line.
    """
    lines = Path(path).read_text(encoding="utf-8").split("\n")
    results = []
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        try:
            result = json.loads(line)
        except json.JSONDecodeError as error:
            if number == len(lines):  # without its line break: the write was interrupted
                break
            raise ValueError(f"{path} line {number} is not JSON: {error}") from None
        if not isinstance(result, dict) or not {"metrics", "protocol"} <= result.keys():
            raise ValueError(f"{path} line {number} is not a result: write metrics and protocol")
        results.append(result)
    return results


def table(results: list[dict[str, Any]], columns: tuple[str, ...] = ()) -> str:
    """Return results as an aligned text table, one row each.

    Args:
      results: from `read_results`.
      columns: fields of the protocol to show before the metrics ("reference", "count"). Metrics
        with a `<name>_std` beside them are shown as one column, value ± std.
    """
    names = list(dict.fromkeys(name for result in results for name in result["metrics"]))
    shown = [n for n in names if not (n.endswith("_std") and n.removesuffix("_std") in names)]
    rows = [[*columns, *shown]]
    for result in results:
        metrics, settings = result["metrics"], result["protocol"]
        cells = [str(settings.get(column, "")) for column in columns]
        for name in shown:
            cell = f"{metrics[name]:.4g}" if name in metrics else ""
            if f"{name}_std" in metrics:
                cell += f" ± {metrics[f'{name}_std']:.2g}"
            cells.append(cell)
        rows.append(cells)
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["  ".join(c.rjust(w) for c, w in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(lines)


def differing_fields(first: dict[str, Any], second: dict[str, Any]) -> list[str]:
    """Return the protocol fields in which two results differ: empty if they may be compared."""
    names = [*first["protocol"], *(n for n in second["protocol"] if n not in first["protocol"])]
    return [n for n in names if first["protocol"].get(n) != second["protocol"].get(n)]
