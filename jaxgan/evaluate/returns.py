"""How well a policy imitates: what it earns and where it goes, compared with two baselines.

    return            mean of the environment's own rewards, summed over an episode
    distance          energy distance between the visited observations and the expert's:
                      2 E|x - y| - E|x - x'| - E|y - y'|, each number divided by its standard
                      deviation over the expert's; 0 for equal distributions
    *_cloning         for a policy cloned from the pairs of the run's data set (cloning.py)
    *_random          for a policy that draws every action with equal probability
    return_expert     for the expert's trajectories, if their rewards are known

The expert's observations are those of evaluate.reference, such as all steps of many trajectories;
by default the pairs that were trained on. A line of results.jsonl holds the numbers and the
protocol.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
from ml_collections import ConfigDict

import jaxgan
from jaxgan.data.order import fair_draw
from jaxgan.data.reader import Reader
from jaxgan.data.records import Records, open_records
from jaxgan.devices import compiler
from jaxgan.environments.environment import Environment, Rollout, rollout
from jaxgan.evaluate.cloning import RATE, STEPS, cloned
from jaxgan.evaluate.results import append_result, table
from jaxgan.evaluate.samples import tree_hash
from jaxgan.game.keys import Keys
from jaxgan.game.seeds import checked_seed
from jaxgan.media.transitions import transitions
from jaxgan.report import refresh
from jaxgan.trained.load import load_policy
from jaxgan.trained.policy import Policy

METRIC = "returns"
MOST_STATES = 2000  # per side, in the energy distance


def evaluate_policy(path: Path, config: ConfigDict, output: Path, say: Callable) -> int:
    """Score a run's policy as config.evaluate says; return the exit code."""
    settings, policy = config.evaluate, load_policy(path, config)
    if tuple(settings.metrics) != (METRIC,):
        raise ValueError(
            f"evaluate.metrics = {tuple(settings.metrics)}: a policy is scored by ('{METRIC}',) "
            "alone: write that"
        )
    if settings.samples < 2:
        raise ValueError(f"evaluate.samples = {settings.samples}: write 2 episodes or more")
    checked_seed(settings.seed)
    pairs = expert_records(config.data.name, config.data.split, config)
    reference = pairs
    if settings.reference:
        reference = expert_records(settings.reference, settings.split or "train", config)
    metrics = scores(policy, pairs, reference, settings.samples, settings.seed)
    if jax.process_index() == 0:
        facts = protocol(policy, pairs, reference, settings.samples, settings.seed)
        result = append_result(output / "results.jsonl", metrics, facts)
        say(table([result]))
        say(f"{output / 'results.jsonl'} holds every number with its protocol")
        if output == path:
            refresh(path)
    return 0


def expert_records(name: str, split: str, config: ConfigDict) -> Records:
    """Open transitions of the run's environment; ValueError for others."""
    records, wanted = open_records(name, split), config.objective.environment
    found = (records.manifest() or {}).get("environment")
    if found != wanted:
        raise ValueError(
            f"{name} holds {f'transitions of {found!r}' if found else 'no transitions'}, and this "
            f"policy acts in {wanted!r}: write a data set of `jaxgan prepare FILE TARGET "
            f"--environment={wanted}`"
        )
    return records


def pairs_of(records: Records, world: Environment) -> tuple[np.ndarray, np.ndarray]:
    """Return all observations [n, numbers] float32 and actions [n] int32 of a data set."""
    with Reader(records, transitions(world.observation, len(world.actions))) as reader:
        return reader.read(np.arange(len(records))).sample


def scores(
    policy: Policy, pairs: Records, reference: Records, count: int, seed: int
) -> dict[str, float]:
    """Return the metrics over `count` episodes of each policy."""
    world = policy.environment
    of_expert, _ = pairs_of(reference, world)
    clone = policy.with_weights(cloned(policy.side, *pairs_of(pairs, world), seed), 0)
    found = {
        "": policy.rollouts(count, seed),
        "_cloning": clone.rollouts(count, seed),
        "_random": random_rollouts(world, count, seed),
    }
    metrics: dict[str, float] = {}
    for name, seen in found.items():
        returns = seen.rewards.sum(1, dtype=np.float64)
        metrics[f"return{name}"] = float(returns.mean())
        metrics[f"return{name}_std"] = float(returns.std())
        visited = seen.observations[:, :-1].reshape(-1, world.observation)
        metrics[f"distance{name}"] = energy_distance(np.asarray(visited), of_expert)
    known = (reference.manifest() or {}).get("returns")
    if known:
        metrics |= {"return_expert": float(np.mean(known))}
        metrics |= {"return_expert_std": float(np.std(known))}
    return metrics


def random_rollouts(world: Environment, count: int, seed: int) -> Rollout:
    """Return episodes of a policy that draws every action with equal probability, as NumPy
    arrays."""

    def act(observations: jax.Array, key: jax.Array) -> jax.Array:
        return jax.random.randint(key, (len(observations),), 0, len(world.actions))

    found = compiler.jit(lambda key: rollout(world, act, Keys(key), count))
    return jax.device_get(found(jax.random.key(seed)))


def energy_distance(x: np.ndarray, y: np.ndarray, most: int = MOST_STATES) -> float:
    """Return the energy distance of points x [n, d] to y [m, d]; see the module.

    most: if there are more points than this, a fair draw is compared.
    """
    scale = y.std(0)
    scale = np.where(scale > 0, scale, 1.0)
    part = lambda z: z[fair_draw(min(most, len(z)), len(z), "states")] / scale
    x, y = (part(np.float64(z)) for z in (x, y))

    def mean(a: np.ndarray, b: np.ndarray) -> float:
        rows = (np.sqrt(np.square(b - row).sum(-1)).mean() for row in a)
        return float(np.mean(np.fromiter(rows, float, len(a))))

    return max(2 * mean(x, y) - mean(x, x) - mean(y, y), 0.0)


def protocol(
    policy: Policy, pairs: Records, reference: Records, count: int, seed: int
) -> dict[str, Any]:
    """Return everything that decided the numbers, as plain JSON values."""
    return {
        "samples": "episodes",
        "count": count,
        "environment": policy.config.objective.environment,
        "step": policy.step,
        "seed": seed,
        "weights": tree_hash(policy.weights, policy.config.model.to_dict()),
        "data": f"{pairs.directory.name}/{pairs.split}",
        "data_hash": pairs.content_hash(),
        "pairs": len(pairs),
        "reference": f"{reference.directory.name}/{reference.split}",
        "reference_hash": reference.content_hash(),
        "reference_count": len(reference),
        "states": MOST_STATES,
        "cloning": f"Adam {RATE:g}, {STEPS} steps on all pairs",
        "versions": {
            "jaxgan": jaxgan.__version__,
            "jax": jax.__version__,
            "numpy": np.__version__,
        },
    }
