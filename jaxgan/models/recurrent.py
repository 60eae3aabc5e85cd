"""Recurrent layers over frames: ConvGRU, the three TSRUs, and the convolutional LSTM.

With states h, frames x, s the logistic function, * a 3 x 3 convolution of concatenated maps:

    conv_gru    r = s(W_r * [h, x])    u = s(W_u * [h, x])     c = relu(W_c * [r h, x])
    tsru_c                             u = s(W_u * [h, x])     c = relu(W_c * [w, x])
    tsru_p                             u = s(W_u * [h, x])     c = relu(W_c * [h, x])
    tsru_s                             u = s(W_u * [w, c])     c = relu(W_c * [w, x])

    new state   u h + (1 - u) c        of a TSRU: u w + (1 - u) c

The candidate's ReLU is DVD-GAN's (arXiv 1907.06571). w is the state, warped as h and x determine
(TriVD-GAN, arXiv 2003.04035). That paper prints u h for its TSRUs too, but then TSRU_p would warp a
state and never use it; so here w is what is mixed.

The warp is our choice, because the paper's is not known to us. For every pixel there are two
kernels of TAPS numbers, one along the height and one along the width, each a softmax of logits that
one convolution computes from h and x. Pixels outside repeat the edge. The state is filtered along
the width, then along the height, so a pixel becomes a weighted mean of its neighbours.

The part of a kernel that sees x is applied to all frames at once; only the part that sees the state
stays in the loop. Biases start at 0, kernels are orthogonal.
"""

from collections.abc import Callable, Mapping
from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.models.convolution import conv
from jaxgan.models.layers import Conv, Dtype, orthogonal

TAPS = 5  # of a warp, along each axis
Maps = Mapping[str, Callable[..., jax.Array]]  # a gate's name -> its convolution of state maps
Given = Mapping[str, jax.Array]  # a gate's name -> contribution of frame and bias


def warp(state: jax.Array, logits: jax.Array) -> jax.Array:
    """Filter a state [b, h, w, c] with separate kernels at every pixel, from logits [b, h, w, 2
    TAPS].

    The first TAPS logits are the kernel along the height, from TAPS // 2 pixels above to TAPS // 2
    below; the others are the kernel along the width, left to right.
    """
    down, across = jnp.split(logits.astype(jnp.float32), 2, -1)
    return _filtered(_filtered(state, nn.softmax(across), 2), nn.softmax(down), 1)


def _filtered(x: jax.Array, kernels: jax.Array, axis: int) -> jax.Array:
    """Return the sum over i of kernels[..., i] times x shifted by i - TAPS // 2 pixels along an
    axis."""
    reach, size = TAPS // 2, x.shape[axis]
    # Not jnp.pad, whose gradient communicates zeros if the batch is sharded over devices.
    first, last = (jax.lax.slice_in_dim(x, i, i + 1, axis=axis) for i in (0, size - 1))
    padded = jnp.concatenate([*reach * [first], x, *reach * [last]], axis)
    kernels = kernels.astype(x.dtype)
    moved = (jax.lax.slice_in_dim(padded, i, i + size, axis=axis) for i in range(TAPS))
    return jnp.stack([m * kernels[..., i : i + 1] for i, m in enumerate(moved)]).sum(0)


def conv_gru(own: Maps, given: Given, h: jax.Array) -> jax.Array:
    r = nn.sigmoid(own["reset"](h) + given["reset"])
    u = nn.sigmoid(own["update"](h) + given["update"])
    c = nn.relu(own["candidate"](r * h) + given["candidate"])
    return u * h + (1 - u) * c


def tsru_c(own: Maps, given: Given, h: jax.Array) -> jax.Array:
    warped = warp(h, own["motion"](h) + given["motion"])
    u = nn.sigmoid(own["update"](h) + given["update"])
    c = nn.relu(own["candidate"](warped) + given["candidate"])
    return u * warped + (1 - u) * c


def tsru_p(own: Maps, given: Given, h: jax.Array) -> jax.Array:
    warped = warp(h, own["motion"](h) + given["motion"])
    u = nn.sigmoid(own["update"](h) + given["update"])
    c = nn.relu(own["candidate"](h) + given["candidate"])
    return u * warped + (1 - u) * c


