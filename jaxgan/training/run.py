"""A run: a work directory and what its config says. Most commands start here.

workdir/config.json     the resolved config, data set facts included: enough to build the game
workdir/checkpoints/    see checkpoints.py
workdir/metrics.jsonl   see metrics.py
workdir/samples/        a sheet for each sampled step
"""

import dataclasses
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh
from ml_collections import ConfigDict

from jaxgan.build import build, medium_of
from jaxgan.config import FACTS, check
from jaxgan.config.intervals import in_steps
from jaxgan.config_json import config_from
from jaxgan.data.records import Records, open_records
from jaxgan.devices import sharding
from jaxgan.files.errors import one_line
from jaxgan.files.objects import is_url
from jaxgan.game.game import Game, TrainState, init_state
from jaxgan.media.medium import Medium
from jaxgan.training.facts import facts

# A run may be continued with other values of these fields: they do not change what a step computes.
# (Data is compared by its content, wherever it is stored: claim.py.)
FREE = (
    *(f"train.{name}_every" for name in ("log", "sample", "checkpoint")),
    *(f"train.{name}" for name in ("steps", "keep_checkpoints", "keep_every")),
    *(f"train.{name}" for name in ("best_metric", "best")),
    *("train.wandb", "train.trackio", "train.mlflow"),
    *("data.name", "data.on_bad_record", "data.held_out", "on_non_finite", "watch", "in_images"),
    *("sample", "evaluate", "mesh"),
)
# In larger data sets, labels are checked as they are read.
MOST_LABELS = 100_000


@dataclasses.dataclass(frozen=True)
class Run:
    workdir: Path
    config: ConfigDict
    mesh: Mesh
    medium: Medium
    game: Game


def resolve(config: ConfigDict, records: Records, devices: int | None = None) -> ConfigDict:
    """Return the config with the facts of its data set filled in, in steps, and checked.

    With data.categories, the generator's labels are categories of its own; the data set's labels
    are not used. Raises ValueError, naming the field, for values that do not fit.
    """
    names, categories = tuple(records.class_names), config.data.categories
    if categories:
        if categories < len(names):  # the watch looks at real images class by class
            raise ValueError(
                f"data.categories = {categories}: write 0, or {len(names)} or more, as many as the "
                "data set has classes"
            )
        names = tuple(f"category {i}" for i in range(categories))
    config = with_facts(config, class_names=names, **facts(config, records))
    check(config, devices)
    return in_steps(config)


def with_facts(config: ConfigDict, **facts: Any) -> ConfigDict:
    """Return a locked copy of the config with these FACTS in its section `data`."""
    config = ConfigDict(config.to_dict())
    config.data.update(facts)
    return config.lock()


def open_run(workdir: Path, config: ConfigDict, mesh: Mesh | None = None) -> Run:
    """Build the game of a resolved config, on all devices unless a mesh is given.

    Raises ValueError for a network that cannot be built.
    """
    mesh = sharding.create_mesh(config.mesh.fsdp) if mesh is None else mesh
    medium = medium_of(config)
    return Run(workdir, config, mesh, medium, build(config, medium.spec, mesh))


def new_run(workdir: Path, config: ConfigDict) -> tuple[Run, Records]:
    """Open the data and build the game; nothing is written yet (see claim.py).

    Raises ValueError, naming field or file, for what cannot be trained.
    """
    records = open_records(config.data.name, config.data.split)
    if len(records) <= MOST_LABELS:
        check_labels(records)
    config = resolve(config, records)
    start = config.train.start_from
    if start and not is_url(start):  # a run continues from any current directory
        config.train.start_from = str(Path(start).absolute())
    return open_run(workdir, config), records


def check_labels(records: Records) -> None:
    """Raise ValueError for a label outside the data set's list of classes."""
    labels = records.labels()
    bad = np.flatnonzero((labels < 0) | (labels >= records.num_classes))
    if bad.size:
        raise ValueError(
            f"{records.location(bad[0])} has label {labels[bad[0]]}, but the data set names "
            f"{records.num_classes} classes: name them all in its label.labels.txt, or prepare it "
            "again"
        )


def saved(workdir: Path) -> ConfigDict:
    """Return the resolved config of a work directory; its data set need not exist.

    Raises FileNotFoundError without a config, ValueError for one that cannot be read.
    """
    path = workdir / "config.json"
    if not path.exists():
        raise FileNotFoundError(
            f"{path} does not exist: write the --workdir of a training run, or an exported file"
        )
    try:
        return config_from(path.read_text("utf-8"))
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"{path} is not the config of a run ({one_line(error)}): bring it back from a copy, or "
            "train again with its --config"
        ) from error


def load_run(workdir: Path, config: ConfigDict | None = None) -> Run:
    """Open a run by its work directory; `config` may change what training does not depend on
    (FREE)."""
    return open_run(workdir, run_config(workdir, config))


def run_config(workdir: Path, config: ConfigDict | None = None) -> ConfigDict:
    """Return a run's resolved config, with the FREE values of `config`.

    Raises ValueError if `config` differs in another field.
    """
    known = saved(workdir)
    if config is None:
        return known
    config = with_facts(config, **{name: known.data[name] for name in FACTS})
    found = list(differences(known.to_dict(), known.to_dict() | config.to_dict()))
    if found:
        raise ValueError(f"--workdir={workdir} was trained with other values: {'; '.join(found)}")
    return config


def abstract_state(run: Run) -> TrainState:
    """Return the shapes, dtypes and shardings of a run's state; nothing is computed."""
    shapes = jax.eval_shape(partial(init_state, run.game, run.config.seed))
    return jax.tree.map(
        lambda x, s: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=s),
        shapes,
        sharding.tree_shardings(run.mesh, shapes),
    )


def differences(old: dict, new: dict, prefix: str = "") -> Iterator[str]:
    """Yield, as text, the fields that differ between two configs, except FREE ones."""
    for name in sorted(old.keys() | new.keys()):
        field, a, b = prefix + name, old.get(name), new.get(name)
        if field in FREE:
            continue
        if isinstance(a, dict) and isinstance(b, dict):
            yield from differences(a, b, field + ".")
        elif a != b:
            yield f"{field} is {a!r} there, {b!r} here"
