"""The interface of an environment, and episodes of a policy in one.

    state = reset(key);  state, reward = step(state, action);  observation = observe(state)

All are pure functions of JAX arrays, for a single world; `rollout` runs many side by side in one
compiled step. Every episode has `horizon` steps. Where something would end it earlier (a pole that
falls), the state stays as it is from then on: an absorbing state, visible to the discriminator, so
that the length of an episode alone earns or loses no reward (arXiv 1809.02925).
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

PyTree = Any


class Environment(NamedTuple):
    """One world.

    reset: key -> state, a pytree.
    step: (state, action [] int32) -> (next state, reward [] float32 of this step).
    observe: state -> [observation] float32.
    observation: the size of an observation.
    actions: the names of the actions 0, 1, ...
    horizon: the number of steps of an episode.
    lines: observation [observation] -> line segments [k, 2, 2], (x, y) of both ends in [-1, 1] with
      y upwards, for pictures; NumPy, on the host.
    """

    reset: Callable[[jax.Array], PyTree]
    step: Callable[[PyTree, jax.Array], tuple[PyTree, jax.Array]]
    observe: Callable[[PyTree], jax.Array]
    observation: int
    actions: tuple[str, ...]
    horizon: int
    lines: Callable[[np.ndarray], np.ndarray]


class Rollout(NamedTuple):
    """Episodes side by side.

    observations: [n, horizon + 1, observation] float32; the last one follows the last action.
    actions: [n, horizon] int32. rewards: [n, horizon] float32, the environment's own.
    """

    observations: jax.Array
    actions: jax.Array
    rewards: jax.Array


def rollout(
    environment: Environment,
    act: Callable[[jax.Array, jax.Array], jax.Array],
    keys: Any,
    count: int,
) -> Rollout:
    """Run a policy for one episode in each of `count` worlds. No gradients flow through the result.

    Args:
      act: (observations [count, observation], key) -> actions [count] int32.
      keys: streams of keys by name: "reset" and "acts".
    """
    first = jax.vmap(environment.reset)(jax.random.split(keys["reset"], count))
    observe, step = jax.vmap(environment.observe), jax.vmap(environment.step)

    def body(state: PyTree, key: jax.Array):
        seen = observe(state)
        actions = act(jax.lax.stop_gradient(seen), key)
        state, rewards = step(state, actions)
        return state, (seen, actions, rewards)

    last, found = jax.lax.scan(body, first, jax.random.split(keys["acts"], environment.horizon))
    seen, actions, rewards = jax.tree.map(lambda x: jnp.moveaxis(x, 0, 1), found)
    seen = jnp.concatenate([seen, observe(last)[:, None]], 1)
    return Rollout(*jax.lax.stop_gradient((seen, actions, rewards)))


def drawn(logits: jax.Array, key: jax.Array) -> jax.Array:
    """Sample one action per row from logits [n, actions]: [n] int32."""
    return jax.random.categorical(key, logits).astype(jnp.int32)
