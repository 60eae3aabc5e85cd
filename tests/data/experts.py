"""Trajectories of experts that are written by hand, for GAIL. Run by hand:

    python tests/data/experts.py pendulum experts.npz --trajectories=50 --seed=0
    jaxgan prepare experts.npz data/pendulum --environment=pendulum --every=10 --trajectories=1

pendulum    energy: a torque in the direction of motion while there is too little to reach the top,
            else against it; near the top proportional to angle and speed, rounded to a torque
cartpole    the push whose sign is that of a weighted sum of angle, angular speed, place and speed
"""

import argparse
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.environments import by_name
from jaxgan.environments.environment import rollout
from jaxgan.game.keys import Keys


def pendulum_expert(observations: jax.Array, key: jax.Array | None = None) -> jax.Array:
    """Return the torques' numbers [n] int32 at observations [n, 3]."""
    cosine, sine, speed = observations.T
    angle = jnp.arctan2(sine, cosine)
    # Energy over that of rest at the top, of a rod: w^2 / 6 - 5 (1 - cos t).
    energy = speed**2 / 6.0 - 5.0 * (1.0 - cosine)
    pumping = jnp.where(energy < 0.0, jnp.sign(speed), -jnp.sign(speed))
    holding = jnp.round(jnp.clip(-(12.0 * angle + 3.0 * speed) / 2.0, -1.0, 1.0))
    chosen = jnp.where(jnp.abs(angle) < 0.35, holding, pumping)
    return (chosen + 1.0).astype(jnp.int32)


def cartpole_expert(observations: jax.Array, key: jax.Array | None = None) -> jax.Array:
    """Return the pushes' numbers [n] int32 at observations [n, 4]."""
    place, speed, angle, turning = observations.T
    lean = angle + 0.3 * turning + 0.02 * place + 0.05 * speed
    return (lean > 0).astype(jnp.int32)


EXPERTS = {"pendulum": pendulum_expert, "cartpole": cartpole_expert}


def trajectories(name: str, count: int, seed: int) -> dict[str, np.ndarray]:
    """Return observations, actions and rewards of an expert in its environment."""
    world, expert = by_name.environment(name), EXPERTS[name]
    act = jax.jit(lambda key: rollout(world, expert, Keys(key), count))
    seen = act(jax.random.key(seed))
    found = {"observations": seen.observations[:, :-1], "actions": seen.actions}
    return {k: np.asarray(v) for k, v in (found | {"rewards": seen.rewards}).items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=tuple(EXPERTS))
    parser.add_argument("target", type=Path)
    parser.add_argument("--trajectories", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    flags = parser.parse_args()
    found = trajectories(flags.name, flags.trajectories, flags.seed)
    np.savez(flags.target, **found)
    returns = found["rewards"].sum(1)
    print(f"{flags.target}: {len(returns)} trajectories, return {returns.mean():.1f} ± "
          f"{returns.std():.1f}")  # fmt: skip


if __name__ == "__main__":
    main()
