"""The algorithm: one optimiser step of one player, and from it the training step.

    train_step(game, state, batches) -> (state, metrics)

is a pure function: it takes the game's turns in order, updates the averages, and adds 1 to `step`.
Consecutive turns of one player are a scan over the batches' first axis. Gradients are accumulated
over microbatches by a scan over the second axis. All randomness derives from
`fold_in(state.key, state.step)`.

A turn changes only its own player: the opponent's power iteration and stats are discarded.
(BigGAN-PyTorch updates the power-iteration vectors of both networks in both phases.)
"""

from collections.abc import Iterable
from itertools import groupby
from typing import Any

import jax
import jax.numpy as jnp
import optax

from jaxgan.game.averaging import averaged_player
from jaxgan.game.game import (
    Batch,
    Game,
    Metrics,
    Nets,
    PlayerState,
    TrainState,
    bind,
)
from jaxgan.game.keys import Keys

PyTree = Any


def accumulate(objective, weights: PyTree, stats: PyTree, batch: Batch, key: jax.Array):
    """Return the mean gradient (float32), the last stats and the mean metrics over microbatches.

    objective: (weights, stats, microbatch, key) -> (loss, (stats, metrics)). The leaves of `batch`
    are [microbatches, n, ...]. The result equals that of one large batch for objectives that are
    means over examples. What depends on the batch as a whole is computed for each microbatch: batch
    norm's moments, mean features, the top k.
    """
    gradient = jax.grad(objective, has_aux=True)
    microbatches = jax.tree.leaves(batch)[0].shape[0]

    def body(carry, inputs):
        total, stats = carry
        number, microbatch = inputs
        grads, (stats, metrics) = gradient(
            weights, stats, microbatch, jax.random.fold_in(key, number)
        )
        return (jax.tree.map(lambda t, g: t + g.astype(t.dtype), total, grads), stats), metrics

    zeros = jax.tree.map(lambda w: jnp.zeros(w.shape, jnp.float32), weights)
    inputs = (jnp.arange(microbatches), batch)
    (total, stats), metrics = jax.lax.scan(body, (zeros, stats), inputs, unroll=microbatches == 1)
    grads = jax.tree.map(lambda t, w: (t / microbatches).astype(w.dtype), total, weights)
    return grads, stats, jax.tree.map(lambda m: m.mean(0), metrics)


def gradient_step(
    game: Game, name: str, state: TrainState, batch: Batch, key: jax.Array
) -> tuple[TrainState, Metrics]:
    """Take one optimiser step of one player on a batch with leaves [microbatches, n, ...]."""
    player, mine = game.players[name], state.players[name]
    others = {}
    for other, their in state.players.items():
        if other != name:
            apply = game.players[other].transform.apply
            others[other], _ = apply(their.params, their.transform_state)

    def objective(weights, stats, microbatch, key):
        all_weights, looks = {**others, name: weights}, Keys(key)["looks"]
        nets = Nets(
            {
                who: bind(p.side, all_weights[who], state.players[who].stats, looks)
                for who, p in game.players.items()
            },
            state.step,
        )
        loss, outcome = player.objective(game, nets, stats, microbatch, Keys(key))
        return loss, (outcome.stats, {"loss": loss, **outcome.metrics})

    def transform(params):
        return player.transform.apply(params, mine.transform_state)

    # Normalise, gather and cast the weights once; pull the gradient back through that once.
    weights, pullback, transform_state = jax.vjp(transform, mine.params, has_aux=True)
    grads, stats, metrics = accumulate(objective, weights, mine.stats, batch, key)
    (grads,) = pullback(grads)
    with jax.numpy_dtype_promotion("standard"):  # optax mixes dtypes, whatever the user's setting
        updates, opt_state = player.optimizer.update(grads, mine.opt_state, mine.params)
    params = optax.apply_updates(mine.params, updates)
    new = PlayerState(params, transform_state, stats, opt_state)
    metrics = {**metrics, **gradient_health(grads)}
    return state.replace(players={**state.players, name: new}), metrics


def gradient_health(grads: PyTree) -> Metrics:
    """Return the gradient's norm, and the index in tree order of the first non-finite leaf, or
    -1."""
    # Not vdot: it flattens, and flattening a sharded leaf would gather it.
    squares = jnp.stack([jnp.square(g).sum() for g in jax.tree.leaves(grads)])
    bad = ~jnp.isfinite(squares)
    return {
        "grad_norm": jnp.sqrt(squares.sum()),
        "bad_leaf": jnp.where(bad.any(), jnp.argmax(bad), -1),
    }


