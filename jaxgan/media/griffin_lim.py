"""The Griffin-Lim algorithm: waves whose spectra have given magnitudes (IEEE TASSP 32(2), 1984).

Each round takes the waves nearest to the spectra, then the phases of those waves' own spectra; the
magnitudes stay as given. The first phases are random, by a fixed seed: the result is a function of
the magnitudes.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import lax


def waves_of(
    magnitudes: jax.Array,
    transform: Callable[[jax.Array], jax.Array],
    inverse: Callable[[jax.Array], jax.Array],
    rounds: int,
) -> jax.Array:
    """Return waves [b, t] whose spectra have magnitudes close to [b, n, f] float32, 0 or more.

    transform: waves to spectra [b, n, f] complex64. inverse: spectra to the nearest waves.
    """
    turns = jax.random.uniform(jax.random.key(0), magnitudes.shape[1:], maxval=2 * jnp.pi)
    magnitudes = magnitudes.astype(jnp.complex64)

    def body(_, phases: jax.Array) -> jax.Array:
        spectra = transform(inverse(magnitudes * phases))
        return spectra / jnp.maximum(jnp.abs(spectra), 1e-12).astype(jnp.complex64)

    first = lax.complex(jnp.cos(turns), jnp.sin(turns))
    phases = lax.fori_loop(0, rounds, body, jnp.broadcast_to(first[None], magnitudes.shape))
    return inverse(magnitudes * phases)
