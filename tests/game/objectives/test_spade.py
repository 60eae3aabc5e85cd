"""GauGAN's losses against numpy: a toy generator and judge whose outputs are known."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.game.game import Batch, Bound, Nets
from jaxgan.game.keys import Keys
from jaxgan.game.objectives import spade

RNG = np.random.default_rng(0)
MAPS, TRUE = (jnp.asarray(RNG.uniform(-1, 1, (4, 2, 2, 1)), jnp.float32) for _ in range(2))
NOISE = jnp.asarray(RNG.normal(size=(4, 3)), jnp.float32)
MEAN, LOG_VARIANCE = (jnp.asarray(RNG.normal(size=(4, 3)), jnp.float32) for _ in range(2))


class Game:
    @staticmethod
    def source(key, batch):
        return NOISE, batch.condition


def made(noise, maps):
    return 0.5 * maps + noise.mean(-1)[:, None, None, None]


def activations(image, maps):
    fine, coarse = 3 * image + maps, (image - maps).mean((1, 2), keepdims=True)
    return (fine, 2 * fine, fine[..., 0]), (coarse, coarse**2, coarse[..., 0] + 1)


def losses_of(with_encoder=True, **fields):
    encode = {"encode": lambda images: (MEAN, LOG_VARIANCE)} if with_encoder else {}
    judge = {"call": lambda *x: tuple(scale[-1] for scale in activations(*x))}
    nets = Nets({
        "generator": Bound({"call": made, **encode}),
        "discriminator": Bound({**judge, "activations": activations}),
    })  # fmt: skip
    config = spade.default_config()
    config.update(fields)
    found = spade.objectives(config)
    batch, keys = Batch(TRUE, MAPS), Keys(jax.random.key(0))
    return {name: objective(Game(), nets, {}, batch, keys) for name, objective in found.items()}


def test_losses_are_those_of_the_paper():
    found, relu = losses_of(features=7.0), lambda x: np.maximum(x, 0)
    true, maps = np.float64(TRUE), np.float64(MAPS)
    fake = made(np.float64(NOISE), maps)
    real, generated = activations(true, maps), activations(fake, maps)
    expected = sum(
        relu(1 - r[-1]).mean() + relu(1 + f[-1]).mean()
        for r, f in zip(real, generated, strict=True)
    )
    assert float(found["discriminator"][0]) == pytest.approx(expected, rel=1e-5)
    distance = np.mean([
        sum(np.abs(a - b).mean() for a, b in zip(r[:-1], f[:-1], strict=True))
        for r, f in zip(real, generated, strict=True)
    ])  # fmt: skip
    expected = -sum(f[-1].mean() for f in generated) + 7 * distance
    assert float(found["generator"][0]) == pytest.approx(expected, rel=1e-5)


def test_the_style_of_the_picture_and_its_cost():
    """z = mean + deviation noise, and the KL of a Gaussian in closed form."""
    loss, outcome = losses_of(kl=0.05)["generator"]
    mean, log_variance = np.float64(MEAN), np.float64(LOG_VARIANCE)
    z = mean + np.exp(log_variance / 2) * np.float64(NOISE)
    np.testing.assert_allclose(outcome.drawn.noise, z, rtol=1e-5)
    np.testing.assert_allclose(
        outcome.drawn.fake.sample, made(z, np.float64(MAPS)), rtol=1e-4, atol=1e-5
    )
    kl = 0.5 * (np.exp(log_variance) + mean**2 - 1 - log_variance).sum(-1).mean()
    parts = outcome.metrics
    assert float(parts["kl"]) == pytest.approx(kl, rel=1e-5)
    expected = parts["adversarial"] + 10 * parts["features"] + 0.05 * kl
    assert float(loss) == pytest.approx(float(expected), rel=1e-5)


def test_the_kl_of_the_prior_itself_is_0_and_falls_to_there():
    zeros = jnp.zeros((2, 3))
    np.testing.assert_array_equal(spade.divergence(zeros, zeros), jnp.zeros(2))
    slopes = jax.grad(lambda m, v: spade.divergence(m, v).sum(), (0, 1))(zeros, zeros)
    np.testing.assert_array_equal(slopes, jnp.zeros((2, 2, 3)))
    assert (spade.divergence(zeros, zeros + 0.5) > 0).all()  # not by the mean alone
    # Monte Carlo: E log q - log p of N(0.7, exp(-0.4)).
    draws = 0.7 + np.exp(-0.2) * np.random.default_rng(0).normal(size=200_000)
    q = -0.5 * ((draws - 0.7) ** 2 / np.exp(-0.4)) + 0.2
    estimate = (q + 0.5 * draws**2).mean()
    exact = spade.divergence(jnp.full((1, 1), 0.7), jnp.full((1, 1), -0.4))[0]
    assert float(exact) == pytest.approx(estimate, abs=0.01)


def test_the_judges_features_of_true_pictures_are_held():
    """The generator's gradient goes through the fake's features alone."""
    real = ((jnp.ones((1, 2)), jnp.zeros(1)),)
    slope = jax.grad(lambda r: spade.feature_distance(r, ((jnp.zeros((1, 2)), jnp.zeros(1)),)))
    np.testing.assert_array_equal(slope(real)[0][0], jnp.zeros((1, 2)))


def test_refusals():
    with pytest.raises(ValueError, match=r"write model.style=True, or objective.kl=0"):
        losses_of(with_encoder=False, kl=0.05)
    config = spade.default_config()
    config.features = -1.0
    with pytest.raises(ValueError, match=r"objective.features = -1.0: write 0"):
        spade.objectives(config)
