"""StackGAN's divergence against integrals and known points, and its weight in the loss."""

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.game.game import Batch, Bound, Nets
from jaxgan.game.keys import Keys
from jaxgan.game.objectives import stackgan

RNG = np.random.default_rng(0)
TEXTS = jnp.asarray(RNG.normal(size=(4, 2)), jnp.float32)
NOISE = jnp.asarray(RNG.normal(size=(4, 2)), jnp.float32)


@pytest.mark.parametrize("mu, log_sigma", [(0.0, 0.0), (1.5, 0.0), (-0.7, 0.4), (2.0, -1.0)])
def test_the_divergence_is_the_integral(mu, log_sigma):
    x, sigma = np.linspace(-20, 20, 200_001), np.exp(log_sigma)
    log_p = -0.5 * ((x - mu) / sigma) ** 2 - log_sigma
    density = np.exp(log_p) / np.sqrt(2 * np.pi)
    expected = (density * (log_p + 0.5 * x**2)).sum() * (x[1] - x[0])
    found = stackgan.divergence(jnp.float32(mu), jnp.float32(log_sigma))
    assert float(found) == pytest.approx(expected, abs=1e-5)


def test_it_pulls_at_both_halves():
    """Its slopes are mu and sigma^2 - 1: a reported error has mu in the place of log sigma."""
    slopes = jax.grad(stackgan.divergence, (0, 1))(jnp.float32(0.6), jnp.float32(0.3))
    np.testing.assert_allclose(slopes, [0.6, np.exp(0.6) - 1], rtol=1e-5)


def test_the_weight_is_of_the_mean_over_coordinates():
    draw = lambda noise, text: jnp.tanh(noise + 2 * text)
    judge = lambda image, text: (image * text).sum(-1)
    moments = lambda text: (0.3 * text, 0.1 * text)
    nets = Nets({
        "generator": Bound({"call": draw, "moments": moments}),
        "discriminator": Bound({"call": judge}),
    })  # fmt: skip
    game = SimpleNamespace(source=lambda key, batch: (NOISE, batch.condition))
    batch, keys = Batch(jnp.zeros((4, 2)), TEXTS), Keys(jax.random.key(0))
    t, z = np.float64(TEXTS), np.float64(NOISE)
    adversarial = np.log1p(np.exp(-(np.tanh(z + 2 * t) * t).sum(-1))).mean()
    kl = (0.5 * (np.exp(0.2 * t) + (0.3 * t) ** 2 - 1) - 0.1 * t).mean()
    for weight in (0.0, 2.0):
        config = stackgan.default_config()
        config.kl = weight
        found, _ = stackgan.objectives(config)["generator"](game, nets, {}, batch, keys)
        assert float(found) == pytest.approx(adversarial + weight * kl, rel=1e-5)
    config.kl = -1.0
    with pytest.raises(ValueError, match=r"objective.kl = -1"):
        stackgan.objectives(config)
