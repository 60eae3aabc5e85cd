"""Losses against numpy."""

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan import losses

REAL = np.array([-3.0, -0.5, 0.0, 0.7, 1.0, 4.0], np.float32)
FAKE = np.array([2.0, 0.9, -1.0, -1.5, 0.1, -6.0], np.float32)


def test_hinge():
    expected = np.maximum(0, 1 - REAL) + np.maximum(0, 1 + FAKE)
    np.testing.assert_array_equal(losses.hinge.discriminator(REAL, FAKE), expected)
    np.testing.assert_array_equal(losses.hinge.generator(FAKE), -FAKE)


def test_non_saturating():
    sigmoid = lambda x: 1 / (1 + np.exp(-x.astype(np.float64)))  # noqa: E731
    expected = -np.log(sigmoid(REAL)) - np.log(1 - sigmoid(FAKE))
    found = losses.non_saturating.discriminator(REAL, FAKE)
    np.testing.assert_allclose(found, expected, rtol=1e-6)  # a few float32 roundings
    found = losses.non_saturating.generator(FAKE)
    np.testing.assert_allclose(found, -np.log(sigmoid(FAKE)), rtol=1e-6)
    slope = jax.grad(lambda x: losses.non_saturating.generator(x).sum())(jnp.asarray(FAKE))
    np.testing.assert_allclose(slope, sigmoid(FAKE) - 1, rtol=1e-5)


def test_one_value_for_each_example():
    for loss in vars(losses).values():
        if isinstance(loss, losses.Loss):
            assert loss.discriminator(REAL, FAKE).shape == REAL.shape
            assert jax.eval_shape(loss.generator, jnp.asarray(FAKE)).shape == FAKE.shape
