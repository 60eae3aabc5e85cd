"""Nearest neighbours in feature space, and how many samples are copies.

A sample counts as a copy of a training image if it is at least as near to one as only a small share
(1%) of the training images are to another training image. Independent real images would score that
share by construction; a model that memorises scores far above it. The same threshold between
samples counts repetitions (mode collapse).
"""

from functools import partial
from typing import TypedDict

import jax
import numpy as np

from jaxgan.devices import compiler
from jaxgan.evaluate.metrics.checks import pair, rows
from jaxgan.evaluate.metrics.distances import (
    centred,
    exact_distances,
    row_blocks,
    squared_distances,
)

# Candidates beyond k, found in float32 and ordered in float64.
SPARE = 8


def nearest(
    queries: np.ndarray, reference: np.ndarray, k: int, skip_self: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Return the k nearest rows of `reference` for each query, nearest first.

    Args:
      queries: [m, d]. reference: [n, d].
      k: at most n, with skip_self n - 1.
      skip_self: queries are the reference rows themselves, so row i is not its own neighbour.

    Returns:
      distances [m, k] float64 and indices [m, k], right to float64 rounding.
    """
    pair("queries", queries, "reference", reference)
    available = len(reference) - skip_self
    if not 1 <= k <= available:
        raise ValueError(f"{k} neighbours of {available} images: write k from 1 to {available}")
    center = reference.mean(axis=0, dtype=np.float64)
    fast_queries, fast_reference = centred(queries, center), centred(reference, center)
    candidates = min(k + SPARE, len(reference))
    distances, indices = np.empty((len(queries), k)), np.empty((len(queries), k), int)
    for block in row_blocks(len(queries), len(reference)):
        own = np.arange(block.start, block.stop)
        found, limit, bound = jax.device_get(
            _candidates(fast_queries[block], fast_reference, candidates)
        )
        order, near = _ordered(queries, reference, own, found, k, skip_self)
        # The k-th must be nearer than every non-candidate, errors included.
        unsure = np.flatnonzero(near[:, -1] ** 2 > limit - 2.0 * bound)
        if candidates < len(reference) and unsure.size:
            found = _candidates_float64(
                queries[own[unsure]] - center, reference - center, candidates
            )
            order[unsure], near[unsure] = _ordered(
                queries, reference, own[unsure], found, k, skip_self
            )
        indices[block], distances[block] = order, near
    return distances, indices


@partial(compiler.jit, static_argnums=2)
def _candidates(queries, reference, count: int):
    """Return the indices of the nearest in float32, the distance of the last, and its error."""
    squared, bound = squared_distances(queries, reference)
    values, found = jax.lax.top_k(-squared, count)
    return found, -values[:, -1], bound.max(axis=1)


def _candidates_float64(queries: np.ndarray, reference: np.ndarray, count: int) -> np.ndarray:
    """Return the same in float64, for tight clusters far from the center."""
    squared = np.sum(reference**2, axis=1)[None] - 2.0 * queries @ reference.T
    return np.argpartition(squared, count - 1, axis=1)[:, :count]


def _ordered(queries, reference, rows, found, k: int, skip_self: bool):
    """Return the k nearest of the candidates [rows, c] by exact distance."""
    flat_rows = np.repeat(rows, found.shape[1])
    exact = exact_distances(queries, reference, flat_rows, found.ravel()).reshape(found.shape)
    if skip_self:
        exact[found == rows[:, None]] = np.inf
    order = np.lexsort((found, exact), axis=1)[:, :k]
    return np.take_along_axis(found, order, axis=1), np.take_along_axis(exact, order, axis=1)


def own_distances(features: np.ndarray, k: int = 5) -> np.ndarray:
    """Return the distances [n, k] of each row of features [n, d] to the k nearest others.

    It is the slow part of most scores, and always the same for a reference: compute it once. k is
    lowered if there are fewer rows.

    >>> own_distances(np.array([[0.0], [1.0], [5.0]]), 1).tolist()
    [[1.0], [1.0], [4.0]]
    """
    rows("features", features, 2)
    return nearest(features, features, min(k, len(features) - 1), skip_self=True)[0]


class CopyRates(TypedDict):
    """The result of copy_rates."""

    memorised: float
    repeated: float
    threshold: float
    nearest: np.ndarray
    distance: np.ndarray


def copy_rates(
    samples: np.ndarray,
    training: np.ndarray,
    share: float = 0.01,
    training_distances: np.ndarray | None = None,
) -> CopyRates:
    """Count samples that copy a training image or another sample.

    Args:
      samples: [m, d] features. training: [n, d] features.
      share: of the training images that count as near-duplicates of each other by definition.
      training_distances: `own_distances` of training, if known.

    Returns:
      memorised: share of samples that copy a training image (by chance: about `share`).
      repeated: share of samples that copy another sample.
      threshold: the distance up to which two images are copies.
      nearest: [m] index of the nearest training image; distance: [m] float64.
    """
    if not 0.0 <= share <= 1.0:
        raise ValueError(f"share = {share}: write a number from 0 to 1")
    pair("samples", samples, "training", training, 2)
    if training_distances is None:
        training_distances = own_distances(training, 1)
    threshold = float(np.quantile(training_distances[:, 0], share))
    distance, index = nearest(samples, training, 1)
    among_samples = own_distances(samples, 1)
    return {
        "memorised": float(np.mean(distance[:, 0] <= threshold)),
        "repeated": float(np.mean(among_samples[:, 0] <= threshold)),
        "threshold": threshold,
        "nearest": index[:, 0],
        "distance": distance[:, 0],
    }
