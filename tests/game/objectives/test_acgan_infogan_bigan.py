"""The terms that AC-GAN, InfoGAN and BiGAN add, against numpy, with networks that are formulas."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.game import losses
from jaxgan.game.game import Batch, Bound, Nets
from jaxgan.game.keys import Keys
from jaxgan.game.objectives import acgan, bigan, infogan
from jaxgan.models.auxiliary import Recognition

RNG = np.random.default_rng(0)
LATENTS = RNG.normal(size=(5, 4)).astype(np.float32)
LABELS = np.array([0, 2, 1, 2, 0], np.int32)
IMAGES = RNG.normal(size=(5, 2, 2, 1)).astype(np.float32)
REAL_LABELS = np.array([1, 1, 0, 2, 0], np.int32)
BATCH = Batch(jnp.asarray(IMAGES), jnp.asarray(REAL_LABELS))
KEYS = Keys(jax.random.key(0))
MAP = RNG.normal(size=(4, 3)).astype(np.float32)  # image -> class logits


class Game:
    """All that these objectives ask of a game: its source."""

    @staticmethod
    def source(key, batch):
        return jnp.asarray(LATENTS), jnp.asarray(LABELS)


def generate(latents, labels):
    """G(z) = tanh z as a 2 x 2 image."""
    return jnp.tanh(latents).reshape(-1, 2, 2, 1)


def encode(images):
    """E(x) = x / 2 as a vector."""
    return 0.5 * images.reshape(-1, 4)


def judge(images, latents):
    return (images.reshape(-1, 4) * latents).sum(-1)


def recognise(images):
    flat = images.reshape(-1, 4)
    return Recognition(flat.sum(-1), flat @ MAP, 2.0 * flat[:, :2])


NETS = Nets(
    {
        "generator": Bound({"call": generate, "encode": encode}),
        "discriminator": Bound({"judge": judge, "recognise": recognise}),
    }
)


def cross_entropy(logits, labels):
    p = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    return -np.log(p[np.arange(len(labels)), labels])


def softplus(x):
    return np.log1p(np.exp(x))


def run(objective, **fields):
    loss, outcome = objective(Game, NETS, {}, BATCH, KEYS, loss=losses.non_saturating, **fields)
    assert outcome.stats == {}
    noise, real, fake = outcome.drawn.noise, outcome.drawn.real, outcome.drawn.fake
    np.testing.assert_array_equal(noise, LATENTS)
    np.testing.assert_array_equal(real.sample, IMAGES)
    np.testing.assert_array_equal(fake.condition, LABELS)
    np.testing.assert_allclose(fake.sample.reshape(5, 4), FAKES, rtol=1e-6)
    return float(loss)


FAKES = np.tanh(LATENTS.astype(np.float64))
REALS = IMAGES.reshape(5, 4).astype(np.float64)
REAL_TERM, FAKE_TERM = softplus(-REALS.sum(-1)), softplus(FAKES.sum(-1))
approx = lambda x: pytest.approx(x, rel=1e-5)


def test_acgan():
    of_real, of_fake = cross_entropy(REALS @ MAP, REAL_LABELS), cross_entropy(FAKES @ MAP, LABELS)
    expected = (REAL_TERM + FAKE_TERM + 0.7 * (of_real + of_fake)).mean()
    assert run(acgan.discriminator_objective, weight=0.7) == approx(expected)
    expected = (softplus(-FAKES.sum(-1)) + 0.7 * of_fake).mean()
    assert run(acgan.generator_objective, weight=0.7) == approx(expected)


def test_infogan():
    squares = ((LATENTS[:, :2] - 2 * FAKES[:, :2]) ** 2).sum(-1) / 2
    information = 0.7 * cross_entropy(FAKES @ MAP, LABELS) + 0.3 * squares
    weights = {"class_weight": 0.7, "code_weight": 0.3}
    expected = (REAL_TERM + FAKE_TERM + information).mean()
    assert run(infogan.discriminator_objective, **weights) == approx(expected)
    expected = (softplus(-FAKES.sum(-1)) + information).mean()
    assert run(infogan.generator_objective, **weights) == approx(expected)


def test_infogan_never_looks_at_real_labels():
    def loss(labels):
        batch = BATCH._replace(condition=labels)
        fields = {"loss": losses.non_saturating, "class_weight": 1.0, "code_weight": 1.0}
        return infogan.discriminator_objective(Game, NETS, {}, batch, KEYS, **fields)[0]

    assert loss(jnp.zeros(5, jnp.int32)) == loss(BATCH.condition)


def test_bigan():
    real, fake = (REALS * REALS / 2).sum(-1), (FAKES * LATENTS).sum(-1)
    expected = (softplus(-real) + softplus(fake)).mean()
    assert run(bigan.discriminator_objective) == approx(expected)
    expected = (softplus(-fake) + softplus(real)).mean()
    assert run(bigan.generator_objective) == approx(expected)
    _, outcome = bigan.generator_objective(Game, NETS, {}, BATCH, KEYS, loss=losses.non_saturating)
    error = ((np.tanh(REALS / 2) - REALS) ** 2).mean()
    assert float(outcome.metrics["reconstruction"]) == approx(error)
