"""Long short-term memory (Hochreiter and Schmidhuber 1997), with the forget gate of Gers et al.

    i, g, f, o = W [x, h] + b                      width numbers each
    c' = s(f + 1) c + s(i) tanh(g)
    h' = s(o) tanh(c')

with s the logistic function; the 1 makes an untrained cell keep its memory. A cell with n inputs
has 4 ((n + width) width + width) parameters. `along` runs any step through time, as one compiled
body.
"""

from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.models.layers import Dense

PyTree = Any
State = tuple[jax.Array, jax.Array]  # c and h, [b, width] each
glorot = nn.initializers.glorot_uniform()


class Cell(nn.Module):
    """Take one step: (state, x [b, n]) -> (state, output [b, width])."""

    width: int

    @nn.compact
    def __call__(self, state: State, x: jax.Array) -> tuple[State, jax.Array]:
        memory, hidden = state
        joined = jnp.concatenate([x, hidden], -1)
        gates = Dense(4 * self.width, kernel_init=glorot, name="gates")(joined)
        write, new, keep, show = jnp.split(gates, 4, -1)
        memory = nn.sigmoid(keep + 1.0) * memory + nn.sigmoid(write) * jnp.tanh(new)
        hidden = nn.sigmoid(show) * jnp.tanh(memory)
        return (memory, hidden), hidden


class Stack(nn.Module):
    """Stacked cells: each sees the output of the one below."""

    width: int
    layers: int

    @nn.compact
    def __call__(self, states: tuple[State, ...], x: jax.Array):
        found = []
        for i, state in enumerate(states):
            state, x = Cell(self.width, name=f"cell_{i}")(state, x)
            found.append(state)
        return tuple(found), x


def start(batch: int, width: int, layers: int) -> tuple[State, ...]:
    """Return the first states of a stack: zeros."""
    zeros = jnp.zeros((batch, width))
    return ((zeros, zeros),) * layers


def along(step: Callable, module: nn.Module, carry: PyTree, inputs: PyTree) -> tuple[PyTree, Any]:
    """Apply step(module, carry, input) -> (carry, output) along axis 1 of inputs [b, t, ...].

    The module's parameters are shared by all time steps. Outputs are [b, t, ...].
    """
    scan = nn.scan(
        step,
        variable_axes={"intermediates": 1},
        variable_broadcast="params",
        split_rngs={"params": False},
        in_axes=1,
        out_axes=1,
    )
    return scan(module, carry, inputs)
