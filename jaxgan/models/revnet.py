"""RevNet-50 (arXiv 1707.04585): a residual network whose blocks can be inverted.

The channels form two halves, and a block is

    (x_1, x_2) -> (y_1, y_2) = (x_2, x_1 + f(x_2))        x_2 = y_1, x_1 = y_2 - f(y_1)

so the backward pass of a stage recomputes the inputs of its blocks from its output and stores none
of them: its memory does not grow with the depth, at the price of one more evaluation of f. Between
stages 2 x 2 means halve the size, and zeros around the channels double their number.

f is the residual of ResNet-50's block on half the channels (models/resnet.py), the form of arXiv
1901.09005, whose RevNet-50 x4 BigBiGAN trains: 85,765,632 parameters, 8192 features. (The first
paper's block has a second f, in place of the exchange of the halves.) The sums are in float32
whatever dtype f computes in, so the recomputed inputs equal the originals up to rounding.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.models.layers import BatchNorm, Dtype
from jaxgan.models.resnet import DEPTHS, Bottleneck, Stem

PyTree = Any
Halves = tuple[jax.Array, jax.Array]  # both [b, h, w, c] float32


def forward(f: Callable, weights: list[PyTree], x: Halves) -> Halves:
    """Apply one block for each of the weights; f(weights, half) -> half."""
    for w in weights:
        x = x[1], x[0] + f(w, x[1])
    return x


# The same as `forward`, but stores only the output for the backward pass.
reversible = jax.custom_vjp(forward, nondiff_argnums=(0,))


def _keep(f: Callable, weights: list[PyTree], x: Halves):
    y = forward(f, weights, x)
    return y, (weights, y)


def _go_back(f: Callable, kept: tuple[list[PyTree], Halves], dy: Halves):
    """Invert block after block, and differentiate each at its recomputed input."""
    weights, y = kept
    gradients = []
    for w in reversed(weights):
        # Without the barrier the compiler would keep the first f's values instead of recomputing.
        (y, dy) = jax.lax.optimization_barrier((y, dy))
        value, pullback = jax.vjp(f, w, y[0])
        dw, dx = pullback(dy[1])
        gradients.append(dw)
        y, dy = (y[1] - value, y[0]), (dy[1], dy[0] + dx)
    return gradients[::-1], dy


reversible.defvjp(_keep, _go_back)


class Stage(nn.Module):
    """Apply `depth` reversible blocks to [b, h, w, features] float32, features a multiple of 8."""

    depth: int
    features: int
    eps: float
    is_reversible: bool
    dtype: Dtype

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        block = partial(Bottleneck, self.features // 2, False, False, self.eps, self.dtype)
        blocks = [block(name=f"block_{i}") for i in range(self.depth)]
        left, right = jnp.split(x, 2, axis=-1)
        halves = left, right
        # Evaluation needs the statistics besides the weights, and no gradient.
        evaluated = "batch_stats" in self.variables or self.is_mutable_collection("batch_stats")
        if evaluated or self.is_initializing():
            y = forward(lambda b, x: b(x).astype(jnp.float32), blocks, halves)
        else:
            alone = nn.apply(Bottleneck.__call__, block(parent=None))
            f = lambda w, x: alone({"params": w}, x).astype(jnp.float32)
            apply = reversible if self.is_reversible else forward
            y = apply(f, [b.variables["params"] for b in blocks], halves)
        return jnp.concatenate(y, -1)


class RevNet(nn.Module):
    """Map images [b, h, w, c] to features [b, 4 width 2^(stages - 1)] float32.

    width: 64 is RevNet-50, 256 its x4; must be even. is_reversible: False is the plain form, for
    comparison.
    """

    width: int = 64
    depths: tuple[int, ...] = DEPTHS
    small_stem: bool = False
    batch_norm_eps: float = 1e-4
    is_reversible: bool = True
    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, images: jax.Array) -> jax.Array:
        x = Stem(4 * self.width, self.small_stem, self.dtype, name="stem")(images)
        x = x.astype(jnp.float32)
        for i, depth in enumerate(self.depths):
            if i:
                x = nn.avg_pool(x, (2, 2), (2, 2), "SAME", count_include_pad=False)
                each = x.shape[-1] // 2
                x = jnp.pad(x, ((0, 0), (0, 0), (0, 0), (each, each)))
            stage = (depth, x.shape[-1], self.batch_norm_eps, self.is_reversible, self.dtype)
            x = Stage(*stage, name=f"stage_{i}")(x)
        return BatchNorm(self.batch_norm_eps, name="norm")(x).mean((1, 2))
