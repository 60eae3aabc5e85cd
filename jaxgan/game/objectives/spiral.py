"""The game of SPIRAL (arXiv 1804.01118): a painter learns from what D says of its canvases.

    discriminator:  mean loss.discriminator(D(x), D(canvas)), for finished canvases; in the paper
      the
                    Wasserstein loss with a gradient penalty
    generator:      - mean over canvases of sum over strokes of A log p(action)
                    + value (squared error of the value) - entropy (entropy of the actions)

No gradient flows through the painting: this is REINFORCE with a learned baseline. With the reward
r_t after stroke t and the value V_t before it, and V = 0 after the last stroke,

    A_t = d_t + lambda A_(t+1),   d_t = r_t + V_(t+1) - V_t         (gail.advantages, gamma = 1)

    "final"        r = D(canvas) after the last stroke, 0 before: the paper's
    "differences"  r_t = D(canvas_t) - D(canvas_(t-1)), from the empty canvas on: the same sum, up
    to
                   D of the empty one, but earlier (in the manner of arXiv 1910.01007)

Advantages are standardised over the batch, and the value's error is divided by the variance of its
targets, because D's logits have no scale of their own.

Deviation: the paper's learner is off-policy, with many actors and a replay memory of canvases for
  D;
here each step paints new ones.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from jaxgan.game.game import Batch, Drawn, Game, Nets, Objective, Outcome
from jaxgan.game.keys import Keys
from jaxgan.game.losses import score
from jaxgan.game.objectives.adversarial import discriminator_objective, named_loss
from jaxgan.game.objectives.gail import advantages
from jaxgan.game.objectives.weights import weights_of

PyTree = Any
NEEDS = {"generator": ("call", "act"), "discriminator": ("call",)}
REWARDS = ("final", "differences")


def reinforce(log_odds: jax.Array, advantage: jax.Array) -> jax.Array:
    """Return - mean over episodes of sum_t A_t log odds_t, for [n, t]; its gradient is minus the
    policy gradient."""
    return -(jax.lax.stop_gradient(advantage) * log_odds).sum(1).mean()


def rewards_of(
    judge: Callable[[jax.Array, PyTree], jax.Array],
    canvases: jax.Array,
    condition: PyTree,
    differences: bool,
) -> jax.Array:
    """Return the rewards [n, t] of canvases [n, t + 1, ...], the empty one first.

    judge: (canvases, conditions) -> logits [b], for leaves [b, ...].
    """
    n, t = canvases.shape[0], canvases.shape[1] - 1
    if not differences:
        return jnp.zeros((n, t)).at[:, -1].set(judge(canvases[:, -1], condition))
    repeated = jax.tree.map(lambda x: jnp.repeat(x, t + 1, 0), condition)
    logits = judge(canvases.reshape(-1, *canvases.shape[2:]), repeated)
    return jnp.diff(logits.reshape(n, t + 1), axis=1)


def generator_objective(
    game: Game,
    nets: Nets,
    stats,
    batch: Batch,
    keys: Keys,
    *,
    differences: bool,
    decay: float,
    entropy_weight: float,
    value_weight: float,
) -> tuple[jax.Array, Outcome]:
    noise, condition = game.source(keys["source"], batch)
    seen = nets.generator.act(noise)
    judge = lambda *canvases: score(nets.discriminator.call(*canvases))
    rewards = jax.lax.stop_gradient(rewards_of(judge, seen.canvas, condition, differences))
    held = jax.lax.stop_gradient(seen.value)
    gained = advantages(rewards, jnp.pad(held, ((0, 0), (0, 1))), 1.0, decay)
    standard = (gained - gained.mean()) / (gained.std() + 1e-8)
    targets = gained + held
    value_error = jnp.square(targets - seen.value).mean() / (targets.var() + 1e-6)
    spread = seen.entropy.mean()
    loss = reinforce(seen.log_odds, standard) - entropy_weight * spread
    loss = loss + value_weight * value_error
    metrics = {"reward": rewards.sum(1).mean(), "entropy": spread, "value_error": value_error}
    fake = Batch(seen.canvas[:, -1], condition)
    return loss, Outcome(stats, metrics, Drawn(batch, fake, noise))


def default_config() -> ConfigDict:
    return ConfigDict(
        {
            "name": "spiral",
            "loss": "wasserstein",  # the discriminator's loss
            "rewards": "final",  # or differences
            "advantage_decay": 1.0,  # lambda
            "entropy": 0.01,  # weights
            "value": 0.5,
        }
    )


def objectives(config: ConfigDict) -> dict[str, Objective]:
    """Return each player's objective."""
    if config.rewards not in REWARDS:
        known = " or ".join(map(repr, REWARDS))
        raise ValueError(f"objective.rewards = {config.rewards!r}: write {known}")
    if not 0 <= config.advantage_decay <= 1:
        raise ValueError(f"objective.advantage_decay = {config.advantage_decay}: write 0 to 1")
    weights_of(config, "entropy", "value")
    generator = partial(
        generator_objective,
        differences=config.rewards == "differences",
        decay=config.advantage_decay,
        entropy_weight=config.entropy,
        value_weight=config.value,
    )
    discriminator = partial(discriminator_objective, loss=named_loss(config.loss))
    return {"generator": generator, "discriminator": discriminator}
