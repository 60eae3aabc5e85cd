"""Self-attention over positions, without a matrix of all pairs in memory.

    attend(q, k, v) = softmax(q k^T) v

The pairs of a 64 x 64 map and its pooled copy are 4 million an image, more than all else in a
BigGAN's step together. They are made a few queries at a time, and made again in the backward pass
(arXiv 2112.05682): equal up to rounding, to every order of derivative. Keys are few enough that a
query sees all of them at once.

A block is laid out [keys, queries]: maxima, sums and products then run along whole rows of queries,
and no product needs its larger operand transposed, forward or backward. On two CPU cores forward
and backward of 16 images of 64 x 64 take a quarter of the time of the plain formula.
"""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.models.convolution import conv
from jaxgan.models.layers import Kernel

# Pairs of an image in memory at a time: 256 KiB in float32. Those of 64 images fit the memory on a
# TPU's chip, those of a few a CPU's cache.
PAIRS = 2**16


def attention_weights(queries: jax.Array, keys: jax.Array) -> jax.Array:
    """Return softmax(q k^T), [b, n, m] float32, of [b, n, c] and [b, m, c]: all of them."""
    return nn.softmax(_scores(queries.swapaxes(1, 2), keys), axis=1).swapaxes(1, 2)


def attend(queries: jax.Array, keys: jax.Array, values: jax.Array) -> jax.Array:
    """Return softmax(q k^T) v, [b, n, d], of [b, n, c], [b, m, c] and [b, m, d]. Not scaled."""
    (b, n, c), m = queries.shape, keys.shape[1]
    values = values.swapaxes(1, 2)

    def some(queries: jax.Array) -> jax.Array:
        scores = _scores(queries, keys)
        weights = jnp.exp(scores - jax.lax.stop_gradient(scores.max(1, keepdims=True)))
        mixed = jnp.einsum(
            "bdk,bkq->bdq",
            values,
            weights.astype(values.dtype),
            preferred_element_type=jnp.float32,
        )
        # Divided here, though the product is made again for the derivative: what leaves a block is
        # then as narrow as the values.
        return (mixed / weights.sum(1, keepdims=True)).swapaxes(1, 2).astype(values.dtype)

    length = next(i for i in range(min(max(PAIRS // m, 1), n), 0, -1) if n % i == 0)
    # Cut along the queries: the images may be split over devices.
    blocks = queries.swapaxes(1, 2).reshape(b, c, n // length, length).transpose(2, 0, 1, 3)
    if len(blocks) == 1:
        return some(blocks[0])
    found = jax.lax.map(jax.checkpoint(some, prevent_cse=False), blocks)
    return found.swapaxes(0, 1).reshape(b, n, -1)


def _scores(queries: jax.Array, keys: jax.Array) -> jax.Array:
    """Return k q^T, [b, m, n] float32, of queries [b, c, n] and keys [b, m, c]."""
    return jnp.einsum("bkc,bcq->bkq", keys, queries, preferred_element_type=jnp.float32)


class SelfAttention(nn.Module):
    """x + gamma * o, with o = W_o (softmax(theta phi^T) g), as in SAGAN's released code.

    theta: C/8 channels; phi: C/8 and g: C/2, both max-pooled by 2; scores are not scaled; gamma
    starts at 0. The paper (arXiv 1805.08318) has no pooling and C/8 for g: a deviation that every
    BigGAN shares. Scores and softmax in float32.
    """

    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        b, h, w, c = x.shape
        inner = max(c // 8, 1)  # narrow networks have fewer than 8 channels

        def kernel(name: str, inputs: int, outputs: int) -> jax.Array:
            return Kernel((1, 1, inputs, outputs), name=name)()

        # One product for all three and one pooling, of which theta's part is not used: x, much
        # larger than they are, is read once, and its gradient is written once.
        kernels = kernel("theta", c, inner), kernel("phi", c, inner), kernel("g", c, c // 2)
        projected = conv(x, jnp.concatenate(kernels, -1).astype(self.dtype))
        queries = projected[..., :inner].reshape(b, h * w, inner)
        pooled = nn.max_pool(projected, (2, 2), (2, 2)).reshape(b, -1, projected.shape[-1])
        keys, values = pooled[..., inner : 2 * inner], pooled[..., 2 * inner :]
        self.sow("intermediates", "queries", queries)
        self.sow("intermediates", "keys", keys)
        o = attend(queries, keys, values).reshape(b, h, w, c // 2)
        # gamma scales the kernel: scaling the map, its gradient would need the map.
        out = self.param("gamma", nn.initializers.zeros, ()) * kernel("out", c // 2, c)
        return x + conv(o, out.astype(self.dtype))
