"""Networks that look at a canvas and choose places on it, for painters (models/spiral.py).

As in the authors' agent (deepmind/spiral): zero padding and Glorot's initial kernels.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.models.convolution import conv_doubling, conv_halving
from jaxgan.models.convolution_nd import Layer
from jaxgan.models.layers import Conv, Dense
from jaxgan.models.lstm import glorot


class Residual(nn.Module):
    """A stack of `blocks`, each x + conv1x1(relu(conv3x3(relu(x)))), with ReLU at the end."""

    width: int
    blocks: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        for i in range(self.blocks):
            y = Conv(self.width, 3, kernel_init=glorot, name=f"conv3_{i}")(nn.relu(x))
            x = x + Conv(self.width, 1, kernel_init=glorot, name=f"conv1_{i}")(nn.relu(y))
        return nn.relu(x)


class Perceptron(nn.Module):
    widths: tuple[int, ...]

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        for i, width in enumerate(self.widths):
            x = Dense(width, kernel_init=glorot, name=f"layer_{i}")(nn.relu(x) if i else x)
        return x


class Eye(nn.Module):
    """Map canvases [b, h, w, c] in [0, 1], and values [b, width] that are added at every pixel, to
    [b, hidden]."""

    width: int
    blocks: int
    hidden: int

    @nn.compact
    def __call__(self, canvas: jax.Array, added: jax.Array) -> jax.Array:
        b, height, width, _ = canvas.shape
        x = jnp.linspace(-1.0, 1.0, width)[None, None, :, None]
        y = jnp.linspace(-1.0, 1.0, height)[None, :, None, None]
        grids = [jnp.broadcast_to(g, (b, height, width, 1)) for g in (x, y)]
        seen = jnp.concatenate([canvas, *grids], -1)
        h = Conv(self.width, 5, kernel_init=glorot, name="first")(seen)
        h = nn.relu(h + added[:, None, None])
        for i in range((height // 8).bit_length() - 1):
            h = nn.relu(Layer(conv_halving, self.width, (4, 4), glorot, name=f"halved_{i}")(h))
        h = Conv(self.width, 3, kernel_init=glorot, name="before")(h)
        h = Residual(self.width, self.blocks, name="stack")(h)
        return Dense(self.hidden, kernel_init=glorot, name="linear")(h.reshape(b, -1))


class Places(nn.Module):
    """Map [b, 16 n] to logits of the cells of a grid, [b, grid * grid], row by row."""

    width: int
    blocks: int
    grid: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        h = x.reshape(x.shape[0], 4, 4, -1)
        h = Conv(self.width, 3, kernel_init=glorot, name="before")(h)
        h = Residual(self.width, self.blocks, name="stack")(h)
        for i in range((self.grid // 4).bit_length() - 1):
            h = nn.relu(Layer(conv_doubling, self.width, (4, 4), glorot, name=f"doubled_{i}")(h))
        return Conv(1, 3, kernel_init=glorot, name="last")(h).reshape(x.shape[0], -1)
