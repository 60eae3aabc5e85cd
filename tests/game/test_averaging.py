"""The moving average against numpy."""

import jax.numpy as jnp
import numpy as np

from jaxgan.game.averaging import ema


def test_moving_average_is_a_copy_before_its_start_and_the_stated_sum_after():
    # Steps are counted from 1 in `start_step`: the third is number 2 of the state.
    values = np.random.default_rng(0).normal(size=(8, 3)).astype(np.float32)
    average = ema(0.9, start_step=3)
    expected, got = np.zeros(3), {"w": jnp.zeros(3)}
    for step, value in enumerate(values):
        decay = 0.0 if step + 1 < 3 else 0.9
        expected = decay * expected + (1 - decay) * value
        got = average(got, {"w": jnp.asarray(value)}, jnp.asarray(step))
        if step + 1 < 3:
            np.testing.assert_array_equal(got["w"], value)
        np.testing.assert_allclose(got["w"], expected, rtol=1e-5, atol=1e-6)


def test_a_fixed_point_stays_exactly():
    params = {"w": jnp.array([0.1, 1e8, -3.3])}
    new = ema(0.9999)(params, params, jnp.asarray(5))
    np.testing.assert_array_equal(new["w"], params["w"])
