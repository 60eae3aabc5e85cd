"""Environments against Gymnasium's equations, written again in numpy; what a rollout hands over."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.environments import by_name
from jaxgan.environments.environment import drawn, rollout
from jaxgan.game.keys import Keys

STEPS = 60


def pendulum(state, action):
    angle, speed = state
    torque = (-2.0, 0.0, 2.0)[action]
    wrapped = ((angle + math.pi) % (2 * math.pi)) - math.pi
    cost = wrapped**2 + 0.1 * speed**2 + 0.001 * torque**2
    speed = speed + (3 * 10.0 / (2 * 1.0) * math.sin(angle) + 3.0 / 1.0 * torque) * 0.05
    speed = min(max(speed, -8.0), 8.0)
    return (angle + speed * 0.05, speed), -cost


def cartpole(state, action):
    x, x_dot, theta, theta_dot = state
    if abs(x) > 2.4 or abs(theta) > 12 * 2 * math.pi / 360:
        return state, 0.0
    force = 10.0 if action == 1 else -10.0
    polemass_length, total = 0.1 * 0.5, 1.1
    temp = (force + polemass_length * theta_dot**2 * math.sin(theta)) / total
    bottom = 0.5 * (4.0 / 3.0 - 0.1 * math.cos(theta) ** 2 / total)
    theta_acc = (9.8 * math.sin(theta) - math.cos(theta) * temp) / bottom
    x_acc = temp - polemass_length * theta_acc * math.cos(theta) / total
    new = x + 0.02 * x_dot, x_dot + 0.02 * x_acc
    return (*new, theta + 0.02 * theta_dot, theta_dot + 0.02 * theta_acc), 1.0


SEEN = {
    "pendulum": lambda s: (math.cos(s[0]), math.sin(s[0]), s[1]),
    "cartpole": lambda s: s,
}
FIRST = {"pendulum": (2.9, -0.4), "cartpole": (0.02, 0.3, -0.04, 0.1)}


@pytest.mark.parametrize(("name", "equations"), [("pendulum", pendulum), ("cartpole", cartpole)])
def test_equations(name, equations):
    world, rng = by_name.environment(name), np.random.default_rng(0)
    actions = rng.integers(0, len(world.actions), STEPS)
    state, expected = FIRST[name], []
    for action in actions:
        seen = SEEN[name](state)
        state, reward = equations(state, action)
        expected.append([*seen, reward])

    def body(state, action):
        seen = world.observe(state)
        state, reward = world.step(state, action)
        return state, jnp.append(seen, reward)

    first = jnp.array(FIRST[name], jnp.float32)
    _, found = jax.lax.scan(body, first, jnp.asarray(actions, jnp.int32))
    np.testing.assert_allclose(found, expected, rtol=2e-4, atol=2e-4)


def test_a_fallen_pole_stays_where_it_is():
    world = by_name.environment("cartpole")
    up, fallen = jnp.array([0, 0, 0.2, 0.0]), jnp.array([0, 0.1, 0.21, 1.0])
    after, reward = world.step(up, jnp.int32(0))
    assert reward == 1.0 and (after != up).any()
    after, reward = world.step(fallen, jnp.int32(0))
    assert reward == 0.0
    np.testing.assert_array_equal(after, fallen)


@pytest.mark.parametrize("name", list(by_name.KNOWN))
def test_a_rollout_is_what_the_policy_does(name):
    """Every observation follows from the one before it and the action; the first is reset's."""
    world = by_name.environment(name)
    logits = np.log(np.arange(1, len(world.actions) + 1), dtype=np.float32)
    act = lambda seen, key: drawn(jnp.broadcast_to(logits, (len(seen), len(logits))), key)
    keys, count = Keys(jax.random.key(0)), 50
    seen = jax.jit(lambda: rollout(world, act, keys, count))()
    assert seen.observations.shape == (count, world.horizon + 1, world.observation)
    assert seen.actions.shape == seen.rewards.shape == (count, world.horizon)

    @jax.jit
    def observed(actions):
        def again(states, actions):
            return jax.vmap(world.step)(states, actions)[0], jax.vmap(world.observe)(states)

        states = jax.vmap(world.reset)(jax.random.split(keys["reset"], count))
        last, found = jax.lax.scan(again, states, actions.T)
        return jnp.concatenate([found, jax.vmap(world.observe)(last)[None]])

    found = np.moveaxis(observed(seen.actions), 0, 1)
    np.testing.assert_allclose(found, seen.observations, atol=1e-5)
    share = np.bincount(np.ravel(seen.actions), minlength=len(logits)) / seen.actions.size
    odds = np.arange(1, len(logits) + 1) / np.arange(1, len(logits) + 1).sum()
    np.testing.assert_allclose(share, odds, atol=0.02)
    assert len(np.unique(seen.observations[:, 0], axis=0)) == count


def test_a_name_that_is_none():
    with pytest.raises(ValueError, match=r"objective.environment = 'pole': write 'pendulum' or"):
        by_name.environment("pole")
    with pytest.raises(ValueError, match=r"--environment = 'no.such': No module named 'no'"):
        by_name.environment("no.such", "--environment")
    with pytest.raises(ValueError, match="has no function environment"):
        by_name.environment("os.path")
