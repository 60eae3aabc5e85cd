"""Convolutions of the networks: same size, after upsampling by 2, before averaging by 2, strided.

    conv(x, k)[i, j]    sum over a, b, c of x[i + a - p, j + b - q, c] k[a, b, c], zeros outside
    conv_up(x, k)       conv(upsample(x), k)
    conv_down(x, k)     average_pool(conv(x, k))
    conv_strided(x, k)  conv(x, k)[:, ::2, ::2]

Nothing is upsampled or averaged. Both are sums over 2 x 2 neighbours, and sums commute with the
convolution, so it goes between the two maps with stride 2, in place of 36 products a pixel of the
small map for a 3 x 3 kernel:

    sums of the kernel    it becomes 4 x 4: 16 products; the large map is read or written once
    sums of the map       it stays 3 x 3: 9 products, and one pass over the large map more

The second where the small map has more than MANY channels, where the products are and maps are
small. Both are equal to the plain form up to rounding.

All of it is one trilinear form, with stride s, of an x of s h rows (and one more if the kernel's
number of rows is odd and s = 2) with a y of h:

    T(x, k, y) = sum x[n, s i + a - p, s j + b - q, c] k[a, b, c, o] y[n, i, j, o]

in each group of channels; only ResNeXt's blocks have more than one. Leaving out one of the three
gives three bilinear maps, and the derivatives of each are the other two. They are JAX primitives
with just that rule, so derivatives of every order, forward and reverse mode, are these three maps
again, each in a form that its compiler does well. The rules of `lax.conv_general_dilated` would
take turns of their own: XLA swaps the operands of a convolution whose kernel is larger than its
input, and the reversed window that comes out runs 20 to 100 times slower on a CPU (the kernel
gradient of a dilated convolution, and of any kernel gradient).

Backends. From small to large a CPU runs a 2 x 2 convolution to four times the channels and then
interleaves pixels, others run a dilated convolution: 1.2 to 4 times slower on a CPU, but on a TPU
it spares a third of the bytes of a whole block. XLA moves the flip of a kernel through a product
with a scalar (a quarter, 1 / sigma), and then does not see that a dilated convolution is cuDNN's
backward one: on a card the product comes first, else four times the operations are on zeros.
Dimension numbers are always NHWC, HWIO, with explicit transposes: inside a loop XLA:CPU runs any
others 50 times slower. Inside `jax.shard_map` gradients need check_vma=False.
"""

from collections.abc import Callable
from functools import partial, reduce
from operator import add
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.experimental.layout import Layout, with_layout_constraint
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir

Size = tuple[int, int]
MANY = 512  # channels, by tests/benchmark_layers.py


def conv(x: jax.Array, kernel: jax.Array, groups: int = 1) -> jax.Array:
    """Convolve x [b, h, w, in] with kernel [kh, kw, in / groups, out], both of one float dtype.

    Same size, stride 1, zero padding; kh and kw odd (ValueError). Returns [b, h, w, out]. Channels
    of x and of the result are cut into groups, and each is made of its own (ValueError where groups
    do not divide them).
    """
    _check(x, kernel)
    if groups > 1 or kernel.shape[2] != x.shape[3]:
        _check_groups(x, kernel, groups)
    elif kernel.shape[:2] == (1, 1):
        return lax.dot_general(x, kernel[0, 0], (((3,), (0,)), ((), ())))
    return _convolve.bind(x, kernel, stride=1, groups=groups)


