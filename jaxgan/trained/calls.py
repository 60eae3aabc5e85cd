"""Calls of loaded networks: what is checked before, how many samples are computed at once."""

import math
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from jaxgan.training.checkpoints import describe_leaves

PyTree = Any
MOST_AT_ONCE = 64, 1 << 20  # images and pixels per call of the network, on each device


def refuse_not_finite(weights: PyTree) -> None:
    """Raise ValueError, naming the first leaf, for weights that are not finite."""
    names, leaves = describe_leaves(weights), jax.tree.leaves(weights)
    for name, leaf in zip(names, leaves, strict=True):
        if not np.isfinite(np.asarray(leaf, np.float32)).all():
            raise ValueError(f"the generator's weights are not finite, first in {name}")


def rows_at_once(n: int, size: tuple[int, ...], devices: int) -> int:
    """Return how many of n images of a size to compute at once.

    It is one of few numbers, because each is compiled.
    """
    images, pixels = MOST_AT_ONCE
    most = min(images, max(pixels // math.prod(size), 1))
    each = -(-n // devices)
    return min(most, next(s for s in (images, 8, 1) if s <= each)) * devices


def in_parts(function: Callable[..., PyTree], size: int, *rows: np.ndarray) -> PyTree:
    """Return `function` of rows [n, ...], leaves [n, ...] on the host, computed `size` rows at a
    time.

    The last part is filled up with its own rows, so that the function is compiled once.
    """
    n, parts = len(rows[0]), []
    for start in range(0, n, size):
        part = [np.resize(x[start : start + size], (size, *x.shape[1:])) for x in rows]
        parts.append(jax.device_get(function(*part)))
    return jax.tree.map(lambda *x: np.concatenate(x)[:n], *parts)
