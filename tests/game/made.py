"""Specs, batches and states at random for the tiny games of games.py."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.build import build
from jaxgan.game.game import Batch, Label, Spec, init_state
from jaxgan.media.adaptation import Domains
from jaxgan.media.captions import captions
from jaxgan.media.holes import holes
from jaxgan.media.low_resolution import low_resolution
from jaxgan.media.maps import maps
from jaxgan.media.next_frames import next_frames
from jaxgan.media.pairs import pairs
from jaxgan.media.posed_clips import posed_clips
from jaxgan.media.showers import SHAPES, Layers, showers
from jaxgan.media.transitions import transitions
from tests.tiny import spec_of

BATCH, CLASSES = 8, 4


def built(config, mesh=None):
    return build(config, spec_of_game(config), mesh)


def spec_of_game(config):
    if config.data.medium == "transitions":
        return transitions(3, 3).spec
    if config.data.medium == "showers":
        return showers().spec
    if config.data.medium == "low_resolution":
        return low_resolution((*config.data.size, 1), config.data.scale).spec
    if config.data.medium == "holes":
        return holes((*config.data.size, 1)).spec
    if config.data.medium in ("pairs", "domains"):
        return pairs((*config.data.size, 2), config.data.source_channels).spec
    if config.data.medium == "next_frames":
        return next_frames((*config.data.size, 1), config.data.context).spec
    if config.data.medium == "captions":
        return captions((*config.data.size, 1), config.data.text_dim).spec
    if config.data.medium == "maps":
        return maps((*config.data.size, 1), config.data.map_classes).spec
    if config.data.medium == "posed_clips":
        frames, height, width = config.data.size
        return posed_clips((frames, height, width // 2, 1)).spec
    if config.data.medium == "adaptation":
        image = jax.ShapeDtypeStruct((*config.data.size, 1), jnp.float32)
        return Spec(Domains(image, image), Label(CLASSES))
    if len(config.data.size) == 2:
        return spec_of((*config.data.size, 1), CLASSES)
    sample = jax.ShapeDtypeStruct((*config.data.size, 1), jnp.float32)
    if config.data.medium in ("mels", "speech"):
        return Spec(sample, jax.ShapeDtypeStruct((32, 3), jnp.float32))
    return Spec(sample, Label(CLASSES))


def batch_of(config):
    rng = np.random.default_rng(0)
    leading = (config.train.num_d_steps + config.train.fresh_batches, 1, BATCH)
    if config.data.medium == "transitions":
        seen = rng.normal(size=(*leading, 3))
        return Batch((jnp.float32(seen), jnp.eye(3)[rng.integers(0, 3, leading)]))
    if config.data.medium == "showers":
        leaf = lambda shape: jnp.asarray(rng.exponential(0.1, (*leading, *shape)), jnp.float32)
        energies = jnp.asarray(rng.uniform(1, 100, leading), jnp.float32)
        return Batch(Layers(*map(leaf, SHAPES)), energies)
    images = rng.uniform(-1, 1, (*leading, *config.data.size, 1))
    if config.data.medium == "posed_clips":
        poses, frames = np.split(images, 2, -2)
        return Batch(jnp.asarray(frames, jnp.float32), jnp.asarray(poses, jnp.float32))
    if config.data.medium in ("pairs", "domains", "holes"):
        sources = rng.uniform(-1, 1, images.shape)
        return Batch(jnp.asarray(images, jnp.float32), jnp.asarray(sources, jnp.float32))
    if config.data.medium in ("mels", "speech"):
        frames = rng.normal(size=(*leading, 32, 3))
        return Batch(jnp.asarray(images, jnp.float32), jnp.asarray(frames, jnp.float32))
    if config.data.medium == "next_frames":
        context, images = config.data.context, jnp.asarray(images, jnp.float32)
        return Batch(images[..., context:, :, :, :], images[..., :context, :, :, :])
    if config.data.medium == "maps":
        classes = config.data.map_classes
        labels = rng.integers(0, classes, images.shape[:-1])
        return Batch(jnp.asarray(images, jnp.float32), jax.nn.one_hot(labels, classes))
    if config.data.medium == "captions":
        texts = rng.normal(size=(*leading, config.data.text_dim))
        return Batch(jnp.asarray(images, jnp.float32), jnp.asarray(texts, jnp.float32))
    if config.data.medium == "low_resolution":
        small = [side // config.data.scale for side in config.data.size]
        sources = rng.uniform(-1, 1, (*leading, *small, 1))
        return Batch(jnp.asarray(images, jnp.float32), jnp.asarray(sources, jnp.float32))
    labels = rng.integers(0, CLASSES, leading)
    if config.data.medium == "adaptation":
        both = (images, rng.uniform(-1, 1, images.shape))
        images = Domains(*(jnp.asarray(x, jnp.float32) for x in both))
        return Batch(images, jnp.asarray(labels, jnp.int32))
    return Batch(jnp.asarray(images, jnp.float32), jnp.asarray(labels, jnp.int32))


def arrays(tree):
    """Return a tree's leaves as numpy arrays, keys as their data."""
    is_key = lambda x: jax.dtypes.issubdtype(x.dtype, jax.dtypes.prng_key)
    return [np.asarray(jax.random.key_data(x) if is_key(x) else x) for x in jax.tree.leaves(tree)]


def state_of(game):
    """Return a state with random parameters: to draw the real ones costs a compilation."""
    rng = np.random.default_rng(1)

    def fill(path, leaf):
        name = jax.tree_util.keystr(path)
        if name == ".key":
            return jax.random.key(0)
        if name.endswith("['progress']"):
            return jnp.float32(0.5)  # a ProGAN whose second resolution is fading in
        if ".opt_state" in name or name == ".step":
            return jnp.zeros(leaf.shape, leaf.dtype)
        return jnp.asarray(0.2 * rng.normal(size=leaf.shape), leaf.dtype)

    shapes = jax.eval_shape(partial(init_state, game, 0))
    return jax.tree_util.tree_map_with_path(fill, shapes)
