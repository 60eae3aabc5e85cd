"""Images from a trained generator: the averaged weights with standing statistics.

Image number i depends on (seed, i) alone, on any number of devices.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict
from PIL import Image

from jaxgan import latents, sharding
from jaxgan.averaging import standing_stats
from jaxgan.build import distribution
from jaxgan.checkpoints import Checkpoints
from jaxgan.gan import TrainState
from jaxgan.run import Run, abstract_state, load_run

PyTree = Any


def sampling_prior(config: ConfigDict, num_classes: int) -> Callable:
    """Return what sampling draws from: the training prior, or normal latents truncated."""
    draw, threshold = distribution(config), config.sample.truncation
    if threshold:
        if config.prior != "normal":
            raise ValueError(f"sample.truncation = {threshold} needs prior = 'normal'; write 0")
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

        @jax.jit
        def prepare(average: PyTree, transform_state: PyTree, key: jax.Array) -> PyTree:
            weights, _ = gan.generator.transform.apply(average, transform_state)
            stats = standing_stats(
                gan.generator.module, weights, draw, key, config.standing_batches, batch
            )
            return {"params": weights, "batch_stats": stats}

        self._prepare = prepare
        self._generate = jax.jit(gan.generator.module.apply)
        self._draw = jax.jit(partial(latents.indexed, self.prior), static_argnums=0)

    def prepare(self, state: TrainState, seed: int = 0) -> PyTree:
        """Return the generator's variables for sampling: averaged weights, standing statistics."""
        return self._prepare(state.average, state.generator.transform_state, jax.random.key(seed))

    def images(
        self, variables: PyTree, seed: int, indices: np.ndarray, labels: np.ndarray | None = None
    ) -> jax.Array:
        """Return images number `indices` [n] of a seed, [n, h, w, c] float32 in [-1, 1].

        labels: [n] int32; by default drawn like the latents.
        """
        z, drawn = self._draw(seed, jnp.asarray(indices, jnp.int32))
        return self._generate(variables, z, drawn if labels is None else jnp.asarray(labels))


def to_uint8(images: jax.Array) -> np.ndarray:
    """Map [-1, 1] to 0..255, rounding to the nearest."""
    return np.asarray(jnp.round((jnp.clip(images, -1.0, 1.0) + 1.0) * 127.5)).astype(np.uint8)


def grid(images: np.ndarray, columns: int) -> np.ndarray:
    """Lay [n, h, w, c] out row by row: [rows * h, columns * w, c]; n a multiple of columns."""
    n, h, w, c = images.shape
    rows = images.reshape(n // columns, columns, h, w, c)
    return rows.transpose(0, 2, 1, 3, 4).reshape(n // columns * h, columns * w, c)


def save_png(path: Path, image: np.ndarray) -> None:
    """Write [h, w, c] uint8, c of 1, 3 or 4; of other counts the first channel. Atomic."""
    path.parent.mkdir(parents=True, exist_ok=True)
    channels = image.shape[-1]
    picture = Image.fromarray(image if channels in (3, 4) else image[..., 0])
    temporary = path.with_suffix(".tmp")
    picture.save(temporary, format="png")
    temporary.replace(path)


def class_rows(num_classes: int, most: int = 10) -> np.ndarray:
    """Return the classes that a grid shows: all, or `most` of them evenly spread."""
    return np.unique(np.linspace(0, num_classes - 1, min(num_classes, most)).round().astype(int))


def class_sheet(sampler: Sampler, variables: PyTree, run: Run, seed: int = 0) -> np.ndarray:
    """Return a sheet with a row for each class and the same latents down each column."""
    classes, columns = class_rows(run.num_classes), run.config.sample.columns
    indices = np.tile(np.arange(columns), len(classes))
    labels = np.repeat(classes, columns).astype(np.int32)
    return grid(to_uint8(sampler.images(variables, seed, indices, labels)), columns)


def sample(workdir: Path, config: ConfigDict, output: Path, seed: int) -> int:
    """Write a class sheet of the newest checkpoint; return the exit code."""
    run = load_run(workdir, config)
    sampler = Sampler(run)
    with Checkpoints(workdir / "checkpoints") as checkpoints:
        state = checkpoints.restore_newest(abstract_state(run))
    save_png(output, class_sheet(sampler, sampler.prepare(state), run, seed))
    names = (run.config.data.class_names[i] for i in class_rows(run.num_classes))
    print(f"{output}: rows are {', '.join(names)}")
    return 0
