"""Up- and downsampling and the blur against numpy and the plain form, in values and derivatives."""

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.models.convolution import average_pool, blur, upsample
from tests.models.test_convolution import arrays, assert_close, large, small


def test_resampling_and_its_derivatives():
    def derivatives(f, x):
        pulled = jax.grad(lambda x: jnp.sin(f(x)).sum())
        return f(x), pulled(x), jax.grad(lambda x: jnp.cos(pulled(x)).sum())(x), jax.vmap(f, 1)(x4)

    with jax.enable_x64(True):
        x = jnp.asarray(arrays(4, 6, 1, 1)[0])
        x4 = jnp.stack([x, -x, x * x], 1)
        for ours, plain in ((upsample, large), (average_pool, small)):
            assert_close(derivatives(ours, x), derivatives(plain, x))
    # bfloat16: the mean of four is rounded once.
    x = jnp.asarray(x, jnp.bfloat16)
    exact = small(x.astype(jnp.float32)).astype(jnp.bfloat16)
    np.testing.assert_array_equal(average_pool(x), exact)


def test_blur():
    x = arrays(5, 4, 1, 1)[0]
    p, weights = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0))), (0.25, 0.5, 0.25)
    taps = [(i, j, a * b) for i, a in enumerate(weights) for j, b in enumerate(weights)]
    expected = sum(w * p[:, i : i + 5, j : j + 4] for i, j, w in taps)
    assert_close(blur(jnp.float32(x)), expected, 1e-6)
    stripes = jnp.float32(3.0 + (-1.0) ** np.arange(8))[None, None, :, None].repeat(8, 1)
    np.testing.assert_array_equal(blur(stripes)[:, 1:-1, 1:-1], 3.0)
