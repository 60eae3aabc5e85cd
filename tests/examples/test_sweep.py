"""Eight seeds in one program: the training step under vmap; so for learning rates or penalties."""

from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax

from jaxgan import Batch, Game, Player, init_state, train_step
from jaxgan.config import default_config
from jaxgan.game.averaging import ema
from jaxgan.game.game import Label, alternate
from jaxgan.game.latents import class_conditional, normal
from jaxgan.game.objectives import adversarial
from jaxgan.models.sides import linen

SEEDS = jnp.arange(8)


class Generator(nn.Module):
    @nn.compact
    def __call__(self, latents, labels):
        return nn.Dense(2)(nn.tanh(nn.Dense(16)(latents)))


class Discriminator(nn.Module):
    @nn.compact
    def __call__(self, points, labels):
        return nn.Dense(1)(nn.leaky_relu(nn.Dense(16)(points)))[:, 0]


def points_game() -> Game:
    """Return a game on points of the plane: a game is data, any two Linen modules will do."""
    wanted = adversarial.objectives(default_config().objective)
    z, point = (jax.ShapeDtypeStruct((n,), jnp.float32) for n in (4, 2))
    sides = {
        "generator": linen(Generator(), z, Label(1)),
        "discriminator": linen(Discriminator(), point, Label(1)),
    }
    adam = optax.adam(1e-3, b1=0.0, b2=0.9)
    prior = class_conditional(normal, 4, 1)
    return Game(
        {name: Player(side, wanted[name], adam) for name, side in sides.items()},
        source=lambda key, batch: prior(key, len(batch.sample)),
        turns=alternate(2),
        averages={"generator": ema(0.999)},
    )


def batch(key: jax.Array) -> Batch:
    """Return 32 points near (2, 0) for each of two discriminator steps, one microbatch."""
    points = jnp.array([2.0, 0.0]).reshape(1, 1, 1, 2) + 0.1 * jax.random.normal(key, (2, 1, 32, 2))
    return Batch(points, jnp.zeros((2, 1, 32), jnp.int32))


def train(game: Game, seed: jax.Array, steps: int):
    def step(state, key):
        return train_step(game, state, batch(key))

    return jax.lax.scan(step, init_state(game, seed), jax.random.split(jax.random.key(7), steps))


def test_eight_seeds_at_once_are_eight_runs():
    game = points_game()
    states, metrics = jax.jit(jax.vmap(partial(train, game, steps=20)))(SEEDS)
    assert metrics["g/loss"].shape == (8, 20)
    alone, _ = jax.jit(partial(train, game, steps=20))(jnp.int32(3))
    pair = states.players["generator"], alone.players["generator"]
    for many, one in zip(*map(jax.tree.leaves, pair), strict=True):
        np.testing.assert_allclose(many[3], one, rtol=1e-4, atol=1e-6)  # batched products round
    first = jax.tree.leaves(states.players["generator"].params)[1]
    assert len({row.tobytes() for row in np.asarray(first)}) == 8  # eight different runs