def player_step(
    game: Game, name: str, state: TrainState, batch: Batch, key: jax.Array
) -> tuple[TrainState, Metrics]:
    """Take one player's turn on a batch with leaves [microbatches, n, ...]; metrics are
    "d/loss"."""
    state, metrics = (game.players[name].step or gradient_step)(game, name, state, batch, key)
    return state, {f"{prefix(game.players, name)}/{metric}": m for metric, m in metrics.items()}


def prefix(players: Iterable[str], name: str) -> str:
    """Return the prefix of a player's metrics: its initial, or its name if another player shares
    it."""
    return name[0] if [n[0] for n in players].count(name[0]) == 1 else name


def d_step(game: Game, state: TrainState, batch: Batch, key: jax.Array):
    """Take one step of the discriminator."""
    return player_step(game, "discriminator", state, batch, key)


def g_step(game: Game, state: TrainState, batch: Batch, key: jax.Array):
    """Take one step of the generator."""
    return player_step(game, "generator", state, batch, key)


def check_batches(game: Game, batches: Batch) -> None:
    """Raise ValueError unless the leaves have a step's leading axes and the examples' shapes."""
    leaves = jax.tree.leaves(batches)
    shapes = [tuple(x.shape[:3]) for x in leaves]
    if not leaves or len(set(shapes)) > 1 or len(shapes[0]) < 3:
        raise ValueError(
            f"leaves of the batches are {[tuple(x.shape) for x in leaves]}: write samples and "
            "conditions as [batches, microbatches, n, ...]"
        )
    if game.spec:
        given = _shapes(batches, 3)
        wanted = _shapes(Batch(game.spec.sample, game.spec.condition), 0)
        if given != wanted:
            raise ValueError(
                f"examples have the shapes {given}: this game is played on {wanted}, samples and "
                "their conditions"
            )
    if shapes[0][0] != game.num_batches:
        raise ValueError(
            f"{shapes[0][0]} batches for a step whose turns take {game.num_batches}: write leaves "
            f"[{game.num_batches}, microbatches, n, ...]"
        )


def _shapes(batch: Batch, skipped: int) -> str:
    """Return the shapes without their first `skipped` axes, as text: () if there is no leaf."""
    return str(tuple(jax.tree.map(lambda x: list(x.shape[skipped:]), tuple(batch))))


def train_step(game: Game, state: TrainState, batches: Batch) -> tuple[TrainState, Metrics]:
    """Take one training step on batches with leaves [game.num_batches, microbatches, n, ...].

    The metrics of a player with several turns are averaged over them; of bad_leaf, the largest.

    Raises:
      ValueError: leaves without these axes, another number of batches, or examples of other shapes
        than the game's.
    """
    check_batches(game, batches)
    root = Keys(jax.random.fold_in(state.key, state.step))["turns"]
    found: dict[str, list[Metrics]] = {}
    done = 0
    for name, turns in groupby(game.turns, key=lambda turn: turn.player):
        turns = list(turns)
        numbers = jnp.arange(done, done + len(turns))
        done += len(turns)
        places = [turn.batch for turn in turns]
        if places == list(range(places[0], places[0] + len(places))):
            taken = jax.tree.map(lambda x, p=places: x[p[0] : p[-1] + 1], batches)
        else:
            taken = jax.tree.map(lambda x, p=places: x[jnp.array(p)], batches)

        def body(state, inputs, name=name):
            number, batch = inputs
            return player_step(game, name, state, batch, jax.random.fold_in(root, number))

        if len(turns) == 1:
            state, metrics = body(state, jax.tree.map(lambda x: x[0], (numbers, taken)))
            metrics = jax.tree.map(lambda x: x[None], metrics)
        else:
            state, metrics = jax.lax.scan(body, state, (numbers, taken))
        found.setdefault(name, []).append(metrics)
    of_player = lambda name: state.players[averaged_player(name)].params
    averages = {
        name: average(state.averages[name], of_player(name), state.step)
        for name, average in game.averages.items()
    }
    metrics = {}
    for parts in found.values():
        joined = jax.tree.map(lambda *m: jnp.concatenate(m), *parts)
        for name, m in joined.items():
            metrics[name] = m.max(0) if name.endswith("/bad_leaf") else m.mean(0)
    return state.replace(step=state.step + 1, averages=averages), metrics
