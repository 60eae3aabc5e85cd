"""Averages of parameters over time.

Exponential moving average:  average <- decay average + (1 - decay) params, in float32. A half-life
in images, which does not depend on the batch size, gives decay = 0.5^(images per step / half-life).

Power-function average (arXiv 2312.02696): the parameters of step s of t have the weight

    p(s) = (gamma + 1) s^gamma / t^(gamma + 1),     decay in step t: (1 - 1 / t)^(gamma + 1)

so the average always covers the same newest fraction of the training. Its relative length is the
standard deviation of p divided by t. From a few such averages, one of any other length can be
computed afterwards (trained/lengths.py).
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.game.schedules import Value, now, of_images

PyTree = Any
Average = Callable[[PyTree, PyTree, jax.Array], PyTree]  # (average, params, step) -> average


def ema(decay: Value, start_step: int = 0, warm_up: bool = False) -> Average:
    """Return the exponential moving average.

    Args:
      decay: a number, or a function of the step's index, from 0.
      start_step: before this step, counted from 1, the average is a copy of the parameters (as in
        the authors' PyTorch code).
      warm_up: in step t, counted from 1, the decay is at most t / (t + 9): in a run shorter than
        1 / (1 - decay) steps, the average covers about the newest tenth instead of the start.

    >>> import jax.numpy as jnp
    >>> average = ema(0.9, warm_up=True)
    >>> float(average(jnp.float32(0.0), jnp.float32(1.0), jnp.int32(0)))
    0.8999999761581421
    """

    def average(old: PyTree, params: PyTree, step: jax.Array) -> PyTree:
        keep = jnp.where(step + 1 < start_step, 0.0, now(decay, step))
        if warm_up:
            t = (step + 1).astype(jnp.float32)
            keep = jnp.minimum(keep, t / (t + 9.0))
        return jax.tree.map(lambda a, p: p + keep * (a - p), old, params)

    return average


def decay_of(half_life: float | str, images: int) -> Value:
    """Return the decay per step of `images` images: a number, or a function of the step's index.

    half_life: number of images after which the average has forgotten half of what it held, or a
      schedule's text; with 0 the average is a copy of the parameters.

    >>> decay_of(1000, images=500)
    0.7071067811865476
    """
    found = of_images(half_life)
    if callable(found):
        return lambda step: jnp.exp2(-images / found(step.astype(jnp.float32) * images))
    return 0.5 ** (images / found) if found else 0.0


def gamma_of(length: float) -> float:
    """Return the exponent gamma of a relative length; at 12^(-1/2) all steps have the same weight.

    It is the positive root of gamma^3 + 7 gamma^2 + (16 - length^-2) gamma + 12 - length^-2.
    Raises ValueError for a length outside (0, 12^(-1/2)].

    >>> round(gamma_of(0.05), 2), round(gamma_of(0.1), 2)
    (16.97, 6.94)
    """
    if not 0.0 < length <= 12**-0.5:
        raise ValueError(f"length {length:g}: write above 0 and at most 0.289, such as 0.1")
    roots = np.roots([1.0, 7.0, 16.0 - length**-2, 12.0 - length**-2])
    return max(float(roots.real.max()), 0.0)


def power(length: float) -> Average:
    """Return the power-function average of a relative length."""
    gamma = gamma_of(length)

    def average(old: PyTree, params: PyTree, step: jax.Array) -> PyTree:
        t = (step + 1).astype(jnp.float32)
        keep = (1.0 - 1.0 / t) ** (gamma + 1.0)
        return jax.tree.map(lambda a, p: p + keep * (a - p), old, params)

    return average


def averaged_player(name: str) -> str:
    """Return the player that an average is of: "generator" for "generator" and "generator/0.05"."""
    return name.partition("/")[0]
