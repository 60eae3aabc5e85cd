"""The latest text vectors of a training, kept for the standing statistics of a generator.

A generator with batch norm is sampled with statistics over many captions (game/sampling.py). Noise
can be drawn from a prior, text cannot; so the generator's stats keep the last MOST text vectors,
and a run or its exported file can be sampled without its data set.
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
    """Return an empty buffer of MOST text vectors, and the number of them in use, 0."""
    return {
        "vectors": jnp.zeros((MOST, text_dim), jnp.float32),
        "count": jnp.zeros((), jnp.int32),
    }


def keeping(
    objectives: Mapping[str, Objective],
    own_stats: Mapping[str, Mapping[str, Callable[[], PyTree]]],
    text_dim: int,
) -> tuple[dict[str, Objective], dict[str, Mapping[str, Callable[[], PyTree]]]]:
    """Return a game's objectives and stats such that the generator's stats keep the newest texts.

    objectives: {player: objective}, for examples whose conditions are text vectors [n, text_dim].
    own_stats: {player: {name: () -> arrays}}, what the objectives keep already.
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
    """Return the buffer with these text vectors [n, text_dim] in front, without the oldest."""
    vectors = jnp.concatenate([texts, kept["vectors"]])[:MOST]
    return {"vectors": vectors, "count": jnp.minimum(kept["count"] + len(texts), MOST)}


def drawn(kept: dict[str, jax.Array], key: jax.Array, n: int) -> jax.Array:
    """Draw n of the kept text vectors [n, text_dim], with replacement."""
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
