"""Distances between many features: fast in float32, with a bound on their errors.

    |a - b|^2 = |a|^2 + |b|^2 - 2 a.b,    off by at most (d + 16) 2^-23 (|a|^2 + |b|^2)

The matrix product runs on the device. Callers that compare two distances closer than that bound
look them up again with `exact_distances`, in float64 from the differences. So decisions (is this
sample inside that ball?) equal exact arithmetic, although 99.9% of the work is float32.
"""

import jax
import jax.numpy as jnp
import numpy as np

# Elements of one block of distances: 64 MB of float32.
BLOCK = 2**24
# Pairs looked up again in one call (2,048 features: 64 MB).
PAIRS = 2**12


def centred(features: np.ndarray, center: np.ndarray) -> np.ndarray:
    """Return features - center as float32: distances stay the same, norms (so the bound) shrink."""
    return (features - center).astype(np.float32)


def squared_distances(a: jax.Array, b: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Return squared distances [m, n] of a [m, d] and b [n, d] and the bound on their errors."""
    norms = jnp.sum(a * a, axis=1)[:, None] + jnp.sum(b * b, axis=1)[None]
    products = jnp.matmul(a, b.T, precision=jax.lax.Precision.HIGHEST)
    bound = norms * ((a.shape[1] + 16) * 2.0**-23)
    return jnp.maximum(norms - 2.0 * products, 0.0), bound


def exact_distances(a: np.ndarray, b: np.ndarray, rows: np.ndarray, cols: np.ndarray) -> np.ndarray:
    """Return |a[rows] - b[cols]| for pairs of indices [p], float64; symmetric to the last bit."""
    found = np.empty(len(rows))
    for start in range(0, len(rows), PAIRS):
        pairs = slice(start, start + PAIRS)
        difference = a[rows[pairs]].astype(np.float64) - b[cols[pairs]]
        found[pairs] = np.sqrt(np.einsum("pd,pd->p", difference, difference))
    return found


def row_blocks(count: int, width: int) -> list[slice]:
    """Return slices of `count` rows such that rows x width stays within BLOCK."""
    rows = max(1, min(count, BLOCK // width))
    return [slice(start, min(start + rows, count)) for start in range(0, count, rows)]
