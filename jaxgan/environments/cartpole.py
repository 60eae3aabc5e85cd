"""A pole on a cart, to be balanced by pushing the cart left or right.

Equations, bounds and reward are Gymnasium's CartPole-v1 (Barto, Sutton and Anderson 1983), with the
200 steps of CartPole-v0; Euler steps of 0.02 s. An observation is position, velocity, angle and
angular velocity. The reward is 1 for each step that begins with the pole up and the cart on its
track.

Deviation: an episode does not end when the pole falls; the state stays as it is (environment.py),
without reward. The return of an episode is the same.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.environments.environment import Environment

GRAVITY, CART, POLE, HALF_LENGTH, FORCE, SECONDS = 9.8, 1.0, 0.1, 0.5, 10.0, 0.02
TRACK, STEEPEST = 2.4, 12 * 2 * math.pi / 360


def reset(key: jax.Array) -> jax.Array:
    """Draw all four components of a state from U(-0.05, 0.05): [4] float32."""
    return jax.random.uniform(key, (4,), minval=-0.05, maxval=0.05)


def step(state: jax.Array, action: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Return the next state, and the reward: 1 if the present state is within bounds, else 0."""
    place, speed, angle, turning = state
    is_up = (jnp.abs(place) <= TRACK) & (jnp.abs(angle) <= STEEPEST)
    force = jnp.where(action == 1, FORCE, -FORCE)
    sine, cosine, total = jnp.sin(angle), jnp.cos(angle), CART + POLE
    push = (force + POLE * HALF_LENGTH * turning**2 * sine) / total
    bend = (GRAVITY * sine - cosine * push) / (HALF_LENGTH * (4.0 / 3.0 - POLE * cosine**2 / total))
    pull = push - POLE * HALF_LENGTH * bend * cosine / total
    moved = state + SECONDS * jnp.stack([speed, pull, turning, bend])
    return jnp.where(is_up, moved, state), is_up.astype(jnp.float32)


def observe(state: jax.Array) -> jax.Array:
    """Return the state itself: [4] float32."""
    return state


def lines(observation: np.ndarray) -> np.ndarray:
    """Return the line segments of track, cart and pole, [k, 2, 2]; see `Environment.lines`."""
    place, _, angle, _ = observation
    x, y = 0.9 * place / TRACK, -0.4
    return np.array(
        [
            [(-0.9, y), (0.9, y)],
            [(x - 0.15, y), (x + 0.15, y)],
            [(x, y), (x + 0.8 * np.sin(angle), y + 0.8 * np.cos(angle))],
        ]
    )


def environment() -> Environment:
    """Return the cart-pole environment: 4 observed numbers, 2 actions, 200 steps."""
    return Environment(reset, step, observe, 4, ("left", "right"), 200, lines)
