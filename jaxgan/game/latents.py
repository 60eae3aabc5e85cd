"""Latents and labels: priors for training, truncated draws for sampling (BigGAN, arXiv 1809.11096).

Three definitions of truncation are in use, and they are not equivalent:
    threshold  N(0, 1), every coordinate redrawn while |z| > t (the paper; t from 2 to 0.04)
    scaled     t times N(0, 1) truncated at 2 (the published TF-Hub modules; t in (0, 1])
    variance   N(0, t^2), not truncated at all (the authors' PyTorch code)
Batch-norm statistics must be computed with the truncation used for sampling.
"""

from collections.abc import Callable
from typing import Any

import jax
from jax.core import Tracer

from jaxgan.game.keys import Keys

Distribution = Callable[[jax.Array, tuple[int, ...]], jax.Array]  # (key, shape) -> float32


def normal(key: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    """Draw N(0, 1)."""
    return jax.random.normal(key, shape)


def uniform(key: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    """Draw U(-1, 1) (LOGAN, arXiv 1912.00953)."""
    return jax.random.uniform(key, shape, minval=-1.0, maxval=1.0)


def truncated(threshold: Any, definition: str = "threshold") -> Distribution:
    """Return N(0, 1) truncated at `threshold`, by one of the three definitions above.

    threshold: above 0; a number or a traced scalar. Raises ValueError for another number, or an
    unknown definition.

    >>> z = truncated(0.5)(jax.random.key(0), (1000,))
    >>> z.shape, bool(abs(z).max() <= 0.5)
    ((1000,), True)
    """
    if not isinstance(threshold, Tracer) and threshold <= 0:
        raise ValueError(f"truncation = {threshold}: write a number above 0, such as 0.5")
    if definition == "threshold":
        return lambda key, shape: jax.random.truncated_normal(key, -threshold, threshold, shape)
    if definition == "scaled":
        return lambda key, shape: threshold * jax.random.truncated_normal(key, -2.0, 2.0, shape)
    if definition == "variance":
        return lambda key, shape: threshold * jax.random.normal(key, shape)
    raise ValueError(
        f"truncation definition {definition!r}: write 'threshold', 'scaled' or 'variance'"
    )


def class_conditional(
    distribution: Distribution, latent_dim: int, num_classes: int
) -> Callable[[jax.Array, int], tuple[jax.Array, jax.Array]]:
    """Return a prior: (key, n) -> latents [n, latent_dim] float32 and labels [n] int32, uniform
    over classes; without classes, labels are 0.

    >>> prior = class_conditional(normal, latent_dim=2, num_classes=10)
    >>> latents, labels = prior(jax.random.key(0), 5)
    >>> latents.shape, labels.shape, bool((labels < 10).all())
    ((5, 2), (5,), True)
    """

    def prior(key: jax.Array, n: int) -> tuple[jax.Array, jax.Array]:
        keys = Keys(key)
        latents = distribution(keys["latents"], (n, latent_dim))
        return latents, jax.random.randint(keys["labels"], (n,), 0, max(num_classes, 1))

    return prior


def numbered(
    distribution: Distribution, latent_dim: int, least: float, most: float
) -> Callable[[jax.Array, int], tuple[jax.Array, jax.Array]]:
    """Return a prior: (key, n) -> latents [n, latent_dim] and numbers [n] from U(least, most), both
    float32."""

    def prior(key: jax.Array, n: int) -> tuple[jax.Array, jax.Array]:
        keys = Keys(key)
        latents = distribution(keys["latents"], (n, latent_dim))
        return latents, jax.random.uniform(keys["numbers"], (n,), minval=least, maxval=most)

    return prior
