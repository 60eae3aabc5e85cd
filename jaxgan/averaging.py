"""Averages: of the generator's parameters over time, and of batch-norm moments over batches.

Exponential moving average:  average <- decay average + (1 - decay) params, in float32.
Standing statistics (arXiv 1809.11096): the mean over N batches of each batch norm's batch mean and
batch variance, from the weights and the truncation that are sampled.
"""

from collections.abc import Callable
from typing import Any

import flax.linen as nn
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


def standing_stats(
    generator: nn.Module,
    weights: PyTree,
    prior: Callable[[jax.Array, int], tuple[jax.Array, jax.Array]],
    key: jax.Array,
    num_batches: int,
    batch: int,
) -> PyTree:
    """Return the generator's `batch_stats` collection: {} for a generator without batch norm."""

    def moments(key: jax.Array) -> PyTree:
        latents, labels = prior(key, batch)
        variables = {"params": weights}
        _, stats = generator.apply(variables, latents, labels, mutable=["batch_stats"])
        return stats.get("batch_stats", {})

    def add(total: PyTree, key: jax.Array) -> tuple[PyTree, None]:
        return jax.tree.map(jnp.add, total, moments(key)), None

    zeros = jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), jax.eval_shape(moments, key))
    total, _ = jax.lax.scan(add, zeros, jax.random.split(key, num_batches))
    return jax.tree.map(lambda t: t / num_batches, total)
