"""Max pooling over 2 x 2 pixels, with a derivative that suits the device.

    max_pool(x)[i, j] = max(x[2 i, 2 j], x[2 i, 2 j + 1], x[2 i + 1, 2 j], x[2 i + 1, 2 j + 1])

The gradient goes to the first of the largest values. XLA writes this as a scatter, which an NVIDIA
card computes by atomic additions in any order; there it is four comparisons per window instead,
with the same result. Differentiable to every order in reverse mode.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import lax

from jaxgan.models.on_a_card import with_card_form

WINDOW = (1, 2, 2, 1)


@jax.custom_vjp
def max_pool(x: jax.Array) -> jax.Array:
    """Halve height and width of [b, h, w, c]; an odd row or column at the end is left out."""
    return nn.max_pool(x, WINDOW[1:3], WINDOW[1:3])


def _scattered(x: jax.Array, dy: jax.Array) -> tuple[jax.Array]:
    """Return the gradient by x, [b, h, w, c], given the gradient dy by max_pool(x)."""
    dx = lax.select_and_scatter_add_p.bind(
        dy,
        x,
        select_prim=lax.ge_p,
        window_dimensions=WINDOW,
        window_strides=WINDOW,
        padding=((0, 0),) * 4,
    )
    return (dx,)


def _compared(x: jax.Array, dy: jax.Array) -> tuple[jax.Array]:
    """Return the same, without a scatter."""
    (b, h, w, c), (rows, columns) = x.shape, dy.shape[1:3]
    windows = x[:, : 2 * rows, : 2 * columns].reshape(b, rows, 2, columns, 2, c)
    largest, is_free = windows.max((2, 4)), jnp.ones(dy.shape, bool)
    parts = {}
    for place in ((0, 0), (0, 1), (1, 0), (1, 1)):
        is_largest = windows[:, :, place[0], :, place[1]] == largest
        parts[place] = jnp.where(is_free & is_largest, dy, jnp.zeros((), dy.dtype))
        is_free &= ~is_largest
    lines = [jnp.stack((parts[i, 0], parts[i, 1]), 3) for i in (0, 1)]
    dx = jnp.stack(lines, 2).reshape(b, 2 * rows, 2 * columns, c)
    return (jnp.pad(dx, ((0, 0), (0, h - 2 * rows), (0, w - 2 * columns), (0, 0))),)


_gradient = with_card_form("max_pool_gradient", _scattered, _compared)
max_pool.defvjp(lambda x: (max_pool(x), x), _gradient)
