"""The moving average and standing statistics against numpy."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.game.averaging import ema, encoder_stats, standing_stats
from jaxgan.models.layers import BatchNorm


def test_moving_average_is_a_copy_before_its_start_and_the_stated_sum_after():
    values = np.random.default_rng(0).normal(size=(8, 3)).astype(np.float32)
    average = ema(0.9, start_step=3)
    expected, got = np.zeros(3), {"w": jnp.zeros(3)}
    for step, value in enumerate(values):
        decay = 0.0 if step < 3 else 0.9
        expected = decay * expected + (1 - decay) * value
        got = average(got, {"w": jnp.asarray(value)}, jnp.asarray(step))
        if step < 3:
            np.testing.assert_array_equal(got["w"], value)
        np.testing.assert_allclose(got["w"], expected, rtol=1e-5, atol=1e-6)


def test_a_fixed_point_stays_exactly():
    params = {"w": jnp.array([0.1, 1e8, -3.3])}
    new = ema(0.9999)(params, params, jnp.asarray(5))
    np.testing.assert_array_equal(new["w"], params["w"])


class Net(nn.Module):
    @nn.compact
    def __call__(self, latents, labels):
        x = latents @ self.param("kernel", nn.initializers.normal(1.0), (3, 4))
        return BatchNorm(name="norm")(x)


def draw(key, n):
    return jax.random.normal(key, (n, 3)), jnp.zeros(n, jnp.int32)


def test_standing_statistics_are_means_of_batch_moments_and_sampling_uses_them():
    net, key = Net(), jax.random.key(1)
    weights = net.init(jax.random.key(0), *draw(key, 2))["params"]
    stats = standing_stats(net, weights, draw, key, num_batches=5, batch=8)

    hidden = [
        np.asarray(draw(k, 8)[0], np.float64) @ np.asarray(weights["kernel"], np.float64)
        for k in jax.random.split(key, 5)
    ]
    mean = np.mean([h.mean(0) for h in hidden], axis=0)
    var = np.mean([h.var(0) for h in hidden], axis=0)
    np.testing.assert_allclose(stats["norm"]["mean"], mean, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(stats["norm"]["var"], var, rtol=1e-4)

    latents, labels = draw(jax.random.key(7), 2)
    images = net.apply({"params": weights, "batch_stats": stats}, latents, labels)
    x = np.asarray(latents, np.float64) @ np.asarray(weights["kernel"], np.float64)
    expected = (x - mean) / np.sqrt(var + 1e-4)
    np.testing.assert_allclose(images, expected, rtol=1e-3, atol=1e-4)


class WithEncoder(nn.Module):
    @nn.compact
    def features(self, images):
        x = images.mean((1, 2)) @ self.param("kernel", nn.initializers.normal(1.0), (3, 4))
        return BatchNorm(name="norm")(x)


def test_statistics_of_an_encoder_are_means_over_batches_of_images():
    net, images = WithEncoder(), np.random.default_rng(0).normal(size=(5, 8, 2, 2, 3))
    images = images.astype(np.float32)
    weights = net.init(jax.random.key(0), images[0], method="features")["params"]
    stats = encoder_stats(net, weights, jnp.asarray(images))
    hidden = images.astype(np.float64).mean((2, 3)) @ np.asarray(weights["kernel"], np.float64)
    np.testing.assert_allclose(stats["norm"]["mean"], hidden.mean((0, 1)), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(stats["norm"]["var"], hidden.var(1).mean(0), rtol=1e-4)


def test_a_generator_without_batch_norm_has_no_statistics():
    net = nn.Dense(2)
    weights = net.init(jax.random.key(0), jnp.zeros((1, 3)))["params"]
    module = nn.module.Module  # only `apply` is used; labels are dropped

    class Plain(module):
        @nn.compact
        def __call__(self, latents, labels):
            return nn.Dense(2)(latents)

    assert standing_stats(Plain(), {"Dense_0": weights}, draw, jax.random.key(0), 2, 4) == {}
