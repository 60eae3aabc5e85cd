"""A trained generator whose condition is a number, such as CaloGAN's: needs no data set and no
config file.

    s = jaxgan.load("runs/calogan")
    layers = s.sample([10.0, 65.5], seed=0)      # of these energies: a pytree with leaves [2, ...]

Sample i depends on (seed, i) and its number alone.
"""

import copy
import math
from collections.abc import Sequence
from functools import partial
from typing import Any

import jax
import numpy as np
from ml_collections import ConfigDict

from jaxgan.build import medium_of, sampling_prior, sides
from jaxgan.devices import compiler
from jaxgan.game import sampling
from jaxgan.game.seeds import checked_seed
from jaxgan.media.medium import Number
from jaxgan.trained.calls import in_parts, refuse_not_finite, rows_at_once

PyTree = Any


def is_simulator(config: ConfigDict) -> bool:
    """Return whether a resolved config's generator is conditioned on numbers."""
    return isinstance(medium_of(config).spec.condition, Number)


class Simulator:
    """Weights of a network that is conditioned on a number.

    Args:
      config: the run's resolved config.
      weights: what the network is applied with (after the transform).
      step: the training step.

    Raises:
      ValueError: weights that are not finite.
    """

    def __init__(self, config: ConfigDict, weights: PyTree, step: int = 0):
        self.config, self.medium = config, medium_of(config)
        self.side = sides(config, self.medium.spec)["generator"]
        self._prior = sampling_prior(config, 0.0)
        self._prepare = compiler.jit(self._variables)
        self._apply = compiler.jit(self._made)
        self._set(weights, step)

    def __repr__(self) -> str:
        spec = self.medium.spec.condition
        return (
            f"Simulator({self.config.model.name}, {spec.least:g} to {spec.most:g}, "
            f"step {self.step})"
        )

    def sample(self, numbers: Sequence[float] | np.ndarray, seed: int = 0) -> PyTree:
        """Return one sample per number [n], as its medium stores it: leaves [n, ...].

        Raises ValueError for numbers outside the training's range.
        """
        spec, asked = self.medium.spec.condition, np.asarray(numbers, np.float32)
        if asked.ndim != 1 or not len(asked):
            raise ValueError(f"numbers are {list(asked.shape)}: write [n] with n above 0")
        if not ((asked >= spec.least) & (asked <= spec.most)).all():
            raise ValueError(f"numbers: write values from {spec.least:g} to {spec.most:g}")
        apply = partial(self._apply, self.variables, np.uint32(checked_seed(seed)))
        cells = sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(self.medium.spec.sample))
        size = rows_at_once(len(asked), (cells,), 1)
        made = in_parts(apply, size, np.arange(len(asked), dtype=np.int32), asked)
        return self.medium.to_stored(made)

    def with_weights(self, weights: PyTree, step: int) -> "Simulator":
        """Return a simulator of this network with other weights, without compiling again."""
        found = copy.copy(self)
        found._set(weights, step)
        return found

    def _set(self, weights: PyTree, step: int) -> None:
        refuse_not_finite(weights)
        self.weights, self.step = weights, step
        self.variables = self._prepare(weights)

    def _variables(self, weights: PyTree) -> PyTree:
        settings = self.config.sample
        inputs = lambda key: self._prior(key, settings.standing_batch)
        return sampling.variables(self.side, weights, inputs, settings.standing_batches)

    def _made(
        self, variables: PyTree, seed: jax.Array, indices: jax.Array, numbers: jax.Array
    ) -> PyTree:
        noise, _ = sampling.draw(self._prior, seed, indices)
        return sampling.generate(self.side, variables, noise, numbers)
