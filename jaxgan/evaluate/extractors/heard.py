"""Sounds as a classifier sees them: pictures of how loud each frequency is over time.

A wave of t samples becomes n x n numbers, with n^2 at least t: short-time Fourier transforms with a
Hann window of 2 n samples and a hop of n (media/log_spectrograms.py), in decibels from -60 (a sine
at a thousandth of full scale, -1) to 0 (a sine at full scale, 1). Anything softer counts as
silence: a classifier should not distinguish rounding from noise.
"""

import math

import jax
import jax.numpy as jnp

from jaxgan.media.log_spectrograms import transform, window

LEAST = -60.0  # decibels


def heard(waves: jax.Array) -> jax.Array:
    """Return pictures [b, n, n, 1] float32 in [-1, 1] of waves [b, t, channels] in [-1, 1]. If
    there are several channels, of their mean."""
    n = max(math.isqrt(waves.shape[1] - 1) + 1, 4)
    mono = jnp.pad(waves.mean(-1), ((0, 0), (0, n * n - waves.shape[1])))
    sizes = jnp.abs(transform(mono, n))[..., :-1] / (window(n).sum() / 2)
    decibels = 20 * jnp.log10(jnp.maximum(sizes, 1e-9))
    return (1 - 2 * jnp.clip(decibels / LEAST, 0.0, 1.0))[..., None]
