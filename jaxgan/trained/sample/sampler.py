"""Samples of a run while it trains or is scored: averaged weights with standing statistics.

Image number i depends on (seed, i) alone, on any number of devices.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import numpy as np
from ml_collections import ConfigDict

from jaxgan.build import distribution
from jaxgan.devices import compiler, sharding
from jaxgan.game import latents
from jaxgan.game.averaging import standing_stats
from jaxgan.game.game import TrainState
from jaxgan.media.pictures import grid, to_uint8
from jaxgan.training.run import Run

PyTree = Any


def sampling_prior(
    config: ConfigDict, num_classes: int, truncation: float | None = None
) -> Callable:
    """Return what sampling draws from: the training prior, or normal latents truncated.

    truncation: None takes config.sample.truncation; 0 is the training prior.
    """
    threshold = config.sample.truncation if truncation is None else truncation
    draw = distribution(config)
    if threshold:
        if config.prior != "normal":
            raise ValueError(
                f"truncation = {threshold} needs prior = 'normal', and this generator's is "
                f"{config.prior!r}: write 0"
            )
        draw = latents.truncated(threshold, config.sample.truncation_definition)
    return latents.class_conditional(draw, config.model.latent_dim, num_classes)


class Sampler:
    """Samples a run's generator. Compiled once; `prepare` it with a state, then call it."""

    def __init__(self, run: Run):
        config, gan = run.config.sample, run.gan
        self.prior = sampling_prior(run.config, run.num_classes)
        batch = -(-config.standing_batch // run.mesh.size) * run.mesh.size
        split = sharding.rows(run.mesh)

        def draw(key, n):
            return jax.lax.with_sharding_constraint(self.prior(key, n), split)

        @compiler.jit
        def prepare(average: PyTree, transform_state: PyTree, seed: jax.Array) -> PyTree:
            weights, _ = gan.generator.transform.apply(average, transform_state)
            key = jax.random.key(seed)
            stats = standing_stats(
                gan.generator.module, weights, draw, key, config.standing_batches, batch
            )
            return {"params": weights, "batch_stats": stats}

        # Each device makes its share, then all have all: every process can read them.
        @partial(compiler.jit, out_shardings=sharding.replicated(run.mesh))
        def generate(variables: PyTree, seed: jax.Array, indices: jax.Array, labels) -> jax.Array:
            drawn = latents.indexed(self.prior, seed, indices)
            z, y = jax.lax.with_sharding_constraint(drawn, split)
            return gan.generator.module.apply(variables, z, y if labels is None else labels)

        self._prepare, self._generate, self._devices = prepare, generate, run.mesh.size

    def prepare(self, state: TrainState, seed: int = 0) -> PyTree:
        """Return the generator's variables for sampling: averaged weights, standing statistics."""
        return self._prepare(state.average, state.generator.transform_state, np.uint32(seed))

    def images(
        self, variables: PyTree, seed: int, indices: np.ndarray, labels: np.ndarray | None = None
    ) -> np.ndarray:
        """Return images number `indices` [n] of a seed, [n, h, w, c] float32 in [-1, 1].

        labels: [n] int32; by default drawn like the latents.
        """
        n = len(indices)
        size = -(-n // self._devices) * self._devices  # a whole number for each device
        indices = np.resize(np.asarray(indices, np.int32), size)
        labels = None if labels is None else np.resize(np.asarray(labels, np.int32), size)
        return np.asarray(self._generate(variables, np.uint32(seed), indices, labels))[:n]


def spread_classes(num_classes: int, most: int = 10) -> np.ndarray:
    """Return the classes that a sheet shows: all, or `most` of them evenly spread."""
    last = max(num_classes, 1) - 1
    return np.unique(np.linspace(0, last, min(last + 1, most)).round().astype(np.int32))


def class_sheet(sampler: Sampler, variables: PyTree, run: Run, seed: int = 0) -> np.ndarray:
    """Return a sheet with a row for each class and the same latents down each column."""
    classes, columns = spread_classes(run.num_classes), run.config.sample.columns
    indices = np.tile(np.arange(columns), len(classes))
    labels = np.repeat(classes, columns)
    return grid(to_uint8(sampler.images(variables, seed, indices, labels)), columns)
