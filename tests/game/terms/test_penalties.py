"""Penalties against the closed forms of a linear and a quadratic discriminator."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from jaxgan.game.game import Batch
from jaxgan.game.keys import Keys
from jaxgan.game.terms import penalties

KEYS = Keys(jax.random.key(3))
SHAPE = (4, 2, 3, 1)


def examples(seed: int):
    images = np.random.default_rng(seed).normal(size=SHAPE).astype(np.float32)
    return Batch(jnp.asarray(images), jnp.arange(4, dtype=jnp.int32))


REAL, FAKE = examples(0), examples(1)
SLOPE = jnp.asarray(np.random.default_rng(2).normal(size=SHAPE[1:]).astype(np.float32))


def linear(images, labels):
    """A logit whose slope is SLOPE, times the label."""
    return labels.astype(jnp.float32) * jnp.einsum("bhwc,hwc->b", images, SLOPE)


def quadratic(images, labels):
    """A logit whose slope is the image."""
    return 0.5 * jnp.square(images).sum((1, 2, 3))


def squares(x):
    return np.square(np.asarray(x, np.float64)).reshape(len(x), -1).sum(-1)


@pytest.mark.parametrize("name", sorted(penalties.PENALTIES))
def test_closed_form(name):
    between = np.asarray(penalties.between(REAL[0], FAKE[0], KEYS["between"]))
    noise = np.asarray(penalties.normal_like(REAL[0], KEYS["between"]), np.float64)
    along = (noise * np.asarray(SLOPE)).sum((1, 2, 3)) * np.arange(4.0)
    # D(x + e n) - D(x) = e <x, n> + e^2 |n|^2 / 2 of the quadratic one.
    of_quadratic = (np.asarray(REAL[0]) * noise).sum((1, 2, 3)) + squares(
        noise
    ) * penalties.STEP / 2
    fixed = np.arange(4.0) ** 2 * float(jnp.square(SLOPE).sum())  # of the linear one
    expected = {
        "none": (np.zeros(4), np.zeros(4)),
        "r1": (fixed / 2, squares(REAL[0]) / 2),
        "r2": (fixed / 2, squares(FAKE[0]) / 2),
        "r1_r2": (fixed, (squares(REAL[0]) + squares(FAKE[0])) / 2),
        "gradient_penalty": ((np.sqrt(fixed) - 1) ** 2, (np.sqrt(squares(between)) - 1) ** 2),
        "zero_centred": (fixed, squares(between)),
        "finite_difference": (along**2, of_quadratic**2),
    }[name]
    for discriminate, value in zip((linear, quadratic), expected, strict=True):
        found = penalties.PENALTIES[name](discriminate, REAL, FAKE, KEYS["between"])
        assert found.shape == (4,) and found.dtype == jnp.float32
        # 1e-5: sums of six float32 squares and a root; 4e-6 where the slope is 0 (its floor). A
        # difference of logits of some 10 over 0.01 is exact to 1e-4, its square to 2e-3 here.
        room = {"rtol": 2e-3, "atol": 2e-3} if name == "finite_difference" else {}
        np.testing.assert_allclose(found, value, **({"rtol": 1e-5, "atol": 4e-6} | room))


def test_finite_differences_are_twice_r1_in_expectation():
    keys = jax.random.split(KEYS["many"], 4000)
    of_key = lambda key: penalties.finite_difference(quadratic, REAL, FAKE, key)
    found = jax.jit(jax.vmap(of_key))(keys).mean(0)
    expected = 2 * penalties.r1(quadratic, REAL, FAKE, KEYS["none"])
    # (n, x)^2 has a deviation of sqrt(2) |x|^2: 4 of them over the root of 4000 draws.
    np.testing.assert_allclose(found, expected, rtol=4 * 2**0.5 / 4000**0.5)


def test_between_is_on_the_line_with_a_share_for_each_example():
    points = np.asarray(penalties.between(REAL[0], FAKE[0], KEYS["between"]))
    shares = (points - FAKE[0]) / (REAL[0] - FAKE[0])
    shares = np.asarray(shares).reshape(4, -1)
    np.testing.assert_allclose(shares, np.broadcast_to(shares[:, :1], shares.shape), atol=1e-4)
    assert len(np.unique(shares[:, 0].round(3))) == 4
    assert (shares >= 0).all() and (shares <= 1).all()


@pytest.mark.parametrize("name", sorted(set(penalties.PENALTIES) - {"none", "finite_difference"}))
def test_gradient_by_the_discriminator(name):
    """Second order through a smooth network: finite differences agree."""

    def loss(weights):
        network = lambda x, y: jnp.tanh(x.reshape(len(x), -1) @ weights).sum(-1)
        return penalties.PENALTIES[name](network, REAL, FAKE, KEYS["between"]).mean()

    weights = 0.3 * jax.random.normal(KEYS["weights"], (6, 5))
    # 0.02: finite differences of float32 values.
    check_grads(loss, (weights,), order=1, modes="rev", rtol=0.02, atol=0.02)


def test_no_nan_where_the_discriminator_is_flat():
    def loss(scale):
        flat = lambda x, y: scale * x.sum((1, 2, 3))
        return penalties.gradient_penalty(flat, REAL, FAKE, KEYS["between"]).mean()

    assert float(loss(0.0)) == pytest.approx(1.0, abs=1e-5)
    assert float(jax.grad(loss)(0.0)) == 0.0


def test_an_unknown_name_is_refused():
    with pytest.raises(ValueError, match=r"penalty\.name = 'r3': write one of none, r1"):
        penalties.named("r3")
