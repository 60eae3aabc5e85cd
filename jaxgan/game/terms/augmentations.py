"""Differentiable augmentations of what the discriminator sees, real and generated images alike.

diff_augment (arXiv 2006.10738), each part applied to every image:
    color         x + U(-1/2, 1/2); saturation times U(0, 2); contrast times U(1/2, 3/2)
    translation   a shift by up to an eighth of each side, zeros outside
    cutout        a box of half the sides at a uniform place is set to 0
instance_noise (arXiv 1610.04490; 1701.04862): x + std e with e from N(0, 1). std is a schedule that
falls to 0, so that the densities of real and generated images overlap from the start.

Images are [b, height, width, channels] in [-1, 1]; 0 is gray. The adaptive augmentation is in
ada.py.
"""

import jax
import jax.numpy as jnp

from jaxgan.game.schedules import Value, now
from jaxgan.game.terms.wrappers import Augmentation


def _uniform(key: jax.Array, images: jax.Array, low: float, high: float) -> jax.Array:
    return jax.random.uniform(key, (len(images), 1, 1, 1), minval=low, maxval=high)


def colored(images: jax.Array, key: jax.Array) -> jax.Array:
    """Change each image's brightness, saturation and contrast at random."""
    brightness, saturation, contrast = jax.random.split(key, 3)
    x = images + _uniform(brightness, images, -0.5, 0.5)
    gray = x.mean(-1, keepdims=True)
    x = gray + (x - gray) * _uniform(saturation, images, 0.0, 2.0)
    mean = x.mean((1, 2, 3), keepdims=True)
    return mean + (x - mean) * _uniform(contrast, images, 0.5, 1.5)


def _moved(images: jax.Array, steps: jax.Array, axis: int) -> jax.Array:
    """Shift image i by steps[i] pixels along an axis, zeros outside."""
    size = images.shape[axis]
    source = jnp.arange(size)[None] - steps[:, None]
    inside = (source >= 0) & (source < size)
    shape = [len(images), 1, 1, 1]
    shape[axis] = size
    source = jnp.clip(source, 0, size - 1).reshape(shape)
    return jnp.take_along_axis(images, source, axis) * inside.reshape(shape).astype(images.dtype)


def shifted(images: jax.Array, key: jax.Array) -> jax.Array:
    """Shift each image by up to an eighth of each side, zeros outside."""
    for axis, k in zip((1, 2), jax.random.split(key), strict=True):
        most = max(round(images.shape[axis] / 8), 1)
        steps = jax.random.randint(k, (len(images),), -most, most + 1)
        images = _moved(images, steps, axis)
    return images


def cut_out(images: jax.Array, key: jax.Array) -> jax.Array:
    """Gray out a box of half the sides around a uniform pixel of each image."""
    is_inside = jnp.ones((len(images), 1, 1, 1), bool)
    for axis, k in zip((1, 2), jax.random.split(key), strict=True):
        size = images.shape[axis]
        first = jax.random.randint(k, (len(images), 1), 0, size) - size // 4
        pixels = jnp.arange(size)[None]
        shape = [len(images), 1, 1, 1]
        shape[axis] = size
        is_inside &= ((pixels >= first) & (pixels < first + size // 2)).reshape(shape)
    return jnp.where(is_inside, 0.0, images)


PARTS = {"color": colored, "translation": shifted, "cutout": cut_out}


def no_update(state, real_logits):
    return state


def diff_augment(policy: tuple[str, ...]) -> Augmentation:
    """Return the augmentation by the parts named in `policy`, in this order.

    Raises ValueError for an unknown part.
    """
    for part in policy:
        if part not in PARTS:
            known = ", ".join(PARTS)
            raise ValueError(f"augmentation.policy has {part!r}: write some of {known}")

    def apply(state, images: jax.Array, key: jax.Array, step: jax.Array | int) -> jax.Array:
        for part, k in zip(policy, jax.random.split(key, len(policy)), strict=True):
            images = PARTS[part](images, k)
        return images

    return Augmentation(dict, apply, no_update)


def instance_noise(std: Value) -> Augmentation:
    """Return noise with a standard deviation: a number, or a function of the training step's
    index."""

    def apply(state, images: jax.Array, key: jax.Array, step: jax.Array | int) -> jax.Array:
        return images + now(std, step) * jax.random.normal(key, images.shape)

    return Augmentation(dict, apply, no_update)
