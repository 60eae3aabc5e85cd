"""Convolutions over time [b, t, c] and over volumes [b, d, h, w, c], on the maps of convolution.py.

    conv_1d(x, k)[i]            sum over a, c of x[s i + a - p, c] k[a, c], zeros outside
    conv_transpose_1d           its transpose: y[j] = sum over s i + a - p = j of x[i] k[a]
    conv_3d                     the same over three axes, s = 1, with odd kernels
    conv_halving_3d             s = 2, with kernels of 4 x 4 x 4
    conv_doubling_3d            the transpose of conv_halving_3d

Time. With stride s, the s phases of the samples become channels; a kernel of k taps becomes one of
about k / s + 1 taps over all phases, some of them 0, with stride 1. The transpose makes all phases
of its output at once. Groups are slices of the taps and one batched product: XLA's grouped
convolution is a naive loop on a CPU. With dilation d, samples that are d apart become the rows of a
map with d columns.

Volumes. Depth is merged into the batch: the depth taps become shifted copies, side by side as
channels, and what is left is a 2-D convolution. The transpose computes the part of every depth tap
and adds them up.

On a CPU XLA's own forms of all of these are slower, most of them tens to hundreds of times inside a
loop, such as that over microbatches (tests/benchmark_convolution_nd.py).

Everything consists of linear maps whose derivatives of every order are as fast, so gradient
penalties are too.
"""

import math
from collections.abc import Callable

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.models.convolution import conv, conv_doubling, conv_halving


