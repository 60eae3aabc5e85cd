"""Eight seeds in one program: the training step under vmap; so for learning rates or penalties."""

from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax

from jaxgan import Game, Player, init_state, train_step
from jaxgan.config import default_config
from jaxgan.game.latents import class_conditional, normal
from jaxgan.game.objectives import adversarial

SEEDS = jnp.arange(8)


def game() -> GAN:
    """Return a game on points of the plane: a GAN is data, any two Linen modules will do."""

    class Generator(nn.Module):
        @nn.compact
        def __call__(self, latents, labels):
            return nn.Dense(2)(nn.tanh(nn.Dense(16)(latents)))

    class Discriminator(nn.Module):
        @nn.compact
        def __call__(self, points, labels):
            return nn.Dense(1)(nn.leaky_relu(nn.Dense(16)(points)))[:, 0]

    g_goal, d_goal = adversarial.objectives(default_config().objective)
    z, labels, points = (
        jax.ShapeDtypeStruct(shape, dtype)
        for shape, dtype in (((2, 4), "float32"), ((2,), "int32"), ((2, 2), "float32"))
    )
    adam = optax.adam(1e-3, b1=0.0, b2=0.9)
    generator = Player(Generator(), (z, labels), g_goal, adam)
    discriminator = Player(Discriminator(), (points, labels), d_goal, adam)
    return Game(generator, discriminator, class_conditional(normal, 4, 1))


def batch(key: jax.Array) -> dict[str, jax.Array]:
    """Return 32 points near (2, 0) for each of two discriminator steps, one microbatch."""
    points = jnp.array([2.0, 0.0]).reshape(1, 1, 1, 2) + 0.1 * jax.random.normal(key, (2, 1, 32, 2))
    return {"images": points, "labels": jnp.zeros((2, 1, 32), jnp.int32)}


def train(gan: Game, seed: jax.Array, steps: int):
    def step(state, key):
        return train_step(game, state, batch(key))

    return jax.lax.scan(step, init_state(game, seed), jax.random.split(jax.random.key(7), steps))


def test_eight_seeds_at_once_are_eight_runs():
    game = game()
    states, metrics = jax.jit(jax.vmap(partial(train, game, steps=20)))(SEEDS)
    assert metrics["g/loss"].shape == (8, 20)
    alone, _ = jax.jit(partial(train, game, steps=20))(jnp.int32(3))
    for many, one in zip(*map(jax.tree.leaves, (states.generator, alone.generator)), strict=True):
        np.testing.assert_allclose(many[3], one, rtol=1e-4, atol=1e-6)  # batched products round
    first = jax.tree.leaves(states.generator.params)[1]
    assert len({row.tobytes() for row in np.asarray(first)}) == 8  # eight different runs
