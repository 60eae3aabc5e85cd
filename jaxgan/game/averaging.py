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
    """Return the moving average; before `start_step` the average is a copy of the parameters."""

    def average(old: PyTree, params: PyTree, step: jax.Array) -> PyTree:
        keep = jnp.where(step < start_step, 0.0, decay)
        return jax.tree.map(lambda a, p: p + keep * (a - p), old, params)

    return average
