"""A game small enough for any test: two-layer networks and eight Gaussians on a ring."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax

from jaxgan.game.averaging import ema
from jaxgan.game.game import GAN, Player
from jaxgan.game.objectives import adversarial
from jaxgan.game.transforms import identity, spectral_norm
from jaxgan.models.layers import BatchNorm

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


def game(
    normalise: bool = False, normalised_d: bool = True, learning_rate: float = 2e-3, **fields
) -> GAN:
    labels = jax.ShapeDtypeStruct((2,), jnp.int32)
    latents, points = (jax.ShapeDtypeStruct((2, n), jnp.float32) for n in (LATENTS, 2))
    config = adversarial.default_config()
    config.loss = "non_saturating"
    g_goal, d_goal = adversarial.objectives(config)
    # eps: see `rounding` in test_sharding.py.
    adam = optax.adam(learning_rate, b1=0.0, b2=0.9, eps=1e-4)
    transform = spectral_norm() if normalised_d else identity()
    return GAN(
        Player(Points(normalise), (latents, labels), g_goal, adam),
        Player(Critic(), (points, labels), d_goal, adam, transform),
        prior,
        average=ema(0.99),
        **fields,
    )


def centres() -> np.ndarray:
    angles = np.arange(8) * np.pi / 4
    return np.stack([np.cos(angles), np.sin(angles)], -1).astype(np.float32)


def batch(key: jax.Array, shape: tuple[int, ...]) -> dict[str, jax.Array]:
    """Draw points of the ring, leaves [*shape, ...]."""
    key, noise_key = jax.random.split(key)
    modes = jax.random.randint(key, shape, 0, 8)
    noise = SPREAD * jax.random.normal(noise_key, (*shape, 2))
    return {"images": jnp.asarray(centres())[modes] + noise, "labels": jnp.zeros(shape, jnp.int32)}
