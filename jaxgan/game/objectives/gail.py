"""GAIL (arXiv 1606.03476): a policy imitates an expert by fooling a discriminator, the judge.

    discriminator:  mean -log s(D(s, a)) over the expert's pairs + mean -log(1 - s(D(s, a))) over
                    pairs of the policy - judge_entropy * mean entropy of s(D)
    generator:      the policy gradient of the rewards r(D(s, a)), - entropy * its mean entropy,
                    + the squared error of its value

with s() the logistic function. D is high for the expert's pairs (the paper's D is 1 for the
policy's). Rewards (`reward`), each increasing in D:

    softplus    -log(1 - s(D)) = softplus(D), above 0
    log         log s(D) = -softplus(-D), below 0
    constant    1, whatever D is: a control that learns nothing from the expert

In each player's turn, the policy acts in `rollouts` environments for one episode, inside the
compiled step. Rewards and values give advantages (arXiv 1506.02438), standardised over all of them:

    A_t = d_t + gamma lambda A_(t+1),   d_t = r_t + gamma V(s_(t+1)) - V(s_t)

An episode is cut off by its horizon, not ended by the environment: V of the last state stands for
what would follow. The judge sees as many pairs of the policy, drawn from all, as of the expert.
Each of several devices simulates all episodes: they are small, and only the expert's pairs are
sharded.

Deviations: one gradient step on the policy (A2C) instead of TRPO's; environments have absorbing
states, so that a reward above 0 does not pay for mere survival (environments/environment.py).
"""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from jaxgan.environments import by_name
from jaxgan.environments.environment import Environment, Rollout, drawn, rollout
from jaxgan.game.game import Batch, Drawn, Game, Nets, Objective, Outcome, Spec
from jaxgan.game.keys import Keys
from jaxgan.game.losses import minimax
from jaxgan.game.objectives.adversarial import logit_metrics
from jaxgan.game.objectives.draw import judged
from jaxgan.game.objectives.weights import weights_of

NEEDS = {"generator": ("act", "value"), "discriminator": ("call",)}
REWARDS: dict[str, Callable[[jax.Array], jax.Array]] = {
    "softplus": jax.nn.softplus,
    "log": lambda logits: -jax.nn.softplus(-logits),
    "constant": jnp.ones_like,
}


def advantages(rewards: jax.Array, values: jax.Array, discount: float, decay: float) -> jax.Array:
    """Return A_t [n, t] for rewards [n, t] and values [n, t + 1]; see the module.

    >>> rewards, values = jnp.array([[1.0, 2.0]]), jnp.array([[0.0, 1.0, 4.0]])
    >>> advantages(rewards, values, 0.5, 1.0)
    Array([[3. , 3. ]], dtype=float32)
    """
    errors = rewards + discount * values[:, 1:] - values[:, :-1]

    def back(later: jax.Array, error: jax.Array) -> tuple[jax.Array, jax.Array]:
        now = error + discount * decay * later
        return now, now

    _, found = jax.lax.scan(back, jnp.zeros_like(errors[:, 0]), errors.T, reverse=True)
    return found.T


def entropy(logits: jax.Array) -> jax.Array:
    """Return the entropy of the action probabilities, [b], from logits [b, actions]."""
    return -(jax.nn.softmax(logits) * jax.nn.log_softmax(logits)).sum(-1)


def policy_loss(logits: jax.Array, actions: jax.Array, advantage: jax.Array) -> jax.Array:
    """Return -mean A log pi(a): its gradient is minus the policy gradient.

    logits: [b, actions]. actions: [b] int32, drawn from them. advantage: [b], held constant.
    """
    logs = jnp.take_along_axis(jax.nn.log_softmax(logits), actions[:, None], -1)[:, 0]
    return -(advantage * logs).mean()


def acted(
    environment: Environment, nets: Nets, keys: Keys, count: int
) -> tuple[Rollout, tuple[jax.Array, jax.Array]]:
    """Return episodes of the policy, and their pairs as samples, leaves [count * horizon, ...]."""
    act = lambda observations, key: drawn(nets.generator.act(observations), key)
    seen = rollout(environment, act, keys, count)
    observations = seen.observations[:, :-1].reshape(-1, environment.observation)
    actions = jax.nn.one_hot(seen.actions.reshape(-1), len(environment.actions))
    return seen, (observations, actions)


