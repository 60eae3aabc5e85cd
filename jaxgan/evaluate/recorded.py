"""Scores written to results.jsonl: none is computed twice, and none is lost.

A metric whose result the file holds under the same protocol is not computed again; a new line then
carries the old numbers with the new ones. A result that cannot be written is printed. If a metric
fails, or the command is interrupted, the numbers of the others are written.
"""

import json
from pathlib import Path

import jax

from jaxgan.evaluate.evaluation import Evaluation, Evaluator
from jaxgan.evaluate.images import Images
from jaxgan.evaluate.results import append_result, merged_result, read_results
from jaxgan.trained.generator import TrainedGenerator


def recorded(
    path: Path,
    evaluator: Evaluator,
    samples: Images,
    generator: TrainedGenerator | None,
    truncation: float,
    metrics: tuple[str, ...],
    failures: list[Exception],
    again: bool = False,
) -> Evaluation | None:
    """Score samples by the metrics that results file `path` lacks; return what was computed.

    Args:
      generator, truncation: what made the samples.
      failures: errors that metrics raise are appended.
      again: compute all metrics, known or not.

    Returns:
      None if there was nothing to compute.

    Raises:
      OSError: the file cannot be written; the result is on standard output.
      KeyboardInterrupt: after the numbers so far have been written.
    """
    known, classes = {}, {}
    if not again:
        results = read_results(path) if path.exists() else []
        known, classes = merged_result(results, evaluator.protocol(samples))
    missing = tuple(name for name in metrics if not evaluator.names(name) <= known.keys())
    if not missing:
        return None
    found = evaluator(samples, generator, truncation, missing)
    if found.metrics and jax.process_index() == 0:
        _keep(path, {**known, **found.metrics}, found.protocol, {**classes, **found.classes})
    for error in found.failures.values():
        if not isinstance(error, Exception):
            raise error
        failures.append(error)
    return found


def _keep(path: Path, metrics: dict, protocol: dict, classes: dict) -> None:
    try:
        append_result(path, metrics, protocol, classes)
    except (OSError, ValueError) as error:
        print(
            json.dumps({"metrics": metrics, "protocol": protocol, "classes": classes}), flush=True
        )
        raise OSError(
            f"{path} has no line of this result, which is printed above: {error}"
        ) from error
