"""Up- and downsampling and the blur against numpy and the plain form, in values and derivatives.

And in the second stage what a TPU's compiler makes of resampling and of groups.
"""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.models.convolution import average_pool, blur, conv, conv_up, upsample
from jaxgan.planning import chips
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


@pytest.mark.slow
def test_a_tpu_does_not_copy_an_upsampling_kernels_state_to_another_layout():
    """Else parameter and moment go to the gradient's layout, and back: four copies."""
    pytest.importorskip("libtpu")

    def step(kernel, moment, x):
        loss = lambda k: jnp.square(conv_up(x, k.astype(x.dtype))).sum(dtype=jnp.float32)
        gradient = jax.grad(loss)(kernel)
        moment = 0.5 * moment + jnp.square(gradient)
        return kernel - gradient * jax.lax.rsqrt(moment), moment

    there = jax.sharding.SingleDeviceSharding(chips.slice_devices("v5e:2x2")[0])
    abstract = lambda s, dtype: jax.ShapeDtypeStruct(s, dtype, sharding=there)
    kernel = abstract((3, 3, 256, 128), jnp.float32)
    x = abstract((32, 8, 8, 256), jnp.bfloat16)
    with chips.quiet():
        compiled = jax.jit(step, donate_argnums=(0, 1)).lower(kernel, kernel, x).compile()
    program = compiled.as_text()
    assert "f32[3,3,256,128]" in program
    assert not re.search(r"f32\[3,3,256,128\]\S* copy\(", program)


@pytest.mark.slow
def test_a_tpu_does_the_operations_of_one_group_for_each_group():
    """Of a penalty's gradient: two maps forward, two back, two to the kernel, all in groups.

    A dense kernel with zeros between groups would take eight times the operations.
    """
    pytest.importorskip("libtpu")
    groups, channels, side, batch = 8, 512, 8, 32

    def penalty(x, kernel):
        value = lambda x: jnp.square(conv(jnp.sin(x), kernel, groups)).sum(dtype=jnp.float32)
        return jnp.square(jax.grad(value)(x)).sum(dtype=jnp.float32)

    there = jax.sharding.SingleDeviceSharding(chips.slice_devices("v5e:2x2")[0])
    abstract = lambda *s: jax.ShapeDtypeStruct(s, jnp.bfloat16, sharding=there)
    x, kernel = abstract(batch, side, side, channels), abstract(3, 3, channels // groups, channels)
    with chips.quiet():
        compiled = jax.jit(jax.grad(penalty, (0, 1))).lower(x, kernel).compile()
    products = batch * side**2 * 9 * channels**2 / groups
    assert compiled.as_text().count(" convolution(") == 6
    assert compiled.cost_analysis()["flops"] < 1.1 * 6 * 2 * products
