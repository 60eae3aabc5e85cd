"""A trained policy, to act in its environment: needs no data set and no config file.

p = jaxgan.load("runs/gail")
seen = p.rollouts(100, seed=0)       # observations, actions, rewards of 100 episodes
actions = p.act(observations)        # [n] int32, drawn with seed 0
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from jaxgan.build import medium_of, sides
from jaxgan.devices import compiler
from jaxgan.environments import by_name
from jaxgan.environments.environment import Rollout, drawn, rollout
from jaxgan.game.keys import Keys
from jaxgan.game.seeds import checked_seed
from jaxgan.trained.calls import refuse_not_finite

PyTree = Any


def is_policy(config: ConfigDict) -> bool:
    """Return whether a resolved config's generator acts instead of making samples."""
    return config.data.medium == "transitions"


class Policy:
    """Weights of a network that acts.

    Args:
      config: the run's resolved config.
      weights: what the network is applied with (after the transform).
      step: the training step.

    Raises:
      ValueError: weights that are not finite.
    """

    def __init__(self, config: ConfigDict, weights: PyTree, step: int = 0):
        refuse_not_finite(weights)
        self.config, self.weights, self.step = config, weights, step
        self.environment = by_name.environment(config.objective.environment)
        self.side = sides(config, medium_of(config).spec)["generator"]
        self._act = compiler.jit(self._drawn)
        self._rollouts = partial(compiler.jit, static_argnums=2)(self._episodes)

    def __repr__(self) -> str:
        name = self.config.objective.environment
        return f"Policy({self.config.model.name}, {name}, step {self.step})"

    def __getattr__(self, name: str) -> Any:
        """Raise AttributeError with what a policy has instead of latents and classes."""
        raise AttributeError(
            f"a policy has no {name!r}: it acts, by act(observations) or rollouts(n)"
        )

    def act(self, observations: Any, seed: int = 0) -> np.ndarray:
        """Return actions [n] int32, drawn from the policy at observations [n, numbers].

        Raises ValueError for observations of another shape.
        """
        array = np.asarray(observations, np.float32)
        if array.ndim != 2 or array.shape[1] != self.environment.observation:
            raise ValueError(
                f"observations are {list(array.shape)}: write [n, {self.environment.observation}]"
            )
        key = Keys(jax.random.key(checked_seed(seed)))["acts"]
        return np.asarray(self._act(self.weights, array, key))

    def rollouts(self, count: int, seed: int = 0) -> Rollout:
        """Return episodes, as numpy arrays: observations [count, horizon + 1, numbers], actions and
        rewards [count, horizon]. ValueError for a count below 1."""
        if count < 1:
            raise ValueError(f"count = {count}: write 1 or more")
        return jax.device_get(self._rollouts(self.weights, checked_seed(seed), count))

    def with_weights(self, weights: PyTree, step: int) -> "Policy":
        """Return a policy of this network with other weights."""
        return Policy(self.config, weights, step)

    def _drawn(self, weights: PyTree, observations: jax.Array, key: jax.Array) -> jax.Array:
        return drawn(self.side.calls["act"]({"params": weights}, observations), key)

    def _episodes(self, weights: PyTree, seed: Any, count: int) -> Rollout:
        keys = Keys(jax.random.key(jnp.uint32(seed)))
        return rollout(self.environment, partial(self._drawn, weights), keys, count)
