"""Averages of parameters over time.

Exponential moving average:  average <- decay average + (1 - decay) params, in float32.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

PyTree = Any
Average = Callable[[PyTree, PyTree, jax.Array], PyTree]  # (average, params, step) -> average


def ema(decay: float, start_step: int = 0) -> Average:
    """Return the moving average; in the steps before number `start_step`, counted from 1, it is a
    copy of the parameters (as in the authors' PyTorch code)."""

    def average(old: PyTree, params: PyTree, step: jax.Array) -> PyTree:
        keep = jnp.where(step + 1 < start_step, 0.0, decay)
        return jax.tree.map(lambda a, p: p + keep * (a - p), old, params)

    return average
