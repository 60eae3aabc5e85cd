"""Self-attention over positions, without a matrix of all pairs in memory.

    attend(q, k, v) = softmax(q k^T) v

A 64 x 64 map and its pooled copy make 4 million pairs per image, more memory than everything else
in a BigGAN step together. The pairs are therefore computed for a few queries at a time, and
recomputed in the backward pass (arXiv 2112.05682, 2205.14135). There are so few keys that a query
sees all of them at once. With the scores s = k q^T of one query, their weights w = exp(s - log sum
exp s), the result o = v^T w, and gradients do and dl of the result and of the log of the sum:

    dv = w do^T,   ds = w (v do - o . do + dl),   dq = k^T ds,   dk = ds q^T

These can be differentiated in turn: every order in reverse mode, none in forward mode.

A block is laid out [keys, queries]: maxima and products then run along whole rows of queries, and
no product needs its larger operand transposed, forward or backward.

Backends. On an NVIDIA card the blocks would be thousands of small kernels, so o and its gradient
are computed by cuDNN's fused attention, in bfloat16 and float16. It has no second derivative: a
gradient that is differentiated again is computed in blocks. So is everything that is exported,
because a file with a call into cuDNN is not portable.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax.custom_derivatives import SymbolicZero

from jaxgan.models.convolution import conv
from jaxgan.models.layers import Kernel
from jaxgan.models.on_a_card import with_card_form
from jaxgan.models.pooling import max_pool

# Pairs of an image in memory at a time: 512 KiB in float32. Those of 64 images fit a TPU's on-chip
# memory, and 1,024 keys leave 128 queries, as many as a TPU has lanes.
PAIRS = 2**17
# cuDNN takes multiples of 8 channels; with more than this it needs a Hopper card or later.
MOST_CHANNELS = 128

dot = partial(jnp.einsum, preferred_element_type=jnp.float32)


def attention_weights(queries: jax.Array, keys: jax.Array) -> jax.Array:
    """Return all of softmax(q k^T), [b, n, m] float32, for queries [b, n, c] and keys [b, m, c]."""
    return nn.softmax(dot("bqc,bkc->bqk", queries, keys))


def attend(queries: jax.Array, keys: jax.Array, values: jax.Array) -> jax.Array:
    """Return softmax(q k^T) v, [b, n, d], of [b, n, c], [b, m, c] and [b, m, d]. Scores are not
    scaled."""
    return _attend(queries.swapaxes(1, 2), keys, values)[0].swapaxes(1, 2)


@jax.custom_vjp
def _attend(queries: jax.Array, keys: jax.Array, values: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Return the result, [b, d, n], and the log of the sums, [b, 1, n], of queries [b, c, n]."""
    return _forward(queries, keys, values, pairs=PAIRS)


def _saved(*inputs: Any) -> tuple:
    queries, keys, values = (x.value for x in inputs)
    found = _attend(queries, keys, values)
    return found, (queries, keys, values, *found)


def _pulled_back(saved: tuple, gradients: tuple) -> tuple:
    # The log of the sums has a gradient only if this is the derivative of a derivative.
    if isinstance(gradients[1], SymbolicZero):
        return _gradient(*saved, _array(gradients[0]), pairs=PAIRS)
    return _gradient_by_blocks(*saved, *map(_array, gradients), pairs=PAIRS)


def _array(gradient: jax.Array | SymbolicZero) -> jax.Array:
    if isinstance(gradient, SymbolicZero):
        aval: Any = gradient.aval
        return jnp.zeros(aval.shape, aval.dtype)
    return gradient


_attend.defvjp(_saved, _pulled_back, symbolic_zeros=True)


