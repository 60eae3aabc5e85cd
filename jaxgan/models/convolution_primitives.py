"""The building blocks of convolutions: linear maps as JAX primitives, each the derivative of
others.

A convolution is a trilinear form, with stride s, of an x of s h rows (and one more if the kernel's
number of rows is odd and s = 2) with a y of h:

    T(x, k, y) = sum x[n, s i + a - p, s j + b - q, c] k[a, b, c, o] y[n, i, j, o]

in each group of channels; only ResNeXt's blocks have more than one. Leaving out one of the three
gives three bilinear maps, and the derivatives of each are the other two. They are JAX primitives
with just that rule, so derivatives of every order, forward and reverse mode, are these three maps
again, each in a form that its compiler handles well. The rules of `lax.conv_general_dilated` would
take other paths: XLA swaps the operands of a convolution whose kernel is larger than its input, and
the reversed window that results runs 20 to 100 times slower on a CPU (the kernel gradient of a
dilated convolution, and of any kernel gradient).

Backends. From small to large maps a CPU runs a 2 x 2 convolution to four times the channels and
then interleaves pixels; others run a dilated convolution, which is 1.2 to 4 times slower on a CPU
but saves a TPU a third of the bytes of a whole block. XLA moves the flip of a kernel through a
product with a scalar (a quarter, 1 / sigma), and then does not recognise a dilated convolution as
cuDNN's backward one: on a GPU the product is computed first, else four times as many operations are
spent, most of them on zeros. Dimension numbers are always NHWC, HWIO, with explicit transposes:
inside a loop XLA:CPU runs any others 50 times slower. Inside `jax.shard_map` gradients need
check_vma=False.

Resampling, and the layout of a kernel in memory, are linear maps in pairs, each the transpose of
the other.
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


def flipped(kernel: jax.Array, groups: int = 1) -> jax.Array:
    """Rotate [kh, kw, c / groups, o] by 180 degrees and exchange its channels: [kh, kw, o / groups,
    c]."""
    if groups == 1:
        return kernel[::-1, ::-1].swapaxes(2, 3)
    kh, kw, c, o = kernel.shape
    apart = kernel[::-1, ::-1].reshape(kh, kw, c, groups, o // groups)
    return apart.transpose(0, 1, 4, 3, 2).reshape(kh, kw, o // groups, groups * c)


# The three maps. kernel: [kh, kw, c / groups, o], y: [n, h, w, o], x: [n, s h, s w, c] or one
# larger: above.


def kernel_and_x_to_y(
    x: jax.Array, kernel: jax.Array, *, stride: int, groups: int = 1
) -> jax.Array:
    padding = _padding(_size(kernel), stride)
    return _lax_conv(x, kernel, padding, stride=stride, groups=groups)


def kernel_and_x_to_y_on_cpu(x: jax.Array, kernel: jax.Array, *, stride: int) -> jax.Array:
    """The same; zeros around a map that is smaller than the kernel are written first."""
    return _cpu_conv(x, kernel, _padding(_size(kernel), stride), stride=stride)


def kernel_and_y_to_x(
    y: jax.Array, kernel: jax.Array, *, stride: int, groups: int = 1
) -> jax.Array:
    padding = _padding_of_transpose(_size(kernel), stride)
    return _lax_conv(y, flipped(kernel, groups), padding, spread=stride, groups=groups)


def kernel_and_y_to_x_apart(y: jax.Array, kernel: jax.Array, **params: Any) -> jax.Array:
    """The same with the kernel computed first: what makes it is not fused into the convolution."""
    return kernel_and_y_to_x(y, lax.optimization_barrier(kernel), **params)


def kernel_and_y_to_x_interleaved(y: jax.Array, kernel: jax.Array, *, stride: int) -> jax.Array:
    """The same without dilation: every phase of the stride is a group of output channels."""
    if stride == 1:
        return _cpu_conv(y, flipped(kernel), _padding_of_transpose(_size(kernel), 1))
    (kh, kw, c, o), (b, h, w, _) = kernel.shape, y.shape
    th, tw = (kh + 1) // 2, (kw + 1) // 2
    phases = jnp.pad(kernel, ((0, kh % 2), (0, kw % 2), (0, 0), (0, 0)))
    phases = phases.reshape(th, 2, tw, 2, c, o)[::-1, :, ::-1].transpose(0, 2, 5, 1, 3, 4)
    x = _cpu_conv(y, phases.reshape(th, tw, o, 4 * c), (th - 1, tw - 1))
    rows, columns = x.shape[1:3]
    x = x.reshape(b, rows, columns, 2, 2, c).transpose(0, 1, 3, 2, 4, 5)
    (ph, pw) = _padding((kh, kw), 2)
    after = 2 * (h - rows) + kh % 2 + ph, 2 * (w - columns) + kw % 2 + pw  # mostly negative: cut
    edges = ((0, 0, 0), (-ph, after[0], 0), (-pw, after[1], 0), (0, 0, 0))
    return lax.pad(x.reshape(b, 2 * rows, 2 * columns, c), np.zeros((), x.dtype), edges)


def x_and_y_to_kernel(
    x: jax.Array, y: jax.Array, *, stride: int, size: Size, groups: int = 1
) -> jax.Array:
    if stride == 1 and y.shape[3] < x.shape[3]:  # the left operand is unfolded: prefer the thin
        return flipped(x_and_y_to_kernel(y, x, stride=1, size=size, groups=groups), groups)
    x, y = x.transpose(3, 1, 2, 0), y.transpose(1, 2, 0, 3)
    padding = _padding(size, stride)
    kernel = _lax_conv(x, y, padding, kernel_spread=stride, batch_groups=groups)
    return kernel.transpose(1, 2, 0, 3)


def x_and_y_to_kernel_apart(x: jax.Array, y: jax.Array, **params: Any) -> jax.Array:
    """The same; what makes x and y is not fused into the loops that transpose them."""
    return x_and_y_to_kernel(*lax.optimization_barrier((x, y)), **params)


def _padding(size: Size, stride: int) -> Size:
    return (size[0] - stride) // 2, (size[1] - stride) // 2


def _padding_of_transpose(size: Size, stride: int) -> Size:
    (kh, kw), (ph, pw) = size, _padding(size, stride)
    return kh - 1 - ph, kw - 1 - pw


def _cpu_conv(x: jax.Array, kernel: jax.Array, padding: Size, stride: int = 1) -> jax.Array:
    """Convolve; a kernel that is larger than x gets an x with zeros around it, or it is swapped."""
    if x.shape[1] < kernel.shape[0] or x.shape[2] < kernel.shape[1]:
        (ph, pw), padding = padding, (0, 0)
        x = lax.optimization_barrier(jnp.pad(x, ((0, 0), (ph, ph), (pw, pw), (0, 0))))
    return _lax_conv(x, kernel, padding, stride=stride)


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
    # The slices are widened, not x: then one pass reads and writes x's own type.
    corners = (x[:, a : a + h - 1, b : b + w - 1].astype(wide) for a in (0, 1) for b in (0, 1))
    return reduce(add, corners).astype(x.dtype)


def _sums_of_neighbours_around(x: jax.Array) -> jax.Array:  # zeros outside: one row and column more
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
        if not any(is_mapped[1:]) and "size" not in params:  # more images join the batch
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


repeat = _primitive("repeat_by_2", _repeat_by_2)
sum_2_by_2 = _primitive("sum_2_by_2", _sum_2_by_2)
ad.deflinear2(repeat, lambda g, x: [sum_2_by_2.bind(g)])
ad.deflinear2(sum_2_by_2, lambda g, x: [repeat.bind(g)])

sums = _primitive("sums", _sums_of_neighbours)
sums_around = _primitive("sums_around", _sums_of_neighbours_around)
ad.deflinear2(sums, lambda g, x: [sums_around.bind(g)])
ad.deflinear2(sums_around, lambda g, x: [sums.bind(g)])


def by_group(value: Callable) -> Callable:
    """Return the same map, computed group by group: XLA's grouped convolution is a naive loop on a
    CPU.

    In all three maps the groups are parts of the last axis of both operands and of the result.
    """

    def mapped(a: jax.Array, b: jax.Array, *, groups: int, **params: Any) -> jax.Array:
        if groups == 1:
            return value(a, b, **params)
        parts = zip(jnp.split(a, groups, -1), jnp.split(b, groups, -1), strict=True)
        return jnp.concatenate([value(p, q, **params) for p, q in parts], -1)

    return mapped


convolve = _primitive("convolve", kernel_and_x_to_y, by_group(kernel_and_x_to_y_on_cpu))
transpose = _primitive(
    "convolve_transpose",
    kernel_and_y_to_x,
    cpu_value=by_group(kernel_and_y_to_x_interleaved),
    cuda_value=kernel_and_y_to_x_apart,
)
correlate = _primitive("correlate", x_and_y_to_kernel, by_group(x_and_y_to_kernel_apart))


def _size(kernel) -> Size:  # of an array, or of what stands for one in a transposition
    return getattr(kernel, "aval", kernel).shape[:2]


# In each rule the cotangent g of the result takes the place of what the map leaves out.
ad.defbilinear(
    convolve,
    lambda g, x, kernel, **p: transpose.bind(g, kernel, **p),
    lambda g, x, kernel, **p: correlate.bind(x, g, size=_size(kernel), **p),
)
ad.defbilinear(
    transpose,
    lambda g, y, kernel, **p: convolve.bind(g, kernel, **p),
    lambda g, y, kernel, **p: correlate.bind(g, y, size=_size(kernel), **p),
)
ad.defbilinear(
    correlate,
    lambda g, x, y, size, **p: transpose.bind(y, g, **p),
    lambda g, x, y, size, **p: convolve.bind(x, g, **p),
)

# Else a TPU copies such a kernel's state to its gradient's layout and back. In a primitive: where
# JAX sees a constrained result it frees the layouts of all, and misreads them on a CPU (jax 0.10).
own_layout = _primitive("own_layout", lambda kernel: kernel)
laid_out = _primitive("laid_out", lambda g: with_layout_constraint(g, Layout((0, 1, 2, 3))))
ad.deflinear2(own_layout, lambda g, k: [laid_out.bind(g)])
ad.deflinear2(laid_out, lambda g, k: [own_layout.bind(g)])
