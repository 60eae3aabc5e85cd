"""Descent of latents through a generator, on a sum of terms.

    minimise over z    sum over terms k of weight_k value_k(about_k, z, G(z, y), y)

for several starts at once, independent of each other, because G has standing statistics. Adam with
a rate that decays to 0 (cosine). After every step, z is projected back into the bounds of the
prior.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from ml_collections import ConfigDict

from jaxgan.devices import compiler
from jaxgan.models.spiral import Painter
from jaxgan.trained.calls import in_parts
from jaxgan.trained.generator import TrainedGenerator

PyTree = Any
# (about, latents [n, d], images [n, h, w, c], labels [n]) -> [n] float32
Value = Callable[[PyTree, jax.Array, jax.Array, jax.Array], jax.Array]
ADAM = optax.scale_by_adam()
BEYOND = 3.0  # see bounds_of


class Term(NamedTuple):
    """One term of what is minimised.

    about: arrays that the value depends on, such as a target image. Arrays of the same shapes reuse
      the compiled program; another function compiles a new one.
    """

    value: Value
    about: PyTree
    weight: float


class Bounds(NamedTuple):
    """Where latents are kept: every coordinate in [-most, most], and their norm at most radius."""

    most: float = math.inf
    radius: float = math.inf

    def brought(self, z: jax.Array) -> jax.Array:
        """Return latents [n, d], projected into the bounds."""
        z = jnp.clip(z, -self.most, self.most)
        norm = jnp.linalg.norm(z, axis=1, keepdims=True)
        return z * jnp.minimum(1.0, self.radius / jnp.maximum(norm, 1e-12))


def is_smooth(g: TrainedGenerator) -> bool:
    """Return whether images are differentiable in their latents. Those of a policy that paints are
    not: it chooses among strokes."""
    return not isinstance(g.side.module, Painter)


def refuse_painter(g: TrainedGenerator) -> None:
    """Raise ValueError for a generator whose images are painted in strokes."""
    if not is_smooth(g):
        raise ValueError(
            f"model {g.config.model.name!r} paints in strokes, which have no gradient to descend "
            "along: write jaxgan sample with --kind=strokes"
        )


def bounds_of(config: ConfigDict, truncation: float) -> Bounds:
    """Return the bounds of the latents for a resolved config's prior and a truncation (0: none).

    Normal latents have no bounds; for them it is the ball of radius sqrt(d) + 3: a draw from the
    prior lies outside with a probability below exp(-9 / 2) = 1.1 %.
    """
    if config.prior == "uniform":
        return Bounds(most=1.0)
    radius = math.sqrt(config.model.latent_dim) + BEYOND
    if not truncation:
        return Bounds(radius=radius)
    definition = config.sample.truncation_definition
    if definition == "variance":
        return Bounds(radius=truncation * radius)
    return Bounds(most=truncation * (2.0 if definition == "scaled" else 1.0))


class Descent:
    """Descent through one generator; compiled once for each tuple of value functions."""

    def __init__(self, g: TrainedGenerator):
        self._g = g
        self._run = compiler.jit(self._descended, static_argnums=0)
        self._measure = compiler.jit(_values, static_argnums=0)

    def measured(
        self,
        terms: Sequence[Term],
        latents: np.ndarray,
        labels: np.ndarray,
        truncation: float | None = None,
    ) -> np.ndarray:
        """Return the value of each term, [n, terms], for latents [n, d] and labels [n]."""
        kinds, abouts, _ = _taken(terms)
        all_of = latents, self._g.generate(latents, labels, truncation), labels
        size = self._g.rows_at_once(len(latents))
        return in_parts(partial(self._measure, kinds, abouts), size, *all_of)

    def steps(
        self,
        terms: Sequence[Term],
        latents: np.ndarray,
        labels: np.ndarray,
        stops: Sequence[int],
        learning_rate: float = 0.1,
        truncation: float | None = None,
        bounds: Bounds | None = None,
    ) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
        """Yield (step, latents [n, d], values [n, terms]) at each of the stops; the last one ends
        the descent.

        Args:
          latents: [n, d] float32, the starts. labels: [n].
          truncation: of the standing statistics.
          bounds: None for none.
        """
        kinds, abouts, weights = _taken(terms)
        variables, z, y = self._g.variables(truncation), jnp.asarray(latents), jnp.asarray(labels)
        limits = tuple(map(jnp.float32, bounds or Bounds()))
        state, done = ADAM.init(z), 0
        for stop in stops:
            span = jnp.int32(done), jnp.int32(stop), jnp.int32(stops[-1])
            rate = jnp.float32(learning_rate)
            z, state, found = self._run(
                kinds, abouts, weights, variables, z, y, state, span, rate, limits
            )
            done = stop
            yield stop, np.asarray(z), np.asarray(found)

    def _descended(self, kinds, abouts, weights, variables, z, labels, state, span, rate, limits):
        first, last, steps = span
        bounds = Bounds(*limits)

        def values(z: jax.Array) -> jax.Array:
            return _values(kinds, abouts, z, self._g.apply(variables, z, labels), labels)

        def loss(z: jax.Array) -> jax.Array:
            return (values(z) @ weights).sum()

        def step(i: jax.Array, carry):
            z, state = carry
            with jax.numpy_dtype_promotion("standard"):  # optax mixes dtypes
                direction, state = ADAM.update(jax.grad(loss)(z), state)
                now = 0.5 * rate * (1.0 + jnp.cos(jnp.pi * i / steps))
            return bounds.brought(z - now.astype(z.dtype) * direction), state

        z, state = jax.lax.fori_loop(first, last, step, (z, state))
        return z, state, values(z)


def _taken(terms: Sequence[Term]):
    """Return the terms' functions, what they are about, and their weights [terms]."""
    kinds, abouts, weights = zip(*terms, strict=True)
    return kinds, abouts, jnp.asarray(weights, jnp.float32)


def _values(kinds, abouts, z, images, labels) -> jax.Array:
    """Return the value of each term, [n, terms] float32."""
    return jnp.stack(
        [kind(about, z, images, labels) for kind, about in zip(kinds, abouts, strict=True)], -1
    )
