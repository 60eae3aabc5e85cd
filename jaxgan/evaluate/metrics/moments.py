"""Mean and covariance of a stream of features, on device in float32, with float64 accuracy.

    mean = shift + sum(x) / n      covariance = (sum(x x^T) - sum(x) sum(x)^T / n) / (n - 1)
    with x = feature - shift

Float32 products and sums lose digits that a Frechet distance needs (its terms cancel), and
accelerators have no fast float64. So each batch is split in two: x = q u + r, with q integers of b
bits, u powers of two, and r the remainder, 2^-b times smaller. Then

    x^T x = u (q^T q) u + m + m^T      with m = (q u + r/2)^T r

q^T q is a matrix of integers below 2^24: float32 holds it exactly, in any order of summation, on
one device or many, even if a TPU rounds the factors to bfloat16 (9 bits with the sign at most). m
is 2^-b times smaller, so its float32 rounding is negligible. The sums are added to two-float (high,
low) accumulators. The idea is Ozaki's error-free matrix product (Numerical Algorithms 59, 2012),
cut off after the first digit.
"""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np


class TwoFloat(NamedTuple):
    """An unevaluated sum of two float32 arrays, with 48 bits."""

    high: jax.Array
    low: jax.Array


class Moments(NamedTuple):
    """Running sums over the rows seen: shift [d], total [d], products [d, d]."""

    shift: jax.Array
    total: TwoFloat
    products: TwoFloat


def empty_moments(features: jax.Array, mask: jax.Array) -> Moments:
    """Return moments of no rows, shifted by about the mean of the first batch.

    Args:
      features: [n, d] float32. mask: [n] bool, False for padding.
    """
    features = jnp.where(mask[:, None], features, 0.0)
    mean = features.sum(axis=0) / mask.sum(dtype=jnp.float32)
    # Rounded to 12 bits of the column's scale, so that feature - shift is exact in float32.
    unit = _power_of_two(jnp.abs(features).max(axis=0)) * 2.0**-12
    vector = jnp.zeros(features.shape[1])
    matrix = jnp.zeros((len(vector), len(vector)))
    return Moments(
        jnp.round(mean / unit) * unit, TwoFloat(vector, vector), TwoFloat(matrix, matrix)
    )


def add_batch(moments: Moments, features: jax.Array, mask: jax.Array) -> Moments:
    """Return the moments with the rows of `features` [n, d] where `mask` [n] is True added."""
    # Integers up to 2^(bits - 1): a sum of len(features) products stays within 2^24.
    bits = min(9, (26 - math.ceil(math.log2(max(2, len(features))))) // 2)
    shift = moments.shift[None]
    x = jnp.where(mask[:, None], features - shift, 0.0)
    unit = _power_of_two(jnp.abs(x).max(axis=0)) * 2.0 ** (1 - bits)
    whole = jnp.round(x / unit[None])
    head = whole * unit[None]
    # Not x - head: shift + head is exact, so this also recovers the rounding of feature - shift.
    rest = jnp.where(mask[:, None], features - (shift + head), 0.0)
    exact = (whole.T @ whole) * unit[:, None] * unit[None]
    small = jnp.matmul((head + rest / 2).T, rest, precision=jax.lax.Precision.HIGHEST)
    return Moments(
        moments.shift,
        _plus(_plus(moments.total, head.sum(axis=0)), rest.sum(axis=0)),
        _plus(_plus(moments.products, exact), small + small.T),
    )


def mean_and_covariance(moments: Moments, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return mean [d] and covariance [d, d] (divided by count - 1), numpy float64."""
    if count < 2:
        raise ValueError(f"{count} images: a covariance needs at least 2")
    shift, total, products = jax.tree.map(lambda x: np.asarray(x, np.float64), moments)
    total, products = total.high + total.low, products.high + products.low
    covariance = (products - np.outer(total, total) / count) / (count - 1)
    return shift + total / count, covariance


def _power_of_two(x: jax.Array) -> jax.Array:
    """Return the smallest power of two that is at least x; 1 where x is 0."""
    fraction, exponent = jnp.frexp(x)
    exponent = jnp.where(fraction == 0.5, exponent - 1, exponent)
    return jnp.where(x > 0, jnp.ldexp(jnp.ones_like(x), exponent), 1.0)


def _plus(acc: TwoFloat, x: jax.Array) -> TwoFloat:
    """Add a float32 array without losing the rounding error (Knuth's two-sum)."""
    high = acc.high + x
    kept = high - acc.high
    error = (acc.high - (high - kept)) + (x - kept)
    return TwoFloat(high, acc.low + error)
