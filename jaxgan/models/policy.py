"""A policy, its value, and a discriminator of states and actions (GAIL, arXiv 1606.03476).

    generator       act      observations -> logits of the actions
                    value    observations -> V (1 - gamma): discounted mean reward per step
    discriminator   call     (observation, one-hot action) -> logit, high for the expert's

Three perceptrons with tanh, two layers of 100 units as in the authors' code. The discriminator's
last layer starts at 0, so that its first rewards are all alike. The value is a mean per step, which
is of the size of one reward whatever the discount, and so is learned quickly.

Deviation: the authors standardise inputs by running moments; here they are used unchanged.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from jaxgan.game.game import Side, Spec
from jaxgan.models.layers import Dense
from jaxgan.models.sides import linen

PyTree = tuple[jax.Array, jax.Array]


class Perceptron(nn.Module):
    """Map [b, n] to [b, outputs] by layers with tanh.

    last: standard deviation of the last layer's initial weights, times 1 / sqrt(inputs).
    """

    widths: tuple[int, ...]
    outputs: int
    last: float = 1.0

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        for i, width in enumerate(self.widths):
            x = jnp.tanh(Dense(width, kernel_init=lecun, name=f"layer_{i}")(x))
        first = nn.initializers.variance_scaling(self.last**2, "fan_in", "normal")
        zeros = nn.initializers.zeros
        return Dense(self.outputs, kernel_init=first if self.last else zeros, name="last")(x)


lecun = nn.initializers.lecun_normal()


class ActorCritic(nn.Module):
    """A policy and its value function, as separate networks."""

    widths: tuple[int, ...]
    actions: int

    def setup(self) -> None:
        # Nearly equal probabilities at first, so that every action is tried.
        self.policy = Perceptron(self.widths, self.actions, 0.01)
        self.critic = Perceptron(self.widths, 1)

    def __call__(self, observations: jax.Array) -> tuple[jax.Array, jax.Array]:
        return self.act(observations), self.value(observations)

    def act(self, observations: jax.Array) -> jax.Array:
        """Return the logits of the actions, [b, actions], at observations [b, n]."""
        return self.policy(observations)

    def value(self, observations: jax.Array) -> jax.Array:
        """Return the discounted mean of the rewards to come, [b]."""
        return self.critic(observations)[:, 0]


class Judge(nn.Module):
    """Map an observation [b, n] and an action [b, actions] to a logit [b]; no condition."""

    widths: tuple[int, ...]

    @nn.compact
    def __call__(self, sample: PyTree, condition: tuple[()] = ()) -> jax.Array:
        x = jnp.concatenate(sample, -1)
        return Perceptron(self.widths, 1, 0.0, name="judge")(x)[:, 0]


def default_config() -> ConfigDict:
    return ConfigDict(
        {
            "name": "policy",
            "generator_widths": (100, 100),  # hidden layers of policy and value function
            "discriminator_widths": (100, 100),
        }
    )


def networks(config: ConfigDict, spec: Spec) -> dict[str, Side]:
    """Return the policy and the judge of transitions."""
    if not isinstance(spec.sample, tuple) or len(spec.sample) != 2:
        raise ValueError(
            "model.name: this network acts on observations, but the data are "
            f"{spec.sample}: write data.medium = 'transitions', or another model"
        )
    observation, action = spec.sample
    policy = ActorCritic(tuple(config.generator_widths), action.shape[0])
    side = linen(policy, observation, calls=("act", "value"))
    # It generates no samples, so it has no "call" of noise and condition.
    side = side._replace(calls={name: side.calls[name] for name in ("act", "value")})
    judge = Judge(tuple(config.discriminator_widths))
    return {"generator": side, "discriminator": linen(judge, spec.sample)}
