"""Self-attention over positions, without a matrix of all pairs in memory.

    attend(q, k, v) = softmax(q k^T) v

The pairs of a 64 x 64 map and its pooled copy are 4 million an image, more than all else in a
BigGAN's step together. They are made a few queries at a time, and made again in the backward pass
(arXiv 2112.05682, 2205.14135). Keys are few enough that a query sees all of them at once. With
scores s = k q^T of one query, their weights w = exp(s - log sum exp s), the result o = v^T w, and
gradients do and dl of the result and of the log of the sum:

    dv = w do^T,   ds = w (v do - o . do + dl),   dq = k^T ds,   dk = ds q^T

Derivatives of these can be taken in turn: every order in reverse mode, none in forward mode.

A block is laid out [keys, queries]: maxima and products then run along whole rows of queries, and
no product needs its larger operand transposed, forward or backward.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.models.convolution import conv
from jaxgan.models.layers import Kernel

# Pairs of an image in memory at a time: 512 KiB in float32. Those of 64 images fit the memory on a
# TPU's chip, and 1,024 keys leave 128 queries, as many as a TPU has lanes.
PAIRS = 2**17

dot = partial(jnp.einsum, preferred_element_type=jnp.float32)


def attention_weights(queries: jax.Array, keys: jax.Array) -> jax.Array:
    """Return softmax(q k^T), [b, n, m] float32, of [b, n, c] and [b, m, c]: all of them."""
    return nn.softmax(dot("bqc,bkc->bqk", queries, keys))


def attend(queries: jax.Array, keys: jax.Array, values: jax.Array) -> jax.Array:
    """Return softmax(q k^T) v, [b, n, d], of [b, n, c], [b, m, c] and [b, m, d]. Not scaled."""
    return _attend(queries.swapaxes(1, 2), keys, values)[0].swapaxes(1, 2)


@jax.custom_vjp
def _attend(queries: jax.Array, keys: jax.Array, values: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Return the result, [b, d, n], and the log of the sums, [b, 1, n], of queries [b, c, n]."""
    ones = jnp.ones((*values.shape[:2], 1), values.dtype)
    values_and_ones = jnp.concatenate((values, ones), 2)  # the product brings the sums with it

    def some(_: None, queries: jax.Array) -> tuple:
        scores = dot("bkc,bcq->bkq", keys, queries)
        largest = scores.max(1, keepdims=True)
        weights = jnp.exp(scores - largest).astype(values.dtype)
        mixed = dot("bkd,bkq->bdq", values_and_ones, weights)
        mixed, sums = mixed[:, :-1], mixed[:, -1:]
        return None, ((mixed / sums).astype(values.dtype), largest + jnp.log(sums))

    _, (found, log_sums) = _by_blocks(some, None, keys.shape[1], queries)
    return found, log_sums


def _forward(*inputs: jax.Array) -> tuple:
    found = _attend(*inputs)
    return found, (*inputs, *found)


def _backward(saved: tuple, gradients: tuple) -> tuple:
    queries, keys, values, found, log_sums = saved
    both = gradients[0].astype(jnp.float32) * found.astype(jnp.float32)
    shift = both.sum(1, keepdims=True) - gradients[1]

    @jax.checkpoint
    def some(queries: jax.Array, log_sums: jax.Array, gradient: jax.Array, shift: jax.Array):
        weights = jnp.exp(dot("bkc,bcq->bkq", keys, queries) - log_sums)
        d_weights = dot("bkd,bdq->bkq", values, gradient)
        d_scores = (weights * (d_weights - shift)).astype(keys.dtype)
        d_keys = dot("bkq,bcq->bkc", d_scores, queries)
        d_values = dot("bkq,bdq->bkd", weights.astype(values.dtype), gradient)
        return (d_keys, d_values), dot("bkc,bkq->bcq", keys, d_scores).astype(queries.dtype)

    def add(sums: tuple, *block: jax.Array) -> tuple:
        terms, d_queries = some(*block)
        return jax.tree.map(jnp.add, sums, terms), (d_queries,)

    zeros = tuple(jnp.zeros(x.shape, jnp.float32) for x in (keys, values))
    blocks = (queries, log_sums, gradients[0], shift)
    (d_keys, d_values), (d_queries,) = _by_blocks(add, zeros, keys.shape[1], *blocks)
    return d_queries, d_keys.astype(keys.dtype), d_values.astype(values.dtype)


_attend.defvjp(_forward, _backward)


def _by_blocks(some: Callable, carry: Any, m: int, *arrays: jax.Array) -> tuple[Any, list]:
    """Scan some(carry, *blocks) over blocks of the queries of arrays [b, _, n]; join its results.

    Cut along the queries: the images may be split over devices.
    """
    n = arrays[0].shape[2]
    length = next(i for i in range(min(max(PAIRS // m, 1), n), 0, -1) if n % i == 0)

    def step(carry: Any, start: jax.Array) -> tuple:
        cut = (jax.lax.dynamic_slice_in_dim(x, start, length, axis=2) for x in arrays)
        return some(carry, *cut)

    carry, found = jax.lax.scan(step, carry, jnp.arange(0, n, length))
    return carry, [x.transpose(1, 2, 0, 3).reshape(*x.shape[1:3], n) for x in found]


def placed(field: str, height: int, heights: list[int]) -> int:
    """Return where attention sits, 0 for nowhere; refuse a map that the network does not have.

    field: its name in the config. heights: of the maps after which it can sit.
    """
    if height and height not in heights:
        known = ", ".join(map(str, heights))
        raise ValueError(f"{field} = {height}: write the height of a map, one of {known}, or 0")
    return height


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