def conv_1d(
    x: jax.Array, kernel: jax.Array, stride: int = 1, groups: int = 1, before: int | None = None
) -> jax.Array:
    """Convolve x [b, t, in] with kernel [k, in / groups, out]: [b, t / stride, out].

    before: number of zeros in front of x, p above; None: (k - stride) // 2, as in TensorFlow's
      "same". The zeros that are still missing follow x.

    Raises ValueError if stride does not divide t, or the groups do not fit.
    """
    (b, t, channels), (_, inputs, outputs) = x.shape, kernel.shape
    if t % stride:
        raise ValueError(f"stride {stride} does not divide {t} samples: write a multiple of it")
    if inputs * groups != channels or outputs % groups:
        raise ValueError(
            f"kernel {kernel.shape} in {groups} groups does not fit {channels} channels: write "
            "[k, in / groups, out], with groups that divide in and out"
        )
    taps = _taps(kernel, stride, before)
    phases = x.reshape(b, t // stride, stride, channels)
    if groups > 1:
        return _grouped(phases, taps, groups)
    phases = phases.reshape(b, t // stride, 1, stride * channels)
    return conv(phases, taps.reshape(len(taps), 1, stride * channels, outputs))[:, :, 0]


def conv_transpose_1d(
    x: jax.Array, kernel: jax.Array, stride: int, before: int | None = None
) -> jax.Array:
    """Map x [b, t, in] to [b, stride t, out] with kernel [k, in, out]: the transpose of conv_1d
    whose kernel has in and out exchanged."""
    (b, t, channels), outputs = x.shape, kernel.shape[2]
    taps = _taps(kernel, stride, before)[::-1].transpose(0, 2, 1, 3)
    taps = taps.reshape(len(taps), 1, channels, stride * outputs)
    return conv(x[:, :, None], taps).reshape(b, stride * t, outputs)


def conv_dilated_1d(x: jax.Array, kernel: jax.Array, dilation: int = 1) -> jax.Array:
    """Convolve x [b, t, in] with kernel [k, in, out], k odd, whose taps are `dilation` samples
    apart.

    Without padding: [b, t - dilation (k - 1), out].
    """
    (b, t, channels), reach = x.shape, len(kernel) // 2
    x = jnp.pad(x, ((0, 0), (0, -t % dilation), (0, 0))).reshape(b, -1, dilation, channels)
    y = conv(x, kernel[:, None])  # each column holds the samples that are `dilation` apart
    y = y[:, reach : y.shape[1] - reach].reshape(b, -1, kernel.shape[2])
    return y[:, : t - dilation * (len(kernel) - 1)]


def _taps(kernel: jax.Array, stride: int, before: int | None) -> jax.Array:
    """Return [k, in, out] as [2 m + 1, stride, in, out]: tap n reaches n - m samples of a phase."""
    k = len(kernel)
    before = (k - stride) // 2 if before is None else before
    front = -before % stride  # zeros that bring tap p to the first phase
    left = (before + front) // stride
    right = -(-(k + front) // stride) - 1 - left
    reach = max(left, right)
    front += (reach - left) * stride
    behind = (2 * reach + 1) * stride - k - front
    padded = jnp.pad(kernel, ((front, behind), (0, 0), (0, 0)))
    return padded.reshape(2 * reach + 1, stride, *kernel.shape[1:])


def _grouped(phases: jax.Array, taps: jax.Array, groups: int) -> jax.Array:
    """Convolve [b, t, stride, in] with [2 m + 1, stride, in / groups, out], group by group."""
    (b, t, stride, channels), reach = phases.shape, len(taps) // 2
    parts = phases.reshape(b, t, stride, groups, channels // groups)
    parts = jnp.pad(parts, ((0, 0), (reach, reach), *((0, 0),) * 3))
    windows = jnp.stack([parts[:, n : n + t] for n in range(len(taps))], 2)
    kernel = taps.reshape(*taps.shape[:3], groups, -1)
    return jnp.einsum("btnsgc,nscgo->btgo", windows, kernel).reshape(b, t, -1)


def conv_3d(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Convolve x [b, d, h, w, in] with kernel [k, k, k, in, out], k odd: the same d, h, w."""
    if kernel.shape[0] % 2 == 0:
        raise ValueError(f"kernel {kernel.shape}: write odd sizes")
    reach = len(kernel) // 2
    depth = x.shape[1]
    padded = jnp.pad(x, ((0, 0), (reach, reach), *((0, 0),) * 3))
    taps = [padded[:, a : a + depth] for a in range(len(kernel))]
    return _over_planes(conv, jnp.concatenate(taps, -1), _depth_to_inputs(kernel))


def conv_halving_3d(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Convolve x [b, d, h, w, in] with kernel [4, 4, 4, in, out] and stride 2: half of d, h and w.

    Zero padding of 1 on every side. Raises ValueError unless d, h and w are even.
    """
    _check_4(kernel)
    b, d, *plane = x.shape
    if any(side % 2 for side in x.shape[1:4]):
        raise ValueError(f"cannot halve a map of {x.shape[1:4]}: write even sizes")
    even, odd = jnp.moveaxis(x.reshape(b, d // 2, 2, *plane), 2, 0)
    taps = [_later(odd), even, odd, _sooner(even)]  # x at 2 i - 1, 2 i, 2 i + 1, 2 i + 2
    return _over_planes(conv_halving, jnp.concatenate(taps, -1), _depth_to_inputs(kernel))


def conv_doubling_3d(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Map x [b, d, h, w, in] to [b, 2 d, 2 h, 2 w, out] with kernel [4, 4, 4, in, out]: the
    transpose of conv_halving_3d whose kernel has in and out exchanged."""
    _check_4(kernel)
    b, d, h, w, inputs = x.shape
    outputs = kernel.shape[-1]
    kernel = kernel.transpose(1, 2, 3, 0, 4).reshape(4, 4, inputs, 4 * outputs)
    parts = _over_planes(conv_doubling, x, kernel)
    first, second, third, fourth = jnp.split(parts, 4, -1)
    both = jnp.stack([second + _later(fourth), third + _sooner(first)], 2)
    return both.reshape(b, 2 * d, 2 * h, 2 * w, outputs)


def _check_4(kernel: jax.Array) -> None:
    if kernel.shape[:3] != (4, 4, 4):
        raise ValueError(f"kernel {kernel.shape}: write [4, 4, 4, in, out]")


def _later(x: jax.Array) -> jax.Array:
    """Shift [b, d, ...] by one along depth: x[d - 1] moves to d, zeros in front."""
    return jnp.pad(x[:, :-1], ((0, 0), (1, 0), *((0, 0),) * (x.ndim - 2)))


def _sooner(x: jax.Array) -> jax.Array:
    return jnp.pad(x[:, 1:], ((0, 0), (0, 1), *((0, 0),) * (x.ndim - 2)))


def _depth_to_inputs(kernel: jax.Array) -> jax.Array:
    """Turn [k, kh, kw, in, out] into [kh, kw, k in, out]: depth taps side by side."""
    k, kh, kw, inputs, outputs = kernel.shape
    return kernel.transpose(1, 2, 0, 3, 4).reshape(kh, kw, k * inputs, outputs)


def _over_planes(convolve: Callable, x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Apply a 2-D convolution to every plane of x [b, d, h, w, c]."""
    y = convolve(x.reshape(-1, *x.shape[2:]), kernel)
    return y.reshape(*x.shape[:2], *y.shape[1:])


def _with_bias(module: nn.Module, x: jax.Array) -> jax.Array:
    bias = module.param("bias", nn.initializers.zeros, (x.shape[-1],))
    return x + bias.reshape(*(1,) * (x.ndim - 1), -1)


class Layer(nn.Module):
    """A convolution of this file with its kernel [*kernel_size, in / groups, features] and a bias.

    convolve: (x [b, ..., in], kernel) -> [b, ..., features].
    """

    convolve: Callable[[jax.Array, jax.Array], jax.Array]
    features: int
    kernel_size: tuple[int, ...]
    kernel_init: Callable
    groups: int = 1
    use_bias: bool = True

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        shape = (*self.kernel_size, x.shape[-1] // self.groups, self.features)
        x = self.convolve(x, self.param("kernel", self.kernel_init, shape))
        return _with_bias(self, x) if self.use_bias else x


class Unfolded(nn.Module):
    """Map latents [b, n] to a first map [b, *shape, features]: a transposed convolution of one
    point, whose kernel is as large as the map. The bias is per channel."""

    shape: tuple[int, ...]
    features: int
    kernel_init: Callable
    use_bias: bool = True

    @nn.compact
    def __call__(self, latents: jax.Array) -> jax.Array:
        size = math.prod(self.shape) * self.features
        kernel = self.param("kernel", self.kernel_init, (latents.shape[-1], size))
        x = (latents @ kernel).reshape(-1, *self.shape, self.features)
        return _with_bias(self, x) if self.use_bias else x
