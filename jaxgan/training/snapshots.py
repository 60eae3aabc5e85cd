"""Snapshots of the power-function averages, one beside each checkpoint; never deleted as they age.

workdir/snapshots/STEP.safetensors    arrays "LENGTH/path/of/parameter", float32

A run that continues from an earlier checkpoint first drops the snapshots of later steps: they will
be written again, or belong to a course that was given up.
"""

import re
from pathlib import Path
from typing import Any

import jax
import numpy as np
from flax.traverse_util import flatten_dict

from jaxgan.devices import sharding
from jaxgan.files.tensors import write_tensors
from jaxgan.game.game import TrainState
from jaxgan.training.run import Run

PyTree = Any


def path_of(workdir: Path, step: int) -> Path:
    """Return the path of a step's snapshot."""
    return workdir / "snapshots" / f"{step:08d}.safetensors"


def steps(workdir: Path) -> list[int]:
    """Return the steps of a run's snapshots, ascending."""
    names = (path.name for path in (workdir / "snapshots").glob("*.safetensors"))
    found = (re.fullmatch(r"(\d{8,})\.safetensors", name) for name in names)
    return sorted(int(match[1]) for match in found if match)


def write(run: Run, state: TrainState, step: int) -> None:
    """Write the snapshot of a state, if the run keeps any. All processes must call it."""
    kept = {name.partition("/")[2]: tree for name, tree in state.averages.items() if "/" in name}
    if not kept:
        return
    whole = jax.jit(lambda tree: tree, out_shardings=sharding.replicated(run.mesh))(kept)
    if jax.process_index() == 0:
        path = path_of(run.workdir, step)
        path.parent.mkdir(exist_ok=True)
        flat = flatten_dict(whole, sep="/")
        arrays = {name: np.asarray(x, np.float32) for name, x in flat.items()}
        write_tensors(path, arrays, {"step": str(step)})


def drop_after(workdir: Path, step: int) -> None:
    """Delete the snapshots of later steps."""
    for later in steps(workdir):
        if later > step:
            path_of(workdir, later).unlink()
