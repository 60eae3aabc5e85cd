"""Convolutions over time and volumes against XLA's own: values, gradients, gradients of gradients.

In float64 both agree to rounding: 1e-10 leaves digits of room, and is far below the 1e-4 that a
network would notice.
"""

import re
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.models.convolution_nd import (
    conv_1d,
    conv_3d,
    conv_dilated_1d,
    conv_doubling_3d,
    conv_halving_3d,
    conv_transpose_1d,
)
from tests.rotating import rotating

# Compiled in a third of the time, and slow to run, which small arrays can bear.
FAST = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}
WAVES, VOLUMES = ("NWC", "WIO", "NWC"), ("NDHWC", "DHWIO", "NDHWC")


def plain_1d(x, kernel, stride=1, groups=1, before=None):
    k, t = len(kernel), x.shape[1]
    before = (k - stride) // 2 if before is None else before
    behind = t - stride + k - before - t
    return jax.lax.conv_general_dilated(
        x,
        kernel,
        (stride,),
        [(before, behind)],
        dimension_numbers=WAVES,
        feature_group_count=groups,
    )


def plain_transpose_1d(x, kernel, stride, before=None):
    """The transpose of the convolution from the large to the small side."""
    large = jax.ShapeDtypeStruct((len(x), stride * x.shape[1], kernel.shape[2]), x.dtype)
    down = lambda y: plain_1d(y, kernel.swapaxes(1, 2), stride, before=before)
    return jax.linear_transpose(down, large)(x)[0]


def plain_3d(x, kernel, stride, padding):
    return jax.lax.conv_general_dilated(
        x, kernel, (stride,) * 3, [(padding, padding)] * 3, dimension_numbers=VOLUMES
    )


def plain_doubling_3d(x, kernel):
    large = jax.ShapeDtypeStruct((len(x), *(2 * s for s in x.shape[1:4]), kernel.shape[4]), x.dtype)
    down = lambda y: plain_3d(y, kernel.swapaxes(3, 4), 2, 1)
    return jax.linear_transpose(down, large)(x)[0]


CASES = {
    # WaveGAN's, MelGAN's and what lies between: ours, plain, shape of x, shape of the kernel.
    "k25 s4": (partial(conv_1d, stride=4), partial(plain_1d, stride=4), (2, 16, 3), (25, 3, 2)),
    "k25 s2": (partial(conv_1d, stride=2), partial(plain_1d, stride=2), (2, 12, 2), (25, 2, 3)),
    "k25 s8": (partial(conv_1d, stride=8), partial(plain_1d, stride=8), (1, 24, 2), (25, 2, 3)),
    "k7": (conv_1d, plain_1d, (2, 9, 2), (7, 2, 3)),
    "k1": (conv_1d, plain_1d, (2, 9, 2), (1, 2, 3)),
    "k4 s1": (conv_1d, plain_1d, (2, 9, 2), (4, 2, 3)),
    "k41 s4, 20 before": (
        partial(conv_1d, stride=4, before=20),
        partial(plain_1d, stride=4, before=20),
        (2, 16, 2),
        (41, 2, 3),
    ),
    "k41 s4 in 4 groups": (
        partial(conv_1d, stride=4, groups=4, before=20),
        partial(plain_1d, stride=4, groups=4, before=20),
        (2, 12, 8),
        (41, 2, 12),
    ),
    "k5 in 2 groups": (
        partial(conv_1d, groups=2),
        partial(plain_1d, groups=2),
        (2, 7, 4),
        (5, 2, 6),
    ),
    "up k25 s4": (
        partial(conv_transpose_1d, stride=4),
        partial(plain_transpose_1d, stride=4),
        (2, 5, 3),
        (25, 3, 2),
    ),
    "up k25 s2": (
        partial(conv_transpose_1d, stride=2),
        partial(plain_transpose_1d, stride=2),
        (2, 5, 3),
        (25, 3, 2),
    ),
    "up k16 s8": (
        partial(conv_transpose_1d, stride=8, before=4),
        partial(plain_transpose_1d, stride=8, before=4),
        (2, 3, 3),
        (16, 3, 2),
    ),
    "up k4 s2": (
        partial(conv_transpose_1d, stride=2, before=1),
        partial(plain_transpose_1d, stride=2, before=1),
        (2, 4, 3),
        (4, 3, 2),
    ),
    "k3, taps 9 apart": (
        partial(conv_dilated_1d, dilation=9),
        lambda x, k: sum(x[:, 9 * a : 9 * a + 4] @ k[a] for a in range(3)),
        (2, 22, 2),
        (3, 2, 3),
    ),
    "k5, taps 2 apart": (
        partial(conv_dilated_1d, dilation=2),
        lambda x, k: sum(x[:, 2 * a : 2 * a + 1] @ k[a] for a in range(5)),
        (2, 9, 2),
        (5, 2, 3),
    ),
    "3-D k3": (conv_3d, partial(plain_3d, stride=1, padding=1), (1, 3, 2, 4, 2), (3, 3, 3, 2, 3)),
    "3-D k4 s2": (
        conv_halving_3d,
        partial(plain_3d, stride=2, padding=1),
        (2, 4, 2, 6, 2),
        (4, 4, 4, 2, 3),
    ),
    "up 3-D k4 s2": (conv_doubling_3d, plain_doubling_3d, (2, 3, 1, 2, 3), (4, 4, 4, 3, 2)),
}


