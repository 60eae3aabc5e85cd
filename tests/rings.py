"""A game small enough for any test: two-layer networks and eight Gaussians on a ring."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax

from jaxgan.game.averaging import ema
from jaxgan.game.game import Batch, Game, Label, Player
from jaxgan.game.keys import Keys
from jaxgan.game.objectives import adversarial
from jaxgan.game.transforms import identity, spectral_norm
from jaxgan.models.layers import BatchNorm
from jaxgan.models.sides import linen

LATENTS, SPREAD = 4, 0.05


class Points(nn.Module):
    """Map latents [b, 4] to points [b, 2]."""

    normalise: bool = False

    @nn.compact
    def __call__(self, latents: jax.Array, labels: jax.Array) -> jax.Array:
        x = latents
        for width in (64, 64):
            x = nn.relu(nn.Dense(width)(x))
            x = BatchNorm()(x) if self.normalise else x
        return nn.Dense(2)(x)


class Critic(nn.Module):
    """Map points [b, 2] to logits [b]."""

    @nn.compact
    def __call__(self, points: jax.Array, labels: jax.Array) -> jax.Array:
        x = points
        for width in (64, 64):
            x = nn.leaky_relu(nn.Dense(width)(x))
        return nn.Dense(1)(x)[:, 0]


def prior(key: jax.Array, n: int) -> tuple[jax.Array, jax.Array]:
    return jax.random.normal(key, (n, LATENTS)), jnp.zeros(n, jnp.int32)


def source(key: jax.Array, batch: Batch) -> tuple[jax.Array, jax.Array]:
    return prior(key, len(batch.sample))


def game(
    normalise: bool = False, normalised_d: bool = True, learning_rate: float = 2e-3, **fields
) -> Game:
    """Return the game; `fields` are the Game's own, such as turns."""
    latents, points = (jax.ShapeDtypeStruct((n,), jnp.float32) for n in (LATENTS, 2))
    label = Label(1)
    config = adversarial.default_config()
    config.loss = "non_saturating"
    wanted = adversarial.objectives(config)
    # eps: see `rounding` in test_sharding.py.
    adam = optax.adam(learning_rate, b1=0.0, b2=0.9, eps=1e-4)
    transform = spectral_norm() if normalised_d else identity()
    generator = linen(Points(normalise), latents, label)
    discriminator = linen(Critic(), points, label)
    players = {
        "generator": Player(generator, wanted["generator"], adam),
        "discriminator": Player(discriminator, wanted["discriminator"], adam, transform),
    }
    return Game(players, source, **{"averages": {"generator": ema(0.99)}, **fields})


def centres() -> np.ndarray:
    angles = np.arange(8) * np.pi / 4
    return np.stack([np.cos(angles), np.sin(angles)], -1).astype(np.float32)


def batch(key: jax.Array, shape: tuple[int, ...]) -> Batch:
    """Draw points of the ring, leaves [*shape, ...]."""
    keys = Keys(key)
    modes = jax.random.randint(keys["modes"], shape, 0, 8)
    noise = SPREAD * jax.random.normal(keys["noise"], (*shape, 2))
    return Batch(jnp.asarray(centres())[modes] + noise, jnp.zeros(shape, jnp.int32))
