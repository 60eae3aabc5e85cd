"""Behavioural cloning, the control of imitation: learns what the expert did, state by state.

The policy's own network, from weights initialised by a seed, maximises the likelihood of the
expert's
pairs: Adam, 1e-3, 1,000 steps on all of them at once. It never acts while it learns, so it has
never seen the states after its first mistake (arXiv 1011.0686).
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from jaxgan.devices import compiler
from jaxgan.game.game import Side

PyTree = Any
STEPS, RATE = 1000, 1e-3


def cloned(side: Side, observations: np.ndarray, actions: np.ndarray, seed: int = 0) -> PyTree:
    """Return the weights of a policy trained on pairs: observations [n, numbers], actions [n]
    int32."""
    optimizer = optax.adam(RATE)

    def loss(params: PyTree) -> jax.Array:
        logits = side.calls["act"]({"params": params}, jnp.asarray(observations))
        losses = optax.softmax_cross_entropy_with_integer_labels(logits, jnp.asarray(actions))
        return losses.mean()

    def step(state: PyTree, _: None) -> tuple[PyTree, None]:
        params, opt_state = state
        with jax.numpy_dtype_promotion("standard"):  # optax mixes dtypes
            updates, opt_state = optimizer.update(jax.grad(loss)(params), opt_state, params)
        return (optax.apply_updates(params, updates), opt_state), None

    @compiler.jit
    def taught(key: jax.Array) -> PyTree:
        params = side.init(key)
        (params, _), _ = jax.lax.scan(step, (params, optimizer.init(params)), None, STEPS)
        return params

    return taught(jax.random.key(seed))
