"""The vocabulary: a GAN is a game between two players, and a game is data.

A `Player` is static: what its network is, what it wants, how it learns. A `PlayerState` holds its
arrays. The algorithm that connects them is in steps.py; no class here has behaviour.

params   what the optimiser owns (float32, possibly sharded)
weights  what a network is applied with: `transform(params)`, once in a step
stats    arrays of a player without a gradient (ADA's probability, path-length mean, image pool)
"""

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import flax
import flax.linen as nn
import jax
import jax.numpy as jnp
import optax

from jaxgan.game.averaging import Average, ema
from jaxgan.game.latent_steps import LatentStep, no_latent_step
from jaxgan.game.transforms import ParamTransform, identity

PyTree = Any
Batch = dict[str, jax.Array]  # "images" [n, height, width, channels] in [-1, 1], "labels" [n]
Examples = tuple[jax.Array, jax.Array]  # images and labels, of one kind
Prior = Callable[[jax.Array, int], tuple[jax.Array, jax.Array]]  # (key, n) -> latents, labels


class Nets(NamedTuple):
    """Both networks with their weights bound: generate(latents, labels) -> images and
    discriminate(images, labels) -> logits. `method=` calls another method of the module.
    `theirs` are the opponent's stats, to be read."""

    generate: Callable
    discriminate: Callable
    theirs: PyTree = ()


# (gan, nets, stats, batch, key) -> (loss, (stats, metrics)). The loss is a scalar that the player
# minimises; stats are the player's own; metrics is a dict of scalars for the log.
Objective = Callable[..., tuple[jax.Array, tuple[PyTree, dict[str, jax.Array]]]]


@dataclasses.dataclass(frozen=True)
class Player:
    """One side of the game. `example` holds shapes and dtypes of its network's inputs."""

    module: nn.Module
    example: tuple[jax.ShapeDtypeStruct, ...]
    objective: Objective
    optimizer: optax.GradientTransformation
    transform: ParamTransform = identity()  # noqa: RUF009 (a pair of functions, immutable)
    init_stats: Callable[[], PyTree] = dict


@dataclasses.dataclass(frozen=True)
class GAN:
    """The game. Build it once: closures hash by identity, so a rebuilt game compiles again."""

    generator: Player
    discriminator: Player
    prior: Prior
    latent_step: LatentStep = no_latent_step
    average: Average = ema(0.9999)  # noqa: RUF009


@flax.struct.dataclass
class PlayerState:
    params: PyTree
    transform_state: PyTree
    stats: PyTree
    opt_state: PyTree


@flax.struct.dataclass
class TrainState:
    """All that training remembers. `key` is the root of all randomness and never changes."""

    step: jax.Array
    key: jax.Array
    generator: PlayerState
    discriminator: PlayerState
    average: PyTree  # of the generator's params; sampled through the generator's transform


def init_player(player: Player, key: jax.Array) -> PlayerState:
    """Draw a player's first state."""
    module_key, transform_key = jax.random.split(key)
    inputs = [jnp.zeros(x.shape, x.dtype) for x in player.example]
    params = player.module.init(module_key, *inputs, mutable=["params"])["params"]
    return PlayerState(
        params=params,
        transform_state=player.transform.init(params, transform_key),
        stats=player.init_stats(),
        opt_state=player.optimizer.init(params),
    )


def init_state(gan: GAN, seed: int) -> TrainState:
    """Draw the first state of training. Jit it with `out_shardings`: born sharded."""
    key, g_key, d_key = jax.random.split(jax.random.key(seed), 3)
    generator = init_player(gan.generator, g_key)
    return TrainState(
        step=jnp.zeros((), jnp.int32),
        key=key,
        generator=generator,
        discriminator=init_player(gan.discriminator, d_key),
        average=jax.tree.map(jnp.copy, generator.params),
    )