def tsru_s(own: Maps, given: Given, h: jax.Array) -> jax.Array:
    warped = warp(h, own["motion"](h) + given["motion"])
    c = nn.relu(own["candidate"](warped) + given["candidate"])
    u = nn.sigmoid(own["update"](jnp.concatenate([warped, c], -1)) + given["update"])
    return u * warped + (1 - u) * c


# Unit -> one step, and for each gate the number of state-sized maps that it sees, and whether it
# also sees the frame.
UNITS = {
    "conv_gru": (conv_gru, {"reset": (1, True), "update": (1, True), "candidate": (1, True)}),
    "tsru_c": (tsru_c, {"motion": (1, True), "update": (1, True), "candidate": (1, True)}),
    "tsru_p": (tsru_p, {"motion": (1, True), "update": (1, True), "candidate": (1, True)}),
    "tsru_s": (tsru_s, {"motion": (1, True), "update": (2, False), "candidate": (1, True)}),
}


class Gate(nn.Module):
    """The kernel [3, 3, inputs, outputs] and the bias [outputs] of a gate."""

    inputs: int
    outputs: int

    @nn.compact
    def __call__(self) -> tuple[jax.Array, jax.Array]:
        kernel = self.param("kernel", orthogonal, (3, 3, self.inputs, self.outputs))
        return kernel, self.param("bias", nn.initializers.zeros, (self.outputs,))


class Recurrent(nn.Module):
    """Map frames [b, t, h, w, c] to the states [b, steps, h, w, features] of a unit of UNITS.

    t is `steps`, or 1: then every step sees the same frame. The initial state is 0.
    remat: recompute each step in the backward pass, in place of keeping its gates.
    """

    unit: str
    features: int
    steps: int
    remat: bool = False
    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, frames: jax.Array) -> jax.Array:
        b, t, h, w, c = frames.shape
        step, gates = UNITS[self.unit]
        folded = frames.reshape(b * t, h, w, c).astype(self.dtype)
        own, given = {}, {}
        for name, (states, sees_frame) in gates.items():
            outputs = 2 * TAPS if name == "motion" else self.features
            hidden = states * self.features
            inputs = hidden + c if sees_frame else hidden
            kernel, bias = Gate(inputs, outputs, name=name)()
            kernel, bias = kernel.astype(self.dtype), bias.astype(self.dtype)
            own[name] = partial(conv, kernel=kernel[:, :, :hidden])
            added = jnp.broadcast_to(bias.reshape(1, 1, 1, 1, -1), (b, t, 1, 1, outputs))
            if sees_frame:
                seen = conv(folded, kernel[:, :, hidden:])
                added = added + seen.reshape(b, t, h, w, outputs)
            over_time = (b, self.steps, *added.shape[2:])
            given[name] = jnp.broadcast_to(added, over_time).swapaxes(0, 1)

        def moved(state: jax.Array, added: Given) -> tuple[jax.Array, jax.Array]:
            state = step(own, added, state)
            return state, state

        moved = jax.checkpoint(moved) if self.remat else moved
        first = jnp.zeros((b, h, w, self.features), self.dtype)
        return jax.lax.scan(moved, first, given)[1].swapaxes(0, 1)


class ConvLSTM(nn.Module):
    """One step of an LSTM whose gates are a 3 x 3 convolution of frame and output together.

        i, j, f, o = W * [x, h]     c = c s(f + 1) + s(i) tanh(j)     h = s(o) tanh(c)

    Maps (h, c), each [b, h, w, features], and x [b, h, w, in] to the next (h, c). The 1 makes an
    untrained cell keep its memory. It has 9 (in + features) 4 features + 4 features parameters.
    """

    features: int
    kernel_init: Callable = orthogonal

    @nn.compact
    def __call__(
        self, state: tuple[jax.Array, jax.Array], x: jax.Array
    ) -> tuple[jax.Array, jax.Array]:
        output, cell = state
        gates = Conv(4 * self.features, kernel_init=self.kernel_init, name="gates")
        i, j, f, o = jnp.split(gates(jnp.concatenate([x, output], -1)), 4, -1)
        cell = cell * nn.sigmoid(f + 1) + nn.sigmoid(i) * jnp.tanh(j)
        return jnp.tanh(cell) * nn.sigmoid(o), cell
