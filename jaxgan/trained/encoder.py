"""A trained encoder (models/bigbigan.py): features and latents of images, reconstructions.

    e = TrainedEncoder(run, state, records), or encoder.load("runs/bigbigan")
    e.features(images), e.latents(images), e.reconstructions(images)

Averaged weights with standing statistics: the generator's over batches from the prior, the
encoder's over batches of images, so that the result for an image depends on no other image.
"""

import math
from functools import cached_property, partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.data.order import fair_draw
from jaxgan.data.reader import Reader
from jaxgan.data.records import Records, open_records
from jaxgan.devices import compiler
from jaxgan.game import sampling
from jaxgan.game.game import TrainState, init_state
from jaxgan.trained.calls import in_parts
from jaxgan.training import run as runs
from jaxgan.training.checkpoints import Checkpoints
from jaxgan.training.sheets import Sampler

AT_ONCE = 100  # images per call


class TrainedEncoder:
    """See the module. records: the images over which the encoder's statistics are computed."""

    def __init__(self, run: runs.Run, state: TrainState, records: Records):
        self.run, self.step, self._state = run, int(state.step), state
        player, settings = run.game.players["generator"], run.config.sample
        if "features" not in player.side.calls:
            raise ValueError(f"model.name = {run.config.model.name!r} has no features to look at")
        shape = (settings.standing_batches, settings.standing_batch)
        with Reader(records, run.medium) as reader:
            chosen = fair_draw(math.prod(shape), len(records), "encoder statistics")
            stored = reader.read(np.resize(chosen, shape))
        batches = run.medium.to_float(jax.tree.map(jnp.asarray, stored)).sample
        own = state.players["generator"]
        weights, _ = jax.jit(player.transform.apply)(
            state.averages["generator"], own.transform_state
        )
        moments = partial(player.side.moments, "features", {"params": weights})
        stats = compiler.jit(partial(sampling.mean, moments))(batches)
        self.variables = {"params": weights, "batch_stats": stats}
        self._calls = {name: compiler.jit(call) for name, call in player.side.calls.items()}

    def features(self, images: np.ndarray) -> np.ndarray:
        """Return "AvgPool" features [n, features] of images [n, h, w, c] float32 in [-1, 1]."""
        return in_parts(partial(self._calls["features"], self.variables), AT_ONCE, images)

    def latents(self, images: np.ndarray, seed: int | None = None) -> np.ndarray:
        """Return the mean latents [n, latent_dim] of images; with a seed, draws from E(x)."""
        if seed is None:
            return in_parts(partial(self._calls["encode"], self.variables), AT_ONCE, images)
        shape = (len(images), self.run.config.model.latent_dim)
        noise = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
        return in_parts(partial(self._calls["draw_code"], self.variables), AT_ONCE, images, noise)

    def images(self, latents: np.ndarray) -> np.ndarray:
        """Return G of latents [n, latent_dim]: [n, height, width, channels] in [-1, 1]."""
        labels = np.zeros(len(latents), np.int32)
        return in_parts(partial(self._calls["call"], self._generator), AT_ONCE, latents, labels)

    def reconstructions(self, images: np.ndarray, seed: int | None = None) -> np.ndarray:
        """Return G(E(x)), at the size that G makes."""
        return self.images(self.latents(images, seed))

    @cached_property
    def _generator(self):
        return Sampler(self.run).prepare(self._state)


def load(workdir: Path) -> TrainedEncoder:
    """Return the encoder of a run's newest checkpoint; its training images must still be there."""
    run = runs.load_run(Path(workdir))
    with Checkpoints(Path(workdir) / "checkpoints") as checkpoints:
        state = checkpoints.restore_newest(runs.abstract_state(run))
    return TrainedEncoder(run, state, open_records(run.config.data.name, run.config.data.split))


def untrained(run: runs.Run, seed: int = 1) -> TrainedEncoder:
    """Return the encoder of a run with initial weights, for comparison."""
    shapes = runs.abstract_state(run)
    shardings = jax.tree.map(lambda x: x.sharding, shapes)
    state = jax.jit(lambda: init_state(run.game, seed), out_shardings=shardings)()
    return TrainedEncoder(run, state, open_records(run.config.data.name, run.config.data.split))
