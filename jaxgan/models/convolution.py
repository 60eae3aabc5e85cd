"""Convolutions (interim version; its interface stays).

MEASURED, keep in any replacement: XLA:CPU canonicalises convolutions of the entry computation
only. Inside a lax.scan body (d steps, microbatches) a convolution whose dimension labels are not
exactly b01f_01io->b01f runs 50 times slower (a naive loop). So derivatives must be emitted in that
form with explicit transposes and flips, at first and second order, and a test must check it inside
a scan too.
"""

import jax
import jax.numpy as jnp
from jax import lax


@jax.custom_vjp
def _valid(x: jax.Array, kernel: jax.Array) -> jax.Array:
    return lax.conv_general_dilated(
        x, kernel, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )


def _backward(saved, g):
    x, kernel = saved
    kh, kw = kernel.shape[:2]
    wide = jnp.pad(g, ((0, 0), (kh - 1, kh - 1), (kw - 1, kw - 1), (0, 0)))
    dx = _valid(wide, kernel[::-1, ::-1].swapaxes(2, 3))
    dk = _valid(x.transpose(3, 1, 2, 0), g.transpose(1, 2, 0, 3)).transpose(1, 2, 0, 3)
    return dx, dk


_valid.defvjp(lambda x, kernel: (_valid(x, kernel), (x, kernel)), _backward)


def conv(x: jax.Array, kernel: jax.Array) -> jax.Array:
    ph, pw = kernel.shape[0] // 2, kernel.shape[1] // 2
    if kernel.shape[:2] == (1, 1):
        return jnp.einsum("bhwi,io->bhwo", x, kernel[0, 0])
    return _valid(jnp.pad(x, ((0, 0), (ph, ph), (pw, pw), (0, 0))), kernel)


def upsample(x):
    return jnp.repeat(jnp.repeat(x, 2, axis=1), 2, axis=2)


def average_pool(x):
    b, h, w, c = x.shape
    return x.reshape(b, h // 2, 2, w // 2, 2, c).mean((2, 4))


def conv_up(x, kernel):
    return upsample(conv(x, kernel)) if kernel.shape[0] == 1 else conv(upsample(x), kernel)


def conv_down(x, kernel):
    return conv(average_pool(x), kernel) if kernel.shape[0] == 1 else average_pool(conv(x, kernel))
