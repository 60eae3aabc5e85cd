"""The algorithm: one optimiser step of one player, and from it the training step.

    train_step(gan, state, batch) -> (state, metrics)

is a pure function: `num_d_steps` discriminator steps (a scan over the batch's first axis), one
generator step, the average, step + 1. Gradients are accumulated over microbatches by a scan over
the second axis. All randomness comes from `fold_in(state.key, state.step)`.

A step writes only its own player: the opponent's power iteration and stats are dropped. (The
reference moves the vectors of both networks in both phases.)
"""

from functools import partial
from typing import Any, Literal

import jax
import jax.numpy as jnp
import optax

from jaxgan.game.game import GAN, Batch, Nets, Player, PlayerState, TrainState

PyTree = Any
Metrics = dict[str, jax.Array]
Role = Literal["generator", "discriminator"]


def bind(player: Player, weights: PyTree):
    """Return a player's network as a function of its inputs."""
    return partial(player.module.apply, {"params": weights})


def accumulate(objective, weights: PyTree, stats: PyTree, batch: Batch, key: jax.Array):
    """Return the mean gradient (float32), the last stats and the mean metrics over microbatches.

    objective: (weights, stats, microbatch, key) -> (loss, (stats, metrics)). The leaves of `batch`
    are [microbatches, n, ...]. Equal to one large batch but for batch norm, whose moments are those
    of a microbatch.
    """
    gradient = jax.grad(objective, has_aux=True)
    microbatches = jax.tree.leaves(batch)[0].shape[0]

    def body(carry, inputs):
        total, stats = carry
        grads, (stats, metrics) = gradient(weights, stats, *inputs)
        return (jax.tree.map(lambda t, g: t + g.astype(t.dtype), total, grads), stats), metrics

    zeros = jax.tree.map(lambda w: jnp.zeros(w.shape, jnp.float32), weights)
    inputs = (batch, jax.random.split(key, microbatches))
    (total, stats), metrics = jax.lax.scan(body, (zeros, stats), inputs, unroll=microbatches == 1)
    grads = jax.tree.map(lambda t, w: (t / microbatches).astype(w.dtype), total, weights)
    return grads, stats, jax.tree.map(lambda m: m.mean(0), metrics)


def player_step(
    gan: GAN, role: Role, state: TrainState, batch: Batch, key: jax.Array
) -> tuple[TrainState, Metrics]:
    """Take one optimiser step of one player on a batch with leaves [microbatches, n, ...]."""
    player: Player = getattr(gan, role)
    mine: PlayerState = getattr(state, role)
    other_role = "discriminator" if role == "generator" else "generator"
    other: Player = getattr(gan, other_role)
    theirs: PlayerState = getattr(state, other_role)
    other_weights, _ = other.transform.apply(theirs.params, theirs.transform_state)

    def objective(weights, stats, microbatch, key):
        bound = {role: bind(player, weights), other_role: bind(other, other_weights)}
        nets = Nets(bound["generator"], bound["discriminator"], theirs.stats)
        loss, (stats, metrics) = player.objective(gan, nets, stats, microbatch, key)
        return loss, (stats, {"loss": loss, **metrics})

    def transform(params):
        return player.transform.apply(params, mine.transform_state)

    # Normalise, gather, cast once; then back through it once (the seam).
    weights, pullback, transform_state = jax.vjp(transform, mine.params, has_aux=True)
    grads, stats, metrics = accumulate(objective, weights, mine.stats, batch, key)
    (grads,) = pullback(grads)
    with jax.numpy_dtype_promotion("standard"):  # optax mixes dtypes, whatever the user's setting
        updates, opt_state = player.optimizer.update(grads, mine.opt_state, mine.params)
    params = optax.apply_updates(mine.params, updates)
    new = PlayerState(params, transform_state, stats, opt_state)
    metrics = {f"{role[0]}/{name}": m for name, m in {**metrics, **gradient_health(grads)}.items()}
    return state.replace(**{role: new}), metrics


def gradient_health(grads: PyTree) -> Metrics:
    """Return the gradient's norm, and the first leaf (in tree order) that is not finite, or -1."""
    # Not vdot: it flattens, and to flatten a split leaf is to gather it.
    squares = jnp.stack([jnp.square(g).sum() for g in jax.tree.leaves(grads)])
    bad = ~jnp.isfinite(squares)
    return {
        "grad_norm": jnp.sqrt(squares.sum()),
        "bad_leaf": jnp.where(bad.any(), jnp.argmax(bad), -1),
    }


def d_step(gan: GAN, state: TrainState, batch: Batch, key: jax.Array):
    """Take one step of the discriminator."""
    return player_step(gan, "discriminator", state, batch, key)


def g_step(gan: GAN, state: TrainState, batch: Batch, key: jax.Array):
    """Take one step of the generator."""
    return player_step(gan, "generator", state, batch, key)


def train_step(gan: GAN, state: TrainState, batch: Batch) -> tuple[TrainState, Metrics]:
    """Take one training step on a batch with leaves [num_d_steps, microbatches, n, ...]."""
    num_d_steps = jax.tree.leaves(batch)[0].shape[0]
    d_key, g_key = jax.random.split(jax.random.fold_in(state.key, state.step))

    def body(state, inputs):
        return d_step(gan, state, *inputs)

    inputs = (batch, jax.random.split(d_key, num_d_steps))
    state, d_metrics = jax.lax.scan(body, state, inputs, unroll=num_d_steps == 1)
    last = jax.tree.map(lambda x: x[-1], batch)
    state, g_metrics = g_step(gan, state, last, g_key)
    average = gan.average(state.average, state.generator.params, state.step)
    metrics = {
        name: m.max(0) if name == "d/bad_leaf" else m.mean(0) for name, m in d_metrics.items()
    }
    return state.replace(step=state.step + 1, average=average), metrics | g_metrics
