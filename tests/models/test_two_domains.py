"""The convolution of digits' classifiers against numpy."""

import jax.numpy as jnp
import numpy as np

from jaxgan.models.two_domains import Convolved


def test_a_convolution_without_padding_against_numpy():
    rng = np.random.default_rng(0)
    x, kernel = rng.normal(size=(2, 9, 8, 3)), rng.normal(size=(5, 5, 3, 4))
    windows = np.lib.stride_tricks.sliding_window_view(x, (5, 5), (1, 2))
    expected = np.einsum("bhwcij,ijco->bhwo", windows, kernel)
    module = Convolved(4, use_bias=False)
    weights = {"params": {"kernel": jnp.asarray(kernel, jnp.float32)}}
    np.testing.assert_allclose(
        module.apply(weights, jnp.asarray(x, jnp.float32)), expected, atol=1e-4
    )
