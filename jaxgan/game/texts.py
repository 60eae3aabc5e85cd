"""The newest text vectors of the training, which a generator with batch norm needs afterwards.

Its standing statistics are those of the images of many captions (game/sampling.py); noise can be
drawn from a prior, text cannot. So the generator's stats keep the last MOST text vectors: a run, or
its exported file, samples without its data set.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from jaxgan.game import sampling
from jaxgan.game.game import Batch, Game, Nets, Objective, Outcome, Side
from jaxgan.game.keys import Keys

PyTree = Any
NAME = "texts"  # of the arrays in the generator's stats
MOST = 256


def empty(text_dim: int) -> dict[str, jax.Array]:
    """Return places for text vectors, and how many of them are taken."""
    return {
        "vectors": jnp.zeros((MOST, text_dim), jnp.float32),
        "count": jnp.zeros((), jnp.int32),
    }


def keeping(
    objectives: Mapping[str, Objective],
    own_stats: Mapping[str, Mapping[str, Callable[[], PyTree]]],
    text_dim: int,
) -> tuple[dict[str, Objective], dict[str, Mapping[str, Callable[[], PyTree]]]]:
    """Return the objectives of a game whose conditions are text vectors, and what they keep: the
    generator's keeps the newest texts besides.

    own_stats: {player: {name: () -> arrays}}.
    """

    def kept(
        game: Game, nets: Nets, stats: PyTree, batch: Batch, keys: Keys
    ) -> tuple[jax.Array, Outcome]:
        loss, outcome = objectives["generator"](game, nets, stats, batch, keys)
        newest = with_newest(stats[NAME], batch.condition)
        return loss, outcome._replace(stats={**outcome.stats, NAME: newest})

    mine = {**own_stats.get("generator", {}), NAME: partial(empty, text_dim)}
    return {**objectives, "generator": kept}, {**own_stats, "generator": mine}


def with_newest(kept: dict[str, jax.Array], texts: jax.Array) -> dict[str, jax.Array]:
    """Return the places with these text vectors [n, text_dim] first, the oldest dropped."""
    vectors = jnp.concatenate([texts, kept["vectors"]])[:MOST]
    return {"vectors": vectors, "count": jnp.minimum(kept["count"] + len(texts), MOST)}


def drawn(kept: dict[str, jax.Array], key: jax.Array, n: int) -> jax.Array:
    """Return n of the kept text vectors [n, text_dim], drawn with repetition."""
    places = jax.random.randint(key, (n,), 0, jnp.maximum(kept["count"], 1))
    return jnp.take(kept["vectors"], places, axis=0)


def variables(
    side: Side,
    weights: PyTree,
    prior: sampling.Prior,
    kept: dict[str, jax.Array],
    num_batches: int,
    batch: int,
) -> dict[str, PyTree]:
    """Return {"params": weights} and, for a network with batch norm, its standing statistics over
    kept text vectors and noise of the prior."""

    def inputs(key: jax.Array) -> tuple[PyTree, jax.Array]:
        keys = Keys(key)
        return prior(keys["noise"], batch)[0], drawn(kept, keys["texts"], batch)

    return sampling.variables(side, weights, inputs, num_batches)
