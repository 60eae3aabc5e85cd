"""Averages: of the generator's parameters over time, and of batch-norm moments over batches.

Exponential moving average:  average <- decay average + (1 - decay) params, in float32.
Standing statistics (arXiv 1809.11096): the mean over N batches of each batch norm's batch mean and
batch variance, from the weights and the truncation that are sampled; of an encoder (BigBiGAN, arXiv
1907.02544) over batches of images.
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

    return _mean(moments, jax.random.split(key, num_batches))


def encoder_stats(module: nn.Module, weights: PyTree, batches: jax.Array) -> PyTree:
    """Return the `batch_stats` of a module's encoder.

    module: has a method `features`: images -> features. batches: [n, b, h, w, c] in [-1, 1].
    """

    def moments(images: jax.Array) -> PyTree:
        fields = {"mutable": ["batch_stats"], "method": "features"}
        return module.apply({"params": weights}, images, **fields)[1]["batch_stats"]

    return _mean(moments, batches)


def _mean(moments: Callable[[jax.Array], PyTree], inputs: jax.Array) -> PyTree:
    """Return the mean of moments(input) over the first axis of the inputs, one after the other."""

    def add(total: PyTree, row: jax.Array) -> tuple[PyTree, None]:
        return jax.tree.map(jnp.add, total, moments(row)), None

    shapes = jax.eval_shape(moments, inputs[0])
    zeros = jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), shapes)
    total, _ = jax.lax.scan(add, zeros, inputs)
    return jax.tree.map(lambda t: t / len(inputs), total)
