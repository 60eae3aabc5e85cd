"""A trained encoder (models/bigbigan.py): features and latents of images, reconstructions.

    e = TrainedEncoder(run, state, records), or encoder.load("runs/bigbigan")
    e.features(images), e.latents(images), e.reconstructions(images)

Averaged weights with standing statistics: the generator's over batches from the prior, the
encoder's over batches of images, so that what an image gets depends on no other.
"""

from pathlib import Path

import jax
import numpy as np

from jaxgan import run as runs
from jaxgan.averaging import encoder_stats
from jaxgan.checkpoints import Checkpoints
from jaxgan.data.reader import Reader
from jaxgan.data.records import Records, open_records
from jaxgan.gan import TrainState
from jaxgan.sample import Sampler

AT_ONCE = 100


class TrainedEncoder:
    """See the module's docstring. `records` are what the statistics are taken over."""

    def __init__(self, run: runs.Run, state: TrainState, records: Records):
        self.run, self.step = run, int(state.step)
        module, settings = run.gan.generator.module, run.config.sample
        if not hasattr(module, "features"):
            raise ValueError(f"model.name = {run.config.model.name!r} has no features to look at")
        self.variables = Sampler(run).prepare(state)
        shape = (settings.standing_batches, settings.standing_batch)
        with Reader(records, (1, 1, 1), 0, run.config.data.size) as reader:
            rows = np.resize(np.random.default_rng(0).permutation(len(records)), shape)
            batches = reader.read(rows)["images"].astype(np.float32) / 127.5 - 1.0
        weights = self.variables["params"]
        stats = jax.jit(lambda w, x: encoder_stats(module, w, x))(weights, batches)
        self.variables["batch_stats"] = {**self.variables["batch_stats"], **stats}
        self._features = jax.jit(lambda v, x: module.apply(v, x, method="features"))
        self._encode = jax.jit(lambda v, x, noise: module.apply(v, x, noise, method="encode"))
        self._generate = jax.jit(module.apply)

    def features(self, images: np.ndarray) -> np.ndarray:
        """Return "AvgPool" features [n, features] of images [n, h, w, c] float32 in [-1, 1]."""
        return self._in_parts(self._features, images)

    def latents(self, images: np.ndarray, seed: int | None = None) -> np.ndarray:
        """Return mean latents [n, latent_dim] of images; with a seed draws from E(x)."""
        shape = (len(images), self.run.config.model.latent_dim)
        noise = np.zeros(shape, np.float32)
        if seed is not None:
            noise = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
        return self._in_parts(self._encode, images, noise)

    def images(self, latents: np.ndarray) -> np.ndarray:
        """Return G of latents [n, latent_dim]: [n, height, width, channels] in [-1, 1]."""
        return self._in_parts(self._generate, latents, np.zeros(len(latents), np.int32))

    def reconstructions(self, images: np.ndarray, seed: int | None = None) -> np.ndarray:
        """Return G(E(x)) at the size that G makes."""
        return self.images(self.latents(images, seed))

    def _in_parts(self, function, *rows: np.ndarray) -> np.ndarray:
        n, parts = len(rows[0]), []
        for start in range(0, n, AT_ONCE):  # of one shape, so that it is compiled once
            part = [np.resize(x[start : start + AT_ONCE], (AT_ONCE, *x.shape[1:])) for x in rows]
            parts.append(np.asarray(function(self.variables, *part)))
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
    state = jax.jit(lambda: runs.init_state(run.gan, seed), out_shardings=shardings)()
    return TrainedEncoder(run, state, open_records(run.config.data.name, run.config.data.split))
