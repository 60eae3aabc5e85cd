"""An expert's trajectories to a data set of transitions (media/transitions.py).

    observations  [trajectories, steps, observed numbers] float
    actions       [trajectories, steps] integers, the numbers of the environment's actions
    rewards       [trajectories, steps] float, if known: for the expert's return

are the arrays of one .npz file, as written by `tests/data/experts.py`. Of the first `trajectories`,
every `every`-th step is kept, starting at one that the seed draws for each trajectory (as the
authors of arXiv 1606.03476 do, so that neighbours do not repeat each other). Every trajectory has
the environment's horizon.
"""

import hashlib
from pathlib import Path

import numpy as np

from jaxgan.data.order import permutation
from jaxgan.data.prepare.archives import READ_ERRORS
from jaxgan.data.prepare.job import finished, interrupted
from jaxgan.data.prepare.listing import printable
from jaxgan.data.prepare.target import check_path, check_writable
from jaxgan.data.prepare.write import SPLIT, ImageFormat, finish, shard_path, write_shard
from jaxgan.data.records import DAMAGED_ARRAY
from jaxgan.environments import by_name
from jaxgan.environments.environment import Environment
from jaxgan.files import limits
from jaxgan.files.atomic import sha256
from jaxgan.files.errors import one_line
from jaxgan.media.transitions import encoded

ARRAYS = ("observations", "actions", "rewards")
NUMBERS = "biuf"  # kinds of dtypes


def prepare_transitions(
    source: str | Path,
    target: Path,
    environment: str,
    every: int = 1,
    trajectories: int | None = None,
    seed: int = 0,
) -> dict:
    """Make a data set from an .npz file; return its manifest.

    Args:
      environment: in which the expert acted, a name of environments/.
      every: keep one step in this many.
      trajectories: number of first ones to keep; None for all.
      seed: of the first step that is kept of each trajectory, and of the order of the records.

    Raises ValueError, FileNotFoundError or OSError, in one line that says what to write instead.
    """
    world, source = by_name.environment(environment, "--environment"), Path(source)
    if not source.is_file():
        raise FileNotFoundError(f"{source}: no such file; write an .npz of {', '.join(ARRAYS)}")
    if not 1 <= every <= world.horizon:
        raise ValueError(f"--every={every}: write 1 to {world.horizon}, the steps of an episode")
    check_path(target, source)
    observations, actions, rewards = read(source, environment, world)
    if trajectories is not None and not 1 <= trajectories <= len(actions):
        raise ValueError(
            f"--trajectories={trajectories}: {source} holds {len(actions)}: write that or less"
        )
    settings = {"environment": environment, "every": every}
    settings |= {"trajectories": trajectories, "seed": seed}
    stamp = hashlib.sha256(sha256(source).encode()).hexdigest()
    origin = {"name": printable(source.name), "num_files": 1, "listing": stamp, "stamp": stamp}
    manifest = finished(target, settings, origin)
    if manifest:
        return manifest
    check_writable(target)
    interrupted(target, settings, origin)  # raises if the target holds anything else
    count = trajectories or len(actions)
    starts = np.random.default_rng(seed).integers(0, every, count)
    kept = [(i, t) for i in range(count) for t in range(starts[i], world.horizon, every)]
    order = permutation(len(kept), seed, "prepare")
    rows, steps = np.array(kept)[order].T
    stored = ImageFormat((1, 1, 4 * world.observation), encoding="zlib")
    images, labels = encoded(observations[rows, steps]), actions[rows, steps].tolist()
    target.mkdir(parents=True, exist_ok=True)
    records = ((stored.encode(x), label) for x, label in zip(images, labels, strict=True))
    report = write_shard(shard_path(target, SPLIT, 0, 1), records, stored)
    extra: dict = {"source": origin, "settings": settings, "environment": environment}
    if rewards is not None:
        extra["returns"] = rewards[:count].sum(1).tolist()
    return finish(target, SPLIT, stored, world.actions, [report], extra)


def read(
    path: Path, name: str, world: Environment
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Return observations [n, t, d] float32, actions [n, t] and, if there are any, rewards [n, t].

    name: of the environment, which they must fit.
    """
    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            found = {name: file[name] for name in ARRAYS if name in file.files}
            named = list(file.files)
    except (TypeError, *DAMAGED_ARRAY, *READ_ERRORS) as error:  # TypeError: an .npy
        limits.pass_on(error)
        if "Object arrays" in str(error):
            raise ValueError(
                f"{path}: an array of objects, as of trajectories of several lengths: episodes of "
                f"{name!r} all have {world.horizon} steps; cut or repeat the last state, and write "
                "arrays of numbers"
            ) from error
        raise ValueError(f"{path}: cannot be read as npz ({one_line(error)})") from error
    missing = [wanted for wanted in ARRAYS[:2] if wanted not in found]
    if missing:
        raise ValueError(
            f"{path}: no array {missing[0]!r} among {', '.join(named) or 'none'}: write "
            "observations [n, steps, numbers] and actions [n, steps]"
        )
    observations, actions = found["observations"], found["actions"]
    wanted = (len(actions), world.horizon, world.observation)
    if observations.shape != wanted or actions.shape != wanted[:2] or not len(actions):
        raise ValueError(
            f"{path}: observations {list(observations.shape)} and actions {list(actions.shape)}: "
            f"{name!r} takes [n, {world.horizon}, {world.observation}] and [n, {world.horizon}], "
            "with all episodes of its horizon"
        )
    if actions.dtype.kind not in "iu" or actions.min() < 0 or actions.max() >= len(world.actions):
        raise ValueError(
            f"{path}: actions are {actions.dtype} from {actions.min()} to {actions.max()}: write "
            f"integers from 0 to {len(world.actions) - 1}, the places in {', '.join(world.actions)}"
        )
    if observations.dtype.kind != "f" or not np.isfinite(observations).all():
        where = not_finite(observations)
        raise ValueError(f"{path}: observations are {observations.dtype}{where}: write floats")
    rewards = found.get("rewards")
    if rewards is not None and rewards.shape != actions.shape:
        raise ValueError(
            f"{path}: rewards {list(rewards.shape)} of actions {list(actions.shape)}: write one "
            "for each, or none"
        )
    if rewards is not None and (rewards.dtype.kind not in NUMBERS or not_finite(rewards)):
        where = not_finite(rewards)
        raise ValueError(
            f"{path}: rewards are {rewards.dtype}{where}: write numbers, or no rewards"
        )
    return observations.astype(np.float32), actions.astype(np.int64), rewards


def not_finite(array: np.ndarray) -> str:
    """Return words on the first number that is not finite; "" if all are, or none is a number."""
    if array.dtype.kind not in NUMBERS:
        return ""
    first = np.argwhere(~np.isfinite(array))[:1].tolist()
    return f", not finite at {first[0]} (an episode that is shorter?)" if first else ""


def summary(manifest: dict, target: Path) -> str:
    """Return two lines on what was made."""
    counts = ", ".join(f"{name} {count:,}" for name, count in manifest["classes"].items())
    name = manifest["environment"]
    return (
        f"{target}: {manifest['num_images']:,} transitions of {name!r}: {counts}\n"
        f"Train with --config=gail_{name} --config.data.name={target}, or any config whose "
        f"objective.environment is {name!r}."
    )
