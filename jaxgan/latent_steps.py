"""Latent optimisation (LOGAN, arXiv 1912.00953): improve z before it is used.

    g = d D(G(z, y), y) / d z,    dz = alpha g / (beta + |g|^2),    z' = clip(z + dz)

The step ascends the discriminator's score, in both players' updates, and is part of the graph: the
gradient flows through dz (second order). A latent step is a function

    (energy, latents, key) -> (latents, cost [batch])

with energy(latents) -> [batch] scores and cost = |dz|^2. Batch norm couples the examples of a batch,
so the gradient of the sum of scores is an example's own only up to that coupling.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp

Energy = Callable[[jax.Array], jax.Array]
LatentStep = Callable[[Energy, jax.Array, jax.Array], tuple[jax.Array, jax.Array]]


def no_latent_step(energy: Energy, latents: jax.Array, key: jax.Array):
    """Use the latents as they are drawn."""
    return latents, jnp.zeros(latents.shape[0])