def conv_up(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Return conv(upsample(x), kernel), [b, 2 h, 2 w, out]."""
    _check(x, kernel)
    if kernel.shape[:2] == (1, 1):
        return upsample(conv(x, kernel))
    kernel = _own_layout.bind(kernel)
    if x.shape[3] > MANY:
        return _sums.bind(_transpose.bind(x, _flipped(kernel), stride=2, groups=1))
    return _transpose.bind(x, _flipped(_box_sums(kernel, 1.0)), stride=2, groups=1)


def conv_down(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Return average_pool(conv(x, kernel)), [b, h / 2, w / 2, out]. h and w even (ValueError)."""
    _check(x, kernel)
    if kernel.shape[:2] == (1, 1):
        return conv(average_pool(x), kernel)
    _check_even(x)
    if kernel.shape[3] > MANY:
        return _convolve.bind(_sums_around.bind(x), kernel / 4, stride=2, groups=1)
    return _convolve.bind(x, _box_sums(kernel, 0.25), stride=2, groups=1)


def conv_strided(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Return conv(x, kernel)[:, ::2, ::2]: half of h and w of [b, h, w, in], rounded up."""
    _check(x, kernel)
    if kernel.shape[:2] == (1, 1):
        return conv(x[:, ::2, ::2], kernel)
    x = jnp.pad(x, ((0, 0), (1, x.shape[1] % 2), (1, x.shape[2] % 2), (0, 0)))
    return _convolve.bind(x, kernel, stride=2, groups=1)


def conv_halving(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Convolve x [b, h, w, in] with kernel [k, k, in, out], k even, by stride 2: half of h and w.

    Zero padding of (k - 2) / 2 on every side. h and w even (ValueError).
    """
    _check_halving(x, kernel)
    _check_even(x)
    return _convolve.bind(x, kernel, stride=2, groups=1)


def conv_doubling(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Map x [b, h, w, in] to [b, 2 h, 2 w, out] with kernel [k, k, in, out], k even: the transpose
    of conv_halving ("transposed convolution")."""
    _check_halving(x, kernel)
    return _transpose.bind(x, kernel.swapaxes(2, 3), stride=2, groups=1)


def conv_shrinking(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Convolve x [b, h, w, in] with kernel [k, k, in, out], k even, by stride 1.

    Zero padding of (k - 2) / 2 on every side: [b, h - 1, w - 1, out].
    """
    _check_halving(x, kernel)
    # An odd kernel with a row and a column of zeros in front: one row and column too many come out.
    kernel = jnp.pad(kernel, ((1, 0), (1, 0), (0, 0), (0, 0)))
    return _convolve.bind(x, kernel, stride=1, groups=1)[:, :-1, :-1]


def upsample(x: jax.Array) -> jax.Array:
    """Double height and width of [b, h, w, c]: every pixel becomes 2 x 2 equal ones."""
    return _repeat.bind(x)


def average_pool(x: jax.Array) -> jax.Array:
    """Halve height and width of [b, h, w, c] by 2 x 2 means. h and w even (ValueError)."""
    _check_even(x)
    return _sum.bind(x) * jnp.asarray(0.25, x.dtype)


def blur(x: jax.Array) -> jax.Array:
    """Filter rows and columns of [b, h, w, c] by (1, 2, 1) / 4, zeros outside."""
    return _sums.bind(_sums_around.bind(x)) * jnp.asarray(1 / 16, x.dtype)


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
    """Convolve the kernel with a 2 x 2 box: one row and one column more. Rounded once."""
    k = kernel.astype(jnp.float32) if kernel.dtype.itemsize < 4 else kernel
    moved = (jnp.pad(k, ((a, 1 - a), (b, 1 - b), (0, 0), (0, 0))) for a in (0, 1) for b in (0, 1))
    return (reduce(add, moved) * factor).astype(kernel.dtype)


def _flipped(kernel: jax.Array, groups: int = 1) -> jax.Array:
    """Turn [kh, kw, c / groups, o] by 180 degrees, exchange its ends: [kh, kw, o / groups, c]."""
    if groups == 1:
        return kernel[::-1, ::-1].swapaxes(2, 3)
    kh, kw, c, o = kernel.shape
    apart = kernel[::-1, ::-1].reshape(kh, kw, c, groups, o // groups)
    return apart.transpose(0, 1, 4, 3, 2).reshape(kh, kw, o // groups, groups * c)


# The three maps. kernel: [kh, kw, c / groups, o], y: [n, h, w, o], x: [n, s h, s w, c] or one
# larger: above.


def _kernel_and_x_to_y(
    x: jax.Array, kernel: jax.Array, *, stride: int, groups: int = 1
) -> jax.Array:
    padding = _padding(_size(kernel), stride)
    return _lax_conv(x, kernel, padding, stride=stride, groups=groups)


def _kernel_and_y_to_x(
    y: jax.Array, kernel: jax.Array, *, stride: int, groups: int = 1
) -> jax.Array:
    (kh, kw), (ph, pw) = _size(kernel), _padding(_size(kernel), stride)
    padding = (kh - 1 - ph, kw - 1 - pw)
    return _lax_conv(y, _flipped(kernel, groups), padding, spread=stride, groups=groups)


def _kernel_and_y_to_x_apart(y: jax.Array, kernel: jax.Array, **params: Any) -> jax.Array:
    """The same with the kernel made first: what makes it is not merged into the convolution."""
    return _kernel_and_y_to_x(y, lax.optimization_barrier(kernel), **params)


def _kernel_and_y_to_x_interleaved(y: jax.Array, kernel: jax.Array, *, stride: int) -> jax.Array:
    """The same without dilation: every phase of the stride is a group of output channels."""
    if stride == 1:
        return _kernel_and_y_to_x(y, kernel, stride=1)
    (kh, kw, c, o), (b, h, w, _) = kernel.shape, y.shape
    th, tw = (kh + 1) // 2, (kw + 1) // 2
    phases = jnp.pad(kernel, ((0, kh % 2), (0, kw % 2), (0, 0), (0, 0)))
    phases = phases.reshape(th, 2, tw, 2, c, o)[::-1, :, ::-1].transpose(0, 2, 5, 1, 3, 4)
    x = _lax_conv(y, phases.reshape(th, tw, o, 4 * c), (th - 1, tw - 1))
    rows, columns = x.shape[1:3]
    x = x.reshape(b, rows, columns, 2, 2, c).transpose(0, 1, 3, 2, 4, 5)
    (ph, pw) = _padding((kh, kw), 2)
    after = 2 * (h - rows) + kh % 2 + ph, 2 * (w - columns) + kw % 2 + pw  # mostly negative: cut
    edges = ((0, 0, 0), (-ph, after[0], 0), (-pw, after[1], 0), (0, 0, 0))
    return lax.pad(x.reshape(b, 2 * rows, 2 * columns, c), np.zeros((), x.dtype), edges)


def _x_and_y_to_kernel(
    x: jax.Array, y: jax.Array, *, stride: int, size: Size, groups: int = 1
) -> jax.Array:
    if stride == 1 and y.shape[3] < x.shape[3]:  # the left operand is unfolded: let it be thin
        return _flipped(_x_and_y_to_kernel(y, x, stride=1, size=size, groups=groups), groups)
    x, y = x.transpose(3, 1, 2, 0), y.transpose(1, 2, 0, 3)
    padding = _padding(size, stride)
    kernel = _lax_conv(x, y, padding, kernel_spread=stride, batch_groups=groups)
    return kernel.transpose(1, 2, 0, 3)


def _x_and_y_to_kernel_apart(x: jax.Array, y: jax.Array, **params: Any) -> jax.Array:
    """The same; what makes x and y is not merged into the loops that transpose them."""
    return _x_and_y_to_kernel(*lax.optimization_barrier((x, y)), **params)


def _padding(size: Size, stride: int) -> Size:
    return (size[0] - stride) // 2, (size[1] - stride) // 2


def _lax_conv(
    x: jax.Array,
    kernel: jax.Array,
    padding: Size,
    stride: int = 1,
    spread: int = 1,
    kernel_spread: int = 1,
    groups: int = 1,
    batch_groups: int = 1,
) -> jax.Array:
    return lax.conv_general_dilated(
        x,
        kernel,
        (stride, stride),
        [(p, p) for p in padding],
        lhs_dilation=(spread, spread),
        rhs_dilation=(kernel_spread, kernel_spread),
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        feature_group_count=groups,
        batch_group_count=batch_groups,
    )


# The linear maps of resampling, in pairs: each is the other's transpose.


def _repeat_by_2(x: jax.Array) -> jax.Array:
    return jnp.repeat(jnp.repeat(x, 2, axis=1), 2, axis=2)


def _sum_2_by_2(x: jax.Array) -> jax.Array:
    wide = x.astype(jnp.float32) if x.dtype.itemsize < 4 else x  # rounded once
    zero, box = np.zeros((), wide.dtype), (1, 2, 2, 1)
    return lax.reduce_window(wide, zero, lax.add, box, box, "VALID").astype(x.dtype)


def _sums_of_neighbours(x: jax.Array) -> jax.Array:
    """Sum the 2 x 2 neighbours of [b, h, w, c]: one row and one column less. Rounded once."""
    (h, w), wide = x.shape[1:3], jnp.float32 if x.dtype.itemsize < 4 else x.dtype
    # The slices are widened, not x: one pass then reads and writes x's own type.
    corners = (x[:, a : a + h - 1, b : b + w - 1].astype(wide) for a in (0, 1) for b in (0, 1))
    return reduce(add, corners).astype(x.dtype)


def _sums_of_neighbours_around(x: jax.Array) -> jax.Array:  # zeros outside: one of each more
    return _sums_of_neighbours(jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0))))


def _primitive(
    name: str,
    value: Callable,
    cpu_value: Callable | None = None,
    cuda_value: Callable | None = None,
) -> Primitive:
    """Return a primitive that computes value(images) or value(images, other, **params)."""
    primitive = Primitive(name)
    primitive.def_impl(jax.jit(primitive.bind, static_argnames=("stride", "size", "groups")))

    def shape_of(*operands, **params):
        out = jax.eval_shape(partial(value, **params), *operands)
        return operands[0].update(shape=out.shape, dtype=out.dtype, weak_type=False)

    def batched(operands, axes, **params):
        is_mapped = [axis is not None for axis in axes]
        pairs = zip(operands, axes, strict=True)
        mapped = [jnp.moveaxis(a, axis, 0) for a, axis in pairs if axis is not None]
        if not any(is_mapped[1:]) and "size" not in params:  # the images are just more images
            images, *other = mapped[0], *operands[1:]
            out = primitive.bind(images.reshape(-1, *images.shape[2:]), *other, **params)
            return out.reshape(*images.shape[:2], *out.shape[1:]), 0

        # One by one: XLA's grouped convolution is a naive loop on CPU, with rules of its own.
        def one(parts):
            parts = iter(parts)
            return primitive.bind(
                *(next(parts) if m else a for a, m in zip(operands, is_mapped, strict=True)),
                **params,
            )

        return lax.map(one, mapped), 0

    lowering = partial(mlir.lower_fun, multiple_results=False)
    primitive.def_abstract_eval(shape_of)
    batching.primitive_batchers[primitive] = batched
    mlir.register_lowering(primitive, lowering(value))
    mlir.register_lowering(primitive, lowering(cpu_value or value), "cpu")
    if cuda_value is not None:
        mlir.register_lowering(primitive, lowering(cuda_value), "cuda")
    return primitive


_repeat = _primitive("repeat_by_2", _repeat_by_2)
_sum = _primitive("sum_2_by_2", _sum_2_by_2)
ad.deflinear2(_repeat, lambda g, x: [_sum.bind(g)])
ad.deflinear2(_sum, lambda g, x: [_repeat.bind(g)])

_sums = _primitive("sums", _sums_of_neighbours)
_sums_around = _primitive("sums_around", _sums_of_neighbours_around)
ad.deflinear2(_sums, lambda g, x: [_sums_around.bind(g)])
ad.deflinear2(_sums_around, lambda g, x: [_sums.bind(g)])


def _by_group(value: Callable) -> Callable:
    """Return the same, group by group: XLA's grouped convolution is a naive loop on a CPU.

    In all three maps the groups are parts of the last axis, of both operands and of the result.
    """

    def mapped(a: jax.Array, b: jax.Array, *, groups: int, **params: Any) -> jax.Array:
        if groups == 1:
            return value(a, b, **params)
        parts = zip(jnp.split(a, groups, -1), jnp.split(b, groups, -1), strict=True)
        return jnp.concatenate([value(p, q, **params) for p, q in parts], -1)

    return mapped


_convolve = _primitive("convolve", _kernel_and_x_to_y, _by_group(_kernel_and_x_to_y))
_transpose = _primitive(
    "convolve_transpose",
    _kernel_and_y_to_x,
    cpu_value=_by_group(_kernel_and_y_to_x_interleaved),
    cuda_value=_kernel_and_y_to_x_apart,
)
_correlate = _primitive("correlate", _x_and_y_to_kernel, _by_group(_x_and_y_to_kernel_apart))


def _size(kernel) -> Size:  # of an array, or of what stands for one in a transposition
    return getattr(kernel, "aval", kernel).shape[:2]


# For each the cotangent g of its result fills the slot that the map leaves out.
ad.defbilinear(
    _convolve,
    lambda g, x, kernel, **p: _transpose.bind(g, kernel, **p),
    lambda g, x, kernel, **p: _correlate.bind(x, g, size=_size(kernel), **p),
)
ad.defbilinear(
    _transpose,
    lambda g, y, kernel, **p: _convolve.bind(g, kernel, **p),
    lambda g, y, kernel, **p: _correlate.bind(g, y, size=_size(kernel), **p),
)
ad.defbilinear(
    _correlate,
    lambda g, x, y, size, **p: _transpose.bind(y, g, **p),
    lambda g, x, y, size, **p: _convolve.bind(x, g, **p),
)

# Else a TPU copies such a kernel's state to its gradient's layout and back. In a primitive: where
# JAX sees a constrained result it frees the layouts of all, and misreads them on a CPU (jax 0.10).
_own_layout = _primitive("own_layout", lambda kernel: kernel)
_laid_out = _primitive("laid_out", lambda g: with_layout_constraint(g, Layout((0, 1, 2, 3))))
ad.deflinear2(_own_layout, lambda g, k: [_laid_out.bind(g)])
ad.deflinear2(_laid_out, lambda g, k: [_own_layout.bind(g)])
