"""Max-pooling: values and derivatives of two orders against flax's, in both forms, with ties."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.models import pooling


def plain(x):
    return nn.max_pool(x, (2, 2), (2, 2))


def maps(h, w, dtype=jnp.float32):
    """Return x and a gradient of its maxima; integers from 0 to 3, so ties are many."""
    rng = np.random.default_rng(0)
    x = jnp.asarray(rng.integers(0, 4, (2, h, w, 3)), dtype)
    return x, jnp.asarray(rng.normal(size=(2, h // 2, w // 2, 3)), dtype)


@pytest.mark.parametrize("size", [(4, 6), (5, 4), (3, 3)])
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
def test_values_and_the_gradient_in_both_forms(size, dtype):
    x, dy = maps(*size, dtype)
    np.testing.assert_array_equal(pooling.max_pool(x), plain(x))
    expected = jax.vjp(plain, x)[1](dy)[0]
    assert expected.dtype == dtype
    for dx in (jax.vjp(pooling.max_pool, x)[1](dy)[0], *pooling._compared(x, dy)):
        assert dx.dtype == dtype
        np.testing.assert_array_equal(dx, expected)


def test_second_order_and_vmap():
    x, _ = maps(4, 6)
    x = x + jnp.linspace(0, 0.5, x.size).reshape(x.shape)

    def second(pool):
        gradient = jax.grad(lambda x: jnp.sin(pool(x)).sum())
        return jax.grad(lambda x: jnp.cos(gradient(x)).sum())(x), jax.vmap(gradient, 3)(
            x[..., None]
        )

    for a, b in zip(second(pooling.max_pool), second(plain), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)
