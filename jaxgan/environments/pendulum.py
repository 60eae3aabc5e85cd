"""A pendulum to be swung up and held, with three torques: -2, 0 and 2.

Equations, bounds and reward are those of Gymnasium's Pendulum-v1, whose torque is any number in
[-2, 2]: with t the angle from upright and w its speed, in steps of 0.05 s,

    w' = clip(w + (15 sin t + 3 u) 0.05, -8, 8)        t' = t + 0.05 w'
    reward = -(t^2 + 0.1 w^2 + 0.001 u^2), t in [-pi, pi)

Observed are cos t, sin t, w. A torque of 2 does not lift the pendulum at once: it has to swing.
"""

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.environments.environment import Environment

TORQUES = (-2.0, 0.0, 2.0)
GRAVITY, MASS, LENGTH, SECONDS, FASTEST = 10.0, 1.0, 1.0, 0.05, 8.0


def reset(key: jax.Array) -> jax.Array:
    """Draw an angle in [-pi, pi) and a speed in [-1, 1): [2] float32."""
    bound = jnp.array([jnp.pi, 1.0], jnp.float32)
    return bound * jax.random.uniform(key, (2,), minval=-1.0, maxval=1.0)


def step(state: jax.Array, action: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Return the next state and the reward of this one."""
    angle, speed = state
    torque = jnp.asarray(TORQUES, jnp.float32)[action]
    from_upright = jnp.mod(angle + jnp.pi, 2 * jnp.pi) - jnp.pi
    reward = -(from_upright**2 + 0.1 * speed**2 + 0.001 * torque**2)
    pull = 1.5 * GRAVITY / LENGTH * jnp.sin(angle) + 3.0 / (MASS * LENGTH**2) * torque
    speed = jnp.clip(speed + SECONDS * pull, -FASTEST, FASTEST)
    return jnp.stack([angle + SECONDS * speed, speed]), reward


def observe(state: jax.Array) -> jax.Array:
    """Return cosine and sine of the angle, and the speed: [3] float32."""
    angle, speed = state
    return jnp.stack([jnp.cos(angle), jnp.sin(angle), speed])


def lines(observation: np.ndarray) -> np.ndarray:
    """Return the rod, upwards where the angle is 0 (positive angles to the left)."""
    cosine, sine = observation[:2]
    return np.array([[(0.0, 0.0), (-0.8 * sine, 0.8 * cosine)]])


def environment() -> Environment:
    names = tuple(f"torque {torque:g}" for torque in TORQUES)
    return Environment(reset, step, observe, 3, names, 200, lines)
