"""Averages of parameters over time.

Exponential moving average:  average <- decay average + (1 - decay) params, in float32.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

PyTree = Any
Average = Callable[[PyTree, PyTree, jax.Array], PyTree]  # (average, params, step) -> average


def ema(decay: float, start_step: int = 0, warm_up: bool = False) -> Average:
    """Return the moving average; in the steps before number `start_step`, counted from 1, it is a
    copy of the parameters (as in the authors' PyTorch code).

    warm_up: in step t, counted from 1, the decay is at most t / (t + 9), so that the average is
      about the newest tenth of a run that is shorter than 1 / (1 - decay) steps, and not its start.

    >>> import jax.numpy as jnp
    >>> average = ema(0.9, warm_up=True)
    >>> float(average(jnp.float32(0.0), jnp.float32(1.0), jnp.int32(0)))
    0.8999999761581421
    """

    def average(old: PyTree, params: PyTree, step: jax.Array) -> PyTree:
        keep = jnp.where(step + 1 < start_step, 0.0, decay)
        if warm_up:
            t = (step + 1).astype(jnp.float32)
            keep = jnp.minimum(keep, t / (t + 9.0))
        return jax.tree.map(lambda a, p: p + keep * (a - p), old, params)

    return average
