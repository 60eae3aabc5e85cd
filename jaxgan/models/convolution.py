"""Convolutions of the networks: same size, after upsampling by 2, before averaging by 2, strided.

    conv(x, k)[i, j]    sum over a, b, c of x[i + a - p, j + b - q, c] k[a, b, c], zeros outside
    conv_up(x, k)       conv(upsample(x), k)
    conv_down(x, k)     average_pool(conv(x, k))
    conv_strided(x, k)  conv(x, k)[:, ::2, ::2]

No map is actually upsampled or averaged. Both operations are sums over 2 x 2 neighbours, and such
sums commute with a convolution, so the convolution goes directly between the small and the large
map with stride 2. With a 3 x 3 kernel, the plain form takes 36 products per pixel of the small map.
There are two others:

    sums of the kernel    it becomes 4 x 4: 16 products; the large map is read or written once
    sums of the map       the kernel stays 3 x 3: 9 products, and one more pass over the large map

The second is used if the small map has more than MANY channels: products then dominate, and maps
are small. Both equal the plain form up to rounding. The convolutions and sums themselves are in
convolution_primitives.py.
"""

from functools import reduce
from operator import add

import jax
import jax.numpy as jnp
from jax import lax

from jaxgan.models.convolution_primitives import (
    convolve,
    flipped,
    own_layout,
    repeat,
    sum_2_by_2,
    sums,
    sums_around,
    transpose,
)

MANY = 512  # channels, by tests/benchmark_layers.py


def conv(x: jax.Array, kernel: jax.Array, groups: int = 1) -> jax.Array:
    """Convolve x [b, h, w, in] with kernel [kh, kw, in / groups, out], both of one float dtype.

    Same size, stride 1, zero padding; kh and kw odd (ValueError). Returns [b, h, w, out]. `groups`
    splits the channels of x and of the result; each part of the result depends on its own part of x
    (ValueError if groups do not divide them).
    """
    _check(x, kernel)
    if groups > 1 or kernel.shape[2] != x.shape[3]:
        _check_groups(x, kernel, groups)
    elif kernel.shape[:2] == (1, 1):
        return lax.dot_general(x, kernel[0, 0], (((3,), (0,)), ((), ())))
    return convolve.bind(x, kernel, stride=1, groups=groups)


def conv_up(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Return conv(upsample(x), kernel), [b, 2 h, 2 w, out]."""
    _check(x, kernel)
    if kernel.shape[:2] == (1, 1):
        return upsample(conv(x, kernel))
    kernel = own_layout.bind(kernel)
    if x.shape[3] > MANY:
        return sums.bind(transpose.bind(x, flipped(kernel), stride=2, groups=1))
    return transpose.bind(x, flipped(_box_sums(kernel, 1.0)), stride=2, groups=1)


def conv_down(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Return average_pool(conv(x, kernel)), [b, h / 2, w / 2, out]. h and w even (ValueError)."""
    _check(x, kernel)
    if kernel.shape[:2] == (1, 1):
        return conv(average_pool(x), kernel)
    _check_even(x)
    if kernel.shape[3] > MANY:
        return convolve.bind(sums_around.bind(x), kernel / 4, stride=2, groups=1)
    return convolve.bind(x, _box_sums(kernel, 0.25), stride=2, groups=1)


def conv_strided(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Return conv(x, kernel)[:, ::2, ::2] for x [b, h, w, in]: half of h and w, rounded up."""
    _check(x, kernel)
    if kernel.shape[:2] == (1, 1):
        return conv(x[:, ::2, ::2], kernel)
    x = jnp.pad(x, ((0, 0), (1, x.shape[1] % 2), (1, x.shape[2] % 2), (0, 0)))
    return convolve.bind(x, kernel, stride=2, groups=1)


def conv_halving(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Convolve x [b, h, w, in] with kernel [k, k, in, out], k even, with stride 2: half of h and w.

    Zero padding of (k - 2) / 2 on every side. h and w even (ValueError).
    """
    _check_halving(x, kernel)
    _check_even(x)
    return convolve.bind(x, kernel, stride=2, groups=1)


def conv_doubling(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Map x [b, h, w, in] to [b, 2 h, 2 w, out] with kernel [k, k, in, out], k even: the transpose
    of conv_halving ("transposed convolution")."""
    _check_halving(x, kernel)
    return transpose.bind(x, kernel.swapaxes(2, 3), stride=2, groups=1)


def conv_shrinking(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Convolve x [b, h, w, in] with kernel [k, k, in, out], k even, with stride 1.

    Zero padding of (k - 2) / 2 on every side: returns [b, h - 1, w - 1, out].
    """
    _check_halving(x, kernel)
    # An odd kernel with zeros in front; the surplus last row and column are cut off.
    kernel = jnp.pad(kernel, ((1, 0), (1, 0), (0, 0), (0, 0)))
    return convolve.bind(x, kernel, stride=1, groups=1)[:, :-1, :-1]


def upsample(x: jax.Array) -> jax.Array:
    """Double height and width of [b, h, w, c]: every pixel becomes 2 x 2 equal ones."""
    return repeat.bind(x)


def average_pool(x: jax.Array) -> jax.Array:
    """Halve height and width of [b, h, w, c] by 2 x 2 means. h and w even (ValueError)."""
    _check_even(x)
    return sum_2_by_2.bind(x) * jnp.asarray(0.25, x.dtype)


def blur(x: jax.Array) -> jax.Array:
    """Filter rows and columns of [b, h, w, c] by (1, 2, 1) / 4, zeros outside."""
    return sums.bind(sums_around.bind(x)) * jnp.asarray(1 / 16, x.dtype)


def _check(x: jax.Array, kernel: jax.Array) -> None:
    if kernel.shape[0] % 2 == 0 or kernel.shape[1] % 2 == 0:
        raise ValueError(f"kernel of {kernel.shape[0]} x {kernel.shape[1]}: write odd sizes")
    if x.dtype != kernel.dtype:
        raise ValueError(f"kernel is {kernel.dtype}, x is {x.dtype}: cast the kernel to {x.dtype}")


def _check_halving(x: jax.Array, kernel: jax.Array) -> None:
    if kernel.shape[0] % 2 or kernel.shape[1] % 2:
        raise ValueError(f"kernel of {kernel.shape[0]} x {kernel.shape[1]}: write even sizes")
    if x.dtype != kernel.dtype:
        raise ValueError(f"kernel is {kernel.dtype}, x is {x.dtype}: cast the kernel to {x.dtype}")


def _check_groups(x: jax.Array, kernel: jax.Array, groups: int) -> None:
    if kernel.shape[2] * groups != x.shape[3] or kernel.shape[3] % groups:
        raise ValueError(
            f"kernel {kernel.shape} in {groups} groups does not fit {x.shape[3]} channels: write "
            "[kh, kw, in / groups, out], with groups that divide in and out"
        )


def _check_even(x: jax.Array) -> None:
    if x.shape[1] % 2 or x.shape[2] % 2:
        raise ValueError(f"cannot halve {x.shape[1]} x {x.shape[2]}: write even sizes")


def _box_sums(kernel: jax.Array, factor: float) -> jax.Array:
    """Convolve the kernel with a 2 x 2 box: one more row and one more column. Rounded once."""
    k = kernel.astype(jnp.float32) if kernel.dtype.itemsize < 4 else kernel
    moved = (jnp.pad(k, ((a, 1 - a), (b, 1 - b), (0, 0), (0, 0))) for a in (0, 1) for b in (0, 1))
    return (reduce(add, moved) * factor).astype(kernel.dtype)
