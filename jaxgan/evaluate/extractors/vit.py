"""What the vision transformers (arXiv 2010.11929) of dinov2.py and clip.py have in common.

Arrays are named as in PyTorch, {name}.weight [outputs, inputs] and {name}.bias.
"""

import jax
import jax.numpy as jnp

HEAD = 64  # dimensions of a head of attention

Weights = dict[str, jax.Array]


def as_pillow(levels: jax.Array, size: int) -> jax.Array:
    """Resize levels [n, h, w, 3] from 0 to 255 to size x size as Pillow's bicubic filter does.

    Antialiased, rows first, rounded to integers after each direction.
    """
    for axis in (2, 1):
        shape = tuple(size if i == axis else side for i, side in enumerate(levels.shape))
        levels = jax.image.resize(levels, shape, "cubic", antialias=True)
        levels = jnp.clip(jnp.round(levels), 0.0, 255.0)
    return levels


def patches(images: jax.Array, kernel: jax.Array) -> jax.Array:
    """Return patches [n, (s / p)^2, d] of images [n, s, s, 3] times a kernel [d, 3, p, p]."""
    n, size = len(images), kernel.shape[-1]
    side = images.shape[1] // size
    cut = images.reshape(n, side, size, side, size, 3)
    return jnp.einsum("nyaxbc,dcab->nyxd", cut, kernel).reshape(n, -1, kernel.shape[0])


def layer(weights: Weights, start: str) -> Weights:
    """Return the arrays whose names have the prefix `start`, without it."""
    return {name[len(start) :]: w for name, w in weights.items() if name.startswith(start)}


def attention(queries: jax.Array, keys: jax.Array, values: jax.Array) -> jax.Array:
    """Return softmax(q k^T / 8) v of [n, tokens, d], for each head of 64 dimensions."""
    n, tokens, dim = queries.shape
    q, k, v = (x.reshape(n, tokens, dim // HEAD, HEAD) for x in (queries, keys, values))
    weights = jax.nn.softmax(jnp.einsum("nqhd,nkhd->nhqk", q, k) / HEAD**0.5, -1)
    return jnp.einsum("nhqk,nkhd->nqhd", weights, v).reshape(n, tokens, dim)


def linear(own: Weights, name: str, x: jax.Array) -> jax.Array:
    return x @ own[f"{name}.weight"].T + own[f"{name}.bias"].reshape(1, 1, -1)


def norm(own: Weights, name: str, x: jax.Array, eps: float) -> jax.Array:
    """Return layer norm of [n, tokens, d]."""
    x = x - x.mean(-1, keepdims=True)
    x = x * jax.lax.rsqrt(jnp.square(x).mean(-1, keepdims=True) + eps)
    return x * own[f"{name}.weight"].reshape(1, 1, -1) + own[f"{name}.bias"].reshape(1, 1, -1)