def derivatives(f, x, kernel):
    """The value, its gradients, and those of a gradient penalty: squared slopes by x and kernel."""

    def loss(x, kernel):
        return jnp.sin(f(x, kernel)).sum()

    def penalty(x, kernel):
        by_x, by_kernel = jax.grad(loss, (0, 1))(x, kernel)
        return jnp.square(by_x).sum() + jnp.sin(by_kernel).sum()

    first = jax.grad(loss, (0, 1))(x, kernel)
    return f(x, kernel), first, jax.grad(penalty, (0, 1))(x, kernel)


@pytest.mark.parametrize("name", rotating(list(CASES), 6))
def test_values_and_two_derivatives(name):
    ours, plain, x_shape, kernel_shape = CASES[name]
    rng = np.random.default_rng(0)
    with jax.enable_x64(True):
        x, kernel = (
            jnp.asarray(rng.normal(size=x_shape)),
            jnp.asarray(rng.normal(size=kernel_shape)),
        )
        got, expected = (
            jax.jit(partial(derivatives, f), compiler_options=FAST)(x, kernel)
            for f in (ours, plain)
        )
    for a, b in zip(jax.tree.leaves(got), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-10 * (1 + np.abs(b).max()))


@pytest.mark.parametrize("name", rotating(list(CASES), 4))
def test_programs_for_a_cpu_hold_only_fast_convolutions(name):
    """As in test_convolution.py, in a loop and with two derivatives. Products are fast as well."""
    ours, _, *shapes = CASES[name]
    x, kernel = (jnp.ones(shape, jnp.float32) for shape in shapes)

    def in_a_loop(f, xs, kernel):
        slopes = lambda kernel, x: (kernel, derivatives(f, x, kernel))
        return jax.lax.scan(slopes, kernel, xs)[1]

    program = jax.jit(partial(in_a_loop, ours)).lower(jnp.stack([x, x]), kernel).compile().as_text()
    for line in re.findall(r" convolution\(.*", program):
        assert "rhs_reversal" not in line and "lhs_dilate" not in line, line
        assert "dim_labels=b01f_01io->b01f" in line, line


def test_groups_are_a_loop_over_groups():
    """Group g of the result is made of group g of the channels alone."""
    rng = np.random.default_rng(1)
    x = jnp.asarray(rng.normal(size=(2, 8, 6)), jnp.float32)
    kernel = jnp.asarray(rng.normal(size=(5, 2, 9)), jnp.float32)
    found = conv_1d(x, kernel, stride=2, groups=3)
    loop = [conv_1d(x[..., 2 * g : 2 * g + 2], kernel[..., 3 * g : 3 * g + 3], 2) for g in range(3)]
    np.testing.assert_allclose(found, jnp.concatenate(loop, -1), atol=1e-5)


def test_the_first_and_last_sample_against_numpy():
    """Where the zeros stand: TensorFlow's "same" of k = 25, s = 4 has 10 in front, 11 behind."""
    x, kernel = np.arange(1.0, 9.0), np.arange(25.0)
    padded = np.concatenate([np.zeros(10), x, np.zeros(11)])
    expected = [padded[4 * i : 4 * i + 25] @ kernel for i in range(2)]
    found = conv_1d(jnp.asarray(x.reshape(1, 8, 1), jnp.float32),
                    jnp.asarray(kernel.reshape(25, 1, 1), jnp.float32), 4)  # fmt: skip
    np.testing.assert_allclose(found[0, :, 0], expected)


@pytest.mark.parametrize(
    ("function", "x", "kernel", "words"),
    [
        (partial(conv_1d, stride=4), (1, 6, 2), (5, 2, 2), "stride 4 does not divide 6 samples"),
        (partial(conv_1d, groups=3), (1, 6, 4), (5, 2, 2), "in 3 groups does not fit 4 channels"),
        (conv_1d, (1, 6, 4), (5, 2, 2), "does not fit 4 channels"),
        (conv_3d, (1, 4, 4, 4, 1), (4, 4, 4, 1, 1), "write odd sizes"),
        (conv_halving_3d, (1, 4, 3, 4, 1), (4, 4, 4, 1, 1), "write even sizes"),
        (conv_halving_3d, (1, 4, 4, 4, 1), (3, 3, 3, 1, 1), r"write \[4, 4, 4, in, out\]"),
    ],
)
def test_refusals(function, x, kernel, words):
    with pytest.raises(ValueError, match=words):
        function(jnp.zeros(x), jnp.zeros(kernel))
