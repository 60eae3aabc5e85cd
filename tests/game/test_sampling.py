"""Sampling: standing statistics against numpy, and draws that depend on nothing but themselves."""

from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.game import latents, sampling
from jaxgan.game.keys import Keys
from jaxgan.models.layers import BatchNorm
from jaxgan.models.sides import linen
from tests.tiny import spec_of

LATENTS = jax.ShapeDtypeStruct((3,), jnp.float32)
LABEL = spec_of((2, 2, 3)).condition
WEIGHTS = np.random.default_rng(1).normal(size=(3, 4)).astype(np.float32)


def test_a_draw_depends_on_seed_and_index_alone():
    prior = latents.class_conditional(latents.normal, 5, 10)
    z, y = sampling.draw(prior, 3, jnp.arange(20))
    few_z, few_y = sampling.draw(prior, 3, jnp.array([17, 2]))
    np.testing.assert_array_equal(few_z, z[np.array([17, 2])])
    np.testing.assert_array_equal(few_y, y[np.array([17, 2])])
    assert not np.allclose(sampling.draw(prior, 4, jnp.arange(20))[0], z)


def test_draws_are_those_of_the_prior():
    """Many single draws, each of a key of its own, are as independent as one large draw."""
    z, y = sampling.draw(latents.class_conditional(latents.normal, 3, 7), 0, jnp.arange(4000))
    assert z.shape == (4000, 3) and z.dtype == jnp.float32 and y.dtype == jnp.int32
    correlations = np.corrcoef(np.concatenate([z[1:], z[:-1]], 1).T) - np.eye(6)
    assert np.abs(correlations).max() < 5 / np.sqrt(4000)
    np.testing.assert_allclose(np.bincount(y, minlength=7) / 4000, 1 / 7, atol=0.03)


class Net(nn.Module):
    @nn.compact
    def __call__(self, latents, labels):
        x = latents @ self.param("kernel", nn.initializers.normal(1.0), (3, 4))
        return BatchNorm(name="norm")(x)


def draw(key, n=8):
    return jax.random.normal(key, (n, 3)), jnp.zeros(n, jnp.int32)


def net():
    weights = {"kernel": jnp.asarray(WEIGHTS), "norm": {"gain": jnp.ones(4), "bias": jnp.zeros(4)}}
    return linen(Net(), LATENTS, LABEL), weights


def test_standing_statistics_are_means_of_batch_moments_and_sampling_uses_them():
    side, weights = net()
    variables = sampling.variables(side, weights, draw, num_batches=5, seed=9)
    assert variables["params"] is weights
    stats = variables["batch_stats"]

    keys = jax.random.split(Keys(jax.random.key(9))["standing statistics"], 5)
    hidden = [np.asarray(draw(k)[0], np.float64) @ np.float64(WEIGHTS) for k in keys]
    mean = np.mean([h.mean(0) for h in hidden], axis=0)
    var = np.mean([h.var(0) for h in hidden], axis=0)
    np.testing.assert_allclose(stats["norm"]["mean"], mean, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(stats["norm"]["var"], var, rtol=1e-4)

    latents, labels = draw(jax.random.key(7), 2)
    images = sampling.generate(side, variables, latents, labels)
    x = np.asarray(latents, np.float64) @ np.float64(WEIGHTS)
    expected = (x - mean) / np.sqrt(var + 1e-4)
    np.testing.assert_allclose(images, expected, rtol=1e-3, atol=1e-4)


def test_statistics_depend_on_the_seed_and_on_nothing_else():
    side, weights = net()
    stats = lambda seed: sampling.variables(side, weights, draw, 3, seed)["batch_stats"]["norm"]
    np.testing.assert_array_equal(stats(0)["mean"], stats(0)["mean"])
    assert not np.allclose(stats(0)["mean"], stats(1)["mean"])


class WithEncoder(nn.Module):
    @nn.compact
    def __call__(self, images, labels):
        return images

    @nn.compact
    def features(self, images):
        x = images.mean((1, 2)) @ self.param("kernel", nn.initializers.normal(1.0), (3, 4))
        return BatchNorm(name="norm")(x)


def test_statistics_of_an_encoder_are_means_over_batches_of_images():
    images = np.random.default_rng(0).normal(size=(5, 8, 2, 2, 3)).astype(np.float32)
    spec = spec_of((2, 2, 3))
    side = linen(WithEncoder(), spec.sample, spec.condition, calls=("features",))
    moments = partial(side.moments, "features", {"params": net()[1]})
    stats = sampling.mean(moments, jnp.asarray(images))
    hidden = images.astype(np.float64).mean((2, 3)) @ np.float64(WEIGHTS)
    np.testing.assert_allclose(stats["norm"]["mean"], hidden.mean((0, 1)), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(stats["norm"]["var"], hidden.var(1).mean(0), rtol=1e-4)


class Plain(nn.Module):
    @nn.compact
    def __call__(self, latents, labels):
        return nn.Dense(2)(latents)


def test_a_generator_without_batch_norm_has_no_statistics():
    """And nothing is drawn or computed for them."""
    side = linen(Plain(), LATENTS, LABEL)
    weights = side.init(jax.random.key(0))

    def inputs(key):
        assert isinstance(key, jax.core.Tracer)  # for its shapes alone
        return draw(key)

    assert sampling.variables(side, weights, inputs, num_batches=10**9) == {"params": weights}
    assert side.moments("call", {"params": weights}, *draw(jax.random.key(0))) == {}


@pytest.mark.parametrize("call", ["features", "call"])
def test_statistics_are_those_of_the_call_that_is_named(call):
    spec = spec_of((2, 2, 3))
    side = linen(WithEncoder(), spec.sample, spec.condition, calls=("features",))
    images = lambda key: (jax.random.normal(key, (4, 2, 2, 3)), jnp.zeros(4, jnp.int32))
    inputs = images if call == "call" else lambda key: images(key)[:1]
    variables = sampling.variables(side, net()[1], inputs, 2, call=call)
    assert ("batch_stats" in variables) == (call == "features")
