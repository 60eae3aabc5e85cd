"""A pendulum to be swung up and held upright, with three torques: -2, 0 and 2.

Equations, bounds and reward are Gymnasium's Pendulum-v1. With t the angle from upright, w the
angular velocity and u the torque, in steps of 0.05 s,

    w' = clip(w + (15 sin t + 3 u) 0.05, -8, 8)        t' = t + 0.05 w'
    reward = -(t^2 + 0.1 w^2 + 0.001 u^2), t in [-pi, pi)

An observation is cos t, sin t, w. A torque of 2 cannot lift the pendulum directly: it has to swing.

Deviation: Gymnasium's torque is any number in [-2, 2].
"""

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.environments.environment import Environment

TORQUES = (-2.0, 0.0, 2.0)
GRAVITY, MASS, LENGTH, SECONDS, FASTEST = 10.0, 1.0, 1.0, 0.05, 8.0


def reset(key: jax.Array) -> jax.Array:
    """Draw an angle in [-pi, pi) and an angular velocity in [-1, 1): [2] float32."""
    bound = jnp.array([jnp.pi, 1.0], jnp.float32)
    return bound * jax.random.uniform(key, (2,), minval=-1.0, maxval=1.0)


def step(state: jax.Array, action: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Return the next state, and the reward of the present state and action."""
    angle, speed = state
    torque = jnp.asarray(TORQUES, jnp.float32)[action]
    from_upright = jnp.mod(angle + jnp.pi, 2 * jnp.pi) - jnp.pi
    reward = -(from_upright**2 + 0.1 * speed**2 + 0.001 * torque**2)
    pull = 1.5 * GRAVITY / LENGTH * jnp.sin(angle) + 3.0 / (MASS * LENGTH**2) * torque
    speed = jnp.clip(speed + SECONDS * pull, -FASTEST, FASTEST)
    return jnp.stack([angle + SECONDS * speed, speed]), reward


def observe(state: jax.Array) -> jax.Array:
    """Return the cosine and sine of the angle, and the angular velocity: [3] float32."""
    angle, speed = state
    return jnp.stack([jnp.cos(angle), jnp.sin(angle), speed])


def lines(observation: np.ndarray) -> np.ndarray:
    """Return the line segment of the rod, [1, 2, 2]: upright at angle 0, positive angles to the
    left."""
    cosine, sine = observation[:2]
    return np.array([[(0.0, 0.0), (-0.8 * sine, 0.8 * cosine)]])


def environment() -> Environment:
    """Return the pendulum environment: 3 observed numbers, 3 actions, 200 steps."""
    names = tuple(f"torque {torque:g}" for torque in TORQUES)
    return Environment(reset, step, observe, 3, names, 200, lines)