def discriminator_objective(
    game: Game,
    nets: Nets,
    stats,
    batch: Batch,
    keys: Keys,
    *,
    environment: Environment,
    rollouts: int,
    judge_entropy: float,
) -> tuple[jax.Array, Outcome]:
    _, samples = acted(environment, nets, keys, rollouts)
    n, total = len(batch.sample[0]), len(samples[0])
    places = jax.random.randint(keys["pairs"], (n,), 0, total)
    fake = Batch(jax.tree.map(lambda x: x[places], samples), batch.condition)
    logits = judged(nets, batch, fake)
    loss = minimax.discriminator(*logits).mean()
    if judge_entropy:
        both = jnp.stack(logits)
        loss = loss - judge_entropy * entropy(jnp.stack([both, jnp.zeros_like(both)], -1)).mean()
    return loss, Outcome(stats, logit_metrics(*logits), Drawn(batch, fake, (), logits))


def generator_objective(
    game: Game,
    nets: Nets,
    stats,
    batch: Batch,
    keys: Keys,
    *,
    environment: Environment,
    rollouts: int,
    reward: Callable[[jax.Array], jax.Array],
    discount: float,
    decay: float,
    entropy_weight: float,
) -> tuple[jax.Array, Outcome]:
    seen, samples = acted(environment, nets, keys, rollouts)
    shape = seen.rewards.shape
    judgement = nets.discriminator.call(samples, batch.condition).reshape(shape)
    rewards = jax.lax.stop_gradient(reward(judgement))
    flat = seen.observations.reshape(-1, environment.observation)
    values = nets.generator.value(flat).reshape(shape[0], -1) / (1.0 - discount)
    held = jax.lax.stop_gradient(values)
    gained = advantages(rewards, held, discount, decay)
    standard = (gained - gained.mean()) / (gained.std() + 1e-8)
    logits = nets.generator.act(samples[0])
    spread = entropy(logits).mean()
    # On the scale of one step's mean reward, on which the network predicts values.
    error = (1.0 - discount) * (gained + held[:, :-1] - values[:, :-1])
    value_error = jnp.square(error).mean()
    loss = policy_loss(logits, seen.actions.reshape(-1), standard.reshape(-1))
    metrics = {
        "return": seen.rewards.sum(1).mean(),
        "reward": rewards.mean(),
        "entropy": spread,
        "value_error": value_error,
    }
    fake = Batch(samples, batch.condition)
    loss = loss - entropy_weight * spread + value_error
    return loss, Outcome(stats, metrics, Drawn(batch, fake, ()))


def default_config() -> ConfigDict:
    return ConfigDict(
        {
            "name": "gail",
            "environment": "pendulum",  # a name of environments/, or package.module of your own
            "rollouts": 25,  # episodes per player's turn: 5,000 steps, as in the authors' code
            "reward": "softplus",  # or log, constant
            "discount": 0.995,
            "advantage_decay": 0.97,  # lambda
            "entropy": 1e-3,  # weight of the policy's
            "judge_entropy": 1e-3,  # weight of the judge's
        }
    )


def objectives(config: ConfigDict) -> dict[str, Objective]:
    """Return each player's objective."""
    environment = by_name.environment(config.environment)
    if config.reward not in REWARDS:
        known = ", ".join(map(repr, REWARDS))
        raise ValueError(f"objective.reward = {config.reward!r}: write one of {known}")
    if config.rollouts < 1:
        raise ValueError(f"objective.rollouts = {config.rollouts}: write 1 or more")
    for name in ("discount", "advantage_decay"):
        most = 1.0 if name == "advantage_decay" else 1.0 - 1e-6
        if not 0 <= config[name] <= most:
            instead = "0 to 1" if most == 1 else "0 or more, below 1"
            raise ValueError(f"objective.{name} = {config[name]}: write {instead}")
    weights_of(config, "entropy", "judge_entropy")
    both = {"environment": environment, "rollouts": config.rollouts}
    return {
        "generator": partial(
            generator_objective,
            **both,
            reward=REWARDS[config.reward],
            discount=config.discount,
            decay=config.advantage_decay,
            entropy_weight=config.entropy,
        ),
        "discriminator": partial(
            discriminator_objective, **both, judge_entropy=config.judge_entropy
        ),
    }


def init_stats(config: ConfigDict, spec: Spec) -> dict[str, dict[str, Callable]]:
    """Return nothing to keep; ValueError for an environment other than that of the data."""
    found = by_name.environment(config.environment)
    observation, action = spec.sample
    seen, done = observation.shape[0], action.shape[0]
    if (seen, done) != (found.observation, len(found.actions)):
        raise ValueError(
            f"objective.environment = {config.environment!r} has {found.observation} observed "
            f"numbers and {len(found.actions)} actions, but the data have {seen} and {done}: write "
            "the environment that the data were recorded in"
        )
    return {}
