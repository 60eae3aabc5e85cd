"""What objectives draw, and how the discriminator sees real and generated samples.

`pair` interleaves two batches, so that one pass of the discriminator judges both; along a sharded
batch axis it needs no communication, which concatenation would.
"""

from typing import Any

import jax
import jax.numpy as jnp

from jaxgan.game.game import Batch, Game, Nets
from jaxgan.game.keys import Keys
from jaxgan.game.losses import score

PyTree = Any


def pair(real: PyTree, fake: PyTree) -> PyTree:
    """Interleave two batches with leaves [n, ...] to one of [2 n, ...]: real, fake, real, fake,
    ..."""

    def join(r: jax.Array, f: jax.Array) -> jax.Array:
        return jnp.stack([r, f], axis=1).reshape(-1, *r.shape[1:])

    return jax.tree.map(join, real, fake)


def unpair(paired: PyTree) -> tuple[PyTree, PyTree]:
    """Undo `pair`: leaves [2 n, ...] become real [n, ...] and fake [n, ...]."""
    split = jax.tree.map(lambda x: x.reshape(len(x) // 2, 2, *x.shape[1:]), paired)
    return jax.tree.map(lambda x: x[:, 0], split), jax.tree.map(lambda x: x[:, 1], split)


def judged(nets: Nets, real: Batch, fake: Batch, one_pass: bool = True) -> tuple[PyTree, PyTree]:
    """Return the discriminator's logits of real and of generated samples.

    one_pass: False for a discriminator with batch norm, so that each of the two batches has its own
      moments, as in DCGAN (arXiv 1511.06434).
    """
    if one_pass:
        return unpair(nets.discriminator.call(*pair(real, fake)))
    return nets.discriminator.call(*real), nets.discriminator.call(*fake)


def generated(game: Game, nets: Nets, batch: Batch, keys: Keys) -> tuple[PyTree, Batch]:
    """Return noise from the source and the samples generated from it, without a latent step."""
    noise, condition = game.source(keys["source"], batch)
    return noise, Batch(nets.generator.call(noise, condition), condition)


def generated_after_step(
    game: Game, nets: Nets, batch: Batch, keys: Keys
) -> tuple[PyTree, Batch, jax.Array]:
    """Return noise after the game's latent step, the samples generated from it, and the step's
    cost: [n], or [1] without a step."""
    noise, condition = game.source(keys["source"], batch)

    def energy(z: PyTree) -> jax.Array:
        return score(nets.discriminator.call(nets.generator.call(z, condition), condition))

    noise, cost = game.latent_step.improve(energy, noise, keys["latent_step"])
    return noise, Batch(nets.generator.call(noise, condition), condition), cost
