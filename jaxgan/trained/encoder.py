"""A trained encoder (models/bigbigan.py): features and latents of images, reconstructions.

    e = TrainedEncoder(run, state, records), or encoder.load("runs/bigbigan")
    e.features(images), e.latents(images), e.reconstructions(images)

Averaged weights with standing statistics: the generator's over batches from the prior, the
encoder's over batches of images, so that what an image gets depends on no other.
"""

from collections.abc import Callable
from functools import cached_property, partial
from pathlib import Path

import jax
import numpy as np

from jaxgan.data.reader import Reader
from jaxgan.data.records import Records, open_records
from jaxgan.devices import compiler
from jaxgan.game.averaging import encoder_stats
from jaxgan.game.game import TrainState, init_state
from jaxgan.trained.sample import Sampler
from jaxgan.training import run as runs
from jaxgan.training.checkpoints import Checkpoints

AT_ONCE = 100


class TrainedEncoder:
    """See the module's docstring. `records` are what the encoder's statistics are taken over."""

    def __init__(self, run: runs.Run, state: TrainState, records: Records):
        self.run, self.step, self._state = run, int(state.step), state
        self.module, settings = run.gan.generator.module, run.config.sample
        if not hasattr(self.module, "features"):
            raise ValueError(f"model.name = {run.config.model.name!r} has no features to look at")
        shape = (settings.standing_batches, settings.standing_batch)
        with Reader(records, (1, 1, 1), 0, run.config.data.size) as reader:
            rows = np.resize(np.random.default_rng(0).permutation(len(records)), shape)
            batches = reader.read(rows)["images"].astype(np.float32) / 127.5 - 1.0
        transform = run.gan.generator.transform
        weights, _ = jax.jit(transform.apply)(state.average, state.generator.transform_state)
        stats = _statistics(self.module, weights, batches)
        self.variables = {"params": weights, "batch_stats": stats}

    def features(self, images: np.ndarray) -> np.ndarray:
        """Return "AvgPool" features [n, features] of images [n, h, w, c] float32 in [-1, 1]."""
        return _in_parts(partial(_features, self.module, self.variables), images)

    def latents(self, images: np.ndarray, seed: int | None = None) -> np.ndarray:
        """Return mean latents [n, latent_dim] of images; with a seed draws from E(x)."""
        shape = (len(images), self.run.config.model.latent_dim)
        noise = np.zeros(shape, np.float32)
        if seed is not None:
            noise = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
        return _in_parts(partial(_encode, self.module, self.variables), images, noise)

    def images(self, latents: np.ndarray) -> np.ndarray:
        """Return G of latents [n, latent_dim]: [n, height, width, channels] in [-1, 1]."""
        generate = partial(_generate, self.module, self._generator)
        return _in_parts(generate, latents, np.zeros(len(latents), np.int32))

    def reconstructions(self, images: np.ndarray, seed: int | None = None) -> np.ndarray:
        """Return G(E(x)) at the size that G makes."""
        return self.images(self.latents(images, seed))

    @cached_property
    def _generator(self):
        return Sampler(self.run).prepare(self._state)


# Of modules, not of encoders: another encoder of the same shape is not compiled again.
_statistics = compiler.jit(encoder_stats, static_argnums=0)


@partial(compiler.jit, static_argnums=0)
def _features(module, variables, images):
    return module.apply(variables, images, method="features")


@partial(compiler.jit, static_argnums=0)
def _encode(module, variables, images, noise):
    return module.apply(variables, images, noise, method="encode")


@partial(compiler.jit, static_argnums=0)
def _generate(module, variables, latents, labels):
    return module.apply(variables, latents, labels)


def _in_parts(function: Callable, *rows: np.ndarray) -> np.ndarray:
    """Apply a function of rows to AT_ONCE of them at a time."""
    n, parts = len(rows[0]), []
    for start in range(0, n, AT_ONCE):  # of one shape, so that it is compiled once
        part = [np.resize(x[start : start + AT_ONCE], (AT_ONCE, *x.shape[1:])) for x in rows]
        parts.append(np.asarray(function(*part)))
    return np.concatenate(parts)[:n]


def load(workdir: Path) -> TrainedEncoder:
    """Return the encoder of a run's newest checkpoint; its training images must still be there."""
    run = runs.load_run(Path(workdir))
    with Checkpoints(Path(workdir) / "checkpoints") as checkpoints:
        state = checkpoints.restore_newest(runs.abstract_state(run))
    return TrainedEncoder(run, state, open_records(run.config.data.name, run.config.data.split))


def untrained(run: runs.Run, seed: int = 1) -> TrainedEncoder:
    """Return the encoder of a run as it is drawn, for comparison."""
    shapes = runs.abstract_state(run)
    shardings = jax.tree.map(lambda x: x.sharding, shapes)
    state = jax.jit(lambda: init_state(run.gan, seed), out_shardings=shardings)()
    return TrainedEncoder(run, state, open_records(run.config.data.name, run.config.data.split))
