"""An extractor whose numbers numpy can say, and the flags to be scored by it."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.evaluate.metrics.frechet import frechet_of_samples

WEIGHTS = np.random.default_rng(0).normal(size=(64, 6)).astype(np.float32) / 8
OWN = "--config.evaluate.extractor=tests.evaluate.scored:features"


def features(images: jax.Array) -> tuple[jax.Array, jax.Array]:
    """6 features and 3 logits of 8 x 8 images; one channel or three."""
    levels = jnp.round((images + 1.0) * 127.5).mean(-1).reshape(len(images), -1) / 255
    found = jnp.tanh(levels @ WEIGHTS)
    return found, 4 * found[:, :3]


def plain(images: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The same features without logits."""
    return features(images)[0], features(images)[1][:, :0]


def normalised(images: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Batch norm with the batch's own moments."""
    found, logits = features(images)
    return (found - found.mean(0, keepdims=True)) / found.std(0, keepdims=True), logits


def single(images: jax.Array) -> jax.Array:
    """No logits at all, not even none."""
    return features(images)[0]


partial = functools.partial(features)


def in_numpy(images: np.ndarray) -> np.ndarray:
    return np.tanh(images.mean(-1).reshape(len(images), -1) / 255 @ WEIGHTS.astype(np.float64))


def flags(data, samples=60, **settings):
    settings |= {"reference": str(data[0]), "samples": samples, "batch": 32}
    return [OWN, *(f"--config.evaluate.{name}={value}" for name, value in settings.items())]


def expected_fd(fake: np.ndarray, real: np.ndarray) -> float:
    return frechet_of_samples(in_numpy(fake), in_numpy(real))
