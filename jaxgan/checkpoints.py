"""Checkpoints of the training state: asynchronous, atomic, restored onto any mesh (Orbax)."""

from pathlib import Path
from typing import Any

from orbax.checkpoint import v1 as ocp

PyTree = Any


class Checkpoints:
    """The checkpoints of a run, in `directory`/STEP. Use `with`: leaving it waits for writes."""

    def __init__(self, directory: Path, keep: int = 3):
        self.directory = directory
        policy = ocp.training.preservation_policies.LatestN(keep)
        self._checkpointer = ocp.training.Checkpointer(directory, preservation_policy=policy)

    def __enter__(self) -> "Checkpoints":
        return self

    def __exit__(self, *_: Any) -> None:
        self._checkpointer.close()

    def latest_step(self) -> int | None:
        """Return the step of the newest checkpoint, None without one."""
        latest = self._checkpointer.latest
        return None if latest is None else latest.step

    def save(self, step: int, state: PyTree) -> None:
        """Start to write a checkpoint; a step that is there already is left as it is."""
        if step != self.latest_step():
            self._checkpointer.save_async(step, state, force=True)  # never skipped

    def restore(self, abstract: PyTree, step: int | None = None) -> PyTree:
        """Return the state at a step, the newest by default, as `abstract` says.

        abstract: a tree of jax.ShapeDtypeStruct with shardings.
        """
        return self._checkpointer.load(step, abstract)

    def restore_newest(self, abstract: PyTree) -> PyTree:
        """Return the newest state, or say that there is none."""
        if self.latest_step() is None:
            raise FileNotFoundError(f"{self.directory} holds no checkpoint yet: train first")
        return self.restore(abstract)