def _forward_by_blocks(
    queries: jax.Array, keys: jax.Array, values: jax.Array, *, pairs: int
) -> tuple[jax.Array, jax.Array]:
    ones = jnp.ones((*values.shape[:2], 1), values.dtype)
    values_and_ones = jnp.concatenate((values, ones), 2)  # so the product also gives the sums

    def some(_: None, queries: jax.Array) -> tuple:
        scores = dot("bkc,bcq->bkq", keys, queries)
        largest = scores.max(1, keepdims=True)
        weights = jnp.exp(scores - largest).astype(values.dtype)
        mixed = dot("bkd,bkq->bdq", values_and_ones, weights)
        mixed, sums = mixed[:, :-1], mixed[:, -1:]
        return None, ((mixed / sums).astype(values.dtype), largest + jnp.log(sums))

    _, (found, log_sums) = _by_blocks(some, None, pairs // keys.shape[1], queries)
    return found, log_sums


def _gradient_by_blocks(
    queries: jax.Array,
    keys: jax.Array,
    values: jax.Array,
    found: jax.Array,
    log_sums: jax.Array,
    do: jax.Array,
    dl: jax.Array,
    *,
    pairs: int,
) -> tuple[jax.Array, jax.Array, jax.Array]:
    both = do.astype(jnp.float32) * found.astype(jnp.float32)
    shift = both.sum(1, keepdims=True) - dl

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
    blocks = (queries, log_sums, do, shift)
    (d_keys, d_values), (d_queries,) = _by_blocks(add, zeros, pairs // keys.shape[1], *blocks)
    return d_queries, d_keys.astype(keys.dtype), d_values.astype(values.dtype)


def _by_blocks(some: Callable, carry: Any, most: int, *arrays: jax.Array) -> tuple[Any, list]:
    """Scan some(carry, *blocks) over blocks of queries of arrays [b, _, n]; join the results.

    most: queries per block, at most. Blocks cut the queries because images may be sharded.
    """
    n = arrays[0].shape[2]
    length = next(i for i in range(min(max(most, 1), n), 0, -1) if n % i == 0)

    def step(carry: Any, start: jax.Array) -> tuple:
        cut = (jax.lax.dynamic_slice_in_dim(x, start, length, axis=2) for x in arrays)
        return some(carry, *cut)

    carry, found = jax.lax.scan(step, carry, jnp.arange(0, n, length))
    return carry, [x.transpose(1, 2, 0, 3).reshape(*x.shape[1:3], n) for x in found]


def _gradient_of_result(*operands: jax.Array, pairs: int) -> tuple[jax.Array, ...]:
    """Return dq, dk and dv for q, k, v, the result, the log of the sums, and do."""
    queries, keys, values, found, log_sums, do = operands
    dl = jnp.zeros(log_sums.shape, log_sums.dtype)
    return _gradient_by_blocks(queries, keys, values, found, log_sums, do, dl, pairs=pairs)


def _forward_fused(
    queries: jax.Array, keys: jax.Array, values: jax.Array, *, pairs: int
) -> tuple[jax.Array, jax.Array]:
    """Return the same from cuDNN, which needs queries, keys and values to have equally many
    channels."""
    # jax.nn.dot_product_attention calls this, but rounds the log of the sums.
    from jax._src.cudnn import fused_attention_stablehlo as cudnn

    size = -(-max(queries.shape[1], values.shape[2]) // 8) * 8
    operands = queries.swapaxes(1, 2), keys, values
    q, k, v = (jnp.pad(x, ((0, 0), (0, 0), (0, size - x.shape[2])))[:, :, None] for x in operands)
    results: Any = cudnn.dot_product_attention(q, k, v, scale=1.0, return_residual=True)
    found, log_sums = results
    return found[:, :, 0, : values.shape[2]].swapaxes(1, 2), log_sums


def _gradient_fused(*operands: jax.Array, pairs: int) -> tuple[jax.Array, ...]:
    *inputs, _, _, do = operands  # XLA merges this forward call with the first one
    return jax.vjp(lambda *inputs: _forward_fused(*inputs, pairs=pairs)[0], *inputs)[1](do)


def _is_for_cudnn(queries: Any, keys: Any, values: Any, *_: Any, pairs: int) -> bool:
    return queries.dtype.itemsize == 2 and max(queries.shape[1], values.shape[2]) <= MOST_CHANNELS


_forward = with_card_form("attend", _forward_by_blocks, _forward_fused, _is_for_cudnn)
_gradient = with_card_form("attend_gradient", _gradient_of_result, _gradient_fused, _is_for_cudnn)


def placed(field: str, height: int, heights: list[int]) -> int:
    """Return the height of the map after which attention follows; 0 for none.

    field: its name in the config. heights: of the maps that the network has. Raises ValueError for
    another height.
    """
    if height and height not in heights:
        known = ", ".join(map(str, heights))
        raise ValueError(f"{field} = {height}: write the height of a map, one of {known}, or 0")
    return height


class SelfAttention(nn.Module):
    """x + gamma * o, with o = W_o (softmax(theta phi^T) g), as in SAGAN's released code.

    theta: C/8 channels; phi: C/8 and g: C/2, both max-pooled by 2; scores are not scaled; gamma
    starts at 0. The paper (arXiv 1805.08318) has no pooling and C/8 for g: a deviation that every
    BigGAN shares. Scores and softmax are float32.
    """

    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        b, h, w, c = x.shape
        inner = max(c // 8, 1)  # narrow networks have fewer than 8 channels

        def kernel(name: str, inputs: int, outputs: int) -> jax.Array:
            return Kernel((1, 1, inputs, outputs), name=name)()

        # One product for all three, and one pooling, whose part for theta is unused: so x, which is
        # much larger than they are, is read once, and its gradient is written once.
        kernels = kernel("theta", c, inner), kernel("phi", c, inner), kernel("g", c, c // 2)
        projected = conv(x, jnp.concatenate(kernels, -1).astype(self.dtype))
        queries = projected[..., :inner].reshape(b, h * w, inner)
        pooled = max_pool(projected).reshape(b, -1, projected.shape[-1])
        keys, values = pooled[..., inner : 2 * inner], pooled[..., 2 * inner :]
        self.sow("intermediates", "queries", queries)
        self.sow("intermediates", "keys", keys)
        o = attend(queries, keys, values).reshape(b, h, w, c // 2)
        # gamma scales the kernel: if it scaled the map, its gradient would need the map.
        out = self.param("gamma", nn.initializers.zeros, ()) * kernel("out", c // 2, c)
        return x + conv(o, out.astype(self.dtype))
