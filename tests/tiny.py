"""A generator that takes a second to compile, with random weights, and a run of it."""

import functools
import math
from collections.abc import Callable
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from jaxgan import build
from jaxgan.config import default_config
from jaxgan.media.images import images
from jaxgan.media.medium import Batch, Spec
from jaxgan.trained.generator import TrainedGenerator
from jaxgan.training import run
from jaxgan.training.checkpoints import Checkpoints
from jaxgan.training.claim import claim


def tiny_config(**fields):
    """Return a small experiment's config as `run.resolve` leaves it."""
    config = default_config()
    config.data.update(size=(8, 8), channels=1, bits=8)
    config.data.class_names = ("T-shirt/top", "Trouser", "Sneaker", "Bag", "Ankle boot")
    config.model.update(width=4, latent_dim=12, embedding_dim=8)
    config.train.batch = 16
    config.sample.update(columns=4, standing_batches=3, standing_batch=16)
    config.update_from_flattened_dict(fields)
    return config


def drawn(shapes):
    """Return a tree of arrays at random, about as large as trained ones: nothing to compile."""
    rng = np.random.default_rng(0)

    def leaf(x):
        if jax.dtypes.issubdtype(x.dtype, jax.dtypes.prng_key):
            return jax.random.key(0)
        if not jnp.issubdtype(x.dtype, jnp.floating):
            return np.zeros(x.shape, x.dtype)
        scale = 1 / math.sqrt(max(math.prod(x.shape[:-1]), 1))
        return rng.normal(0, scale, x.shape).astype(x.dtype)

    return jax.tree.map(leaf, shapes)


def tiny_pairs_config(**fields):
    """Return a resolved config that translates gray images of 16 x 16 to RGB."""
    config = default_config("pix2pix", "pix2pix")
    config.data.update(medium="pairs", size=(16, 16), channels=4, source_channels=1, bits=8)
    config.data.class_names = ("pairs",)
    config.condition = "data"
    config.model.update(width=2, patch_layers=2)
    config.train.batch = 8
    config.sample.columns = 3
    config.update_from_flattened_dict(fields)
    return config


def tiny_text_config(**fields):
    """Return a resolved config that draws captions, text vectors of 6 numbers, as RGB."""
    config = default_config("text_dcgan", "gan_cls")
    config.data.update(medium="captions", size=(8, 8), channels=3, text_dim=6, bits=8)
    config.data.class_names = ("captions",)
    config.condition = "data"
    config.model.update(width=4, text=3, latent_dim=3)
    config.train.batch = 8
    config.sample.update(columns=3, standing_batches=3, standing_batch=16)
    config.update_from_flattened_dict(fields)
    return config


def tiny_run(workdir: Path, step: int = 7, **fields) -> run.Run:
    """Write a work directory with one checkpoint."""
    return run_of(workdir, tiny_config(**fields), step)


def run_of(
    workdir: Path, config: ConfigDict, step: int = 7, change: Callable = lambda state: state
) -> run.Run:
    """Write a work directory with one checkpoint of a resolved config.

    change: of the state, before it is saved.
    """
    opened = run.open_run(workdir, config)
    claim(opened, {})
    shapes = run.abstract_state(opened)
    state = change(drawn(shapes).replace(step=np.int32(step)))
    state = jax.device_put(state, jax.tree.map(lambda x: x.sharding, shapes))
    with Checkpoints(workdir / "checkpoints") as checkpoints:
        checkpoints.save(step, state)
    return opened


@functools.cache
def tiny_generator(**fields) -> TrainedGenerator:
    """Return a generator whose statistics are computed when asked for."""
    return generator_of(tiny_config(**fields))


def generator_of(config: ConfigDict) -> TrainedGenerator:
    """Return a generator of a config with weights at random."""
    side = build.sides(config, build.medium_of(config).spec)["generator"]
    params = jax.eval_shape(side.init, jax.random.key(0))
    return TrainedGenerator(config, drawn(params), step=7)


def spec_of(shape: tuple[int, int, int], num_classes: int = 0) -> Spec:
    """Return the spec of images [height, width, channels] with labels."""
    return images(shape, num_classes=num_classes).spec


def batch_of(samples, labels) -> Batch:
    """Return samples [n, ...] and labels [n] as one step's only batch, in one microbatch."""
    return Batch(jnp.asarray(samples)[None, None], jnp.asarray(labels, jnp.int32)[None, None])


@functools.cache
def tiny_tabulated() -> TrainedGenerator:
    """Return it with statistics for four truncations, as a file holds them."""
    return tiny_generator().tabulated((0.0, 0.5, 1.0, 2.0))
