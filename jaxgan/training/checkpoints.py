"""Checkpoints of the training state: asynchronous, atomic, checksummed, restored onto any mesh.

DIRECTORY/STEP/             an Orbax checkpoint, renamed to this name once it is completely written
DIRECTORY/STEP/manifest     step, metrics, dtype and shape of every leaf, SHA-256 of every file
DIRECTORY/STEP.damaged/     set aside because it does not match its manifest
DIRECTORY.jsonl             one line per completed checkpoint, including deleted ones

Orbax writes and reads the arrays; if several processes share no storage, process 0 writes them as
one file (one_file.py). The background thread that waits for the write also reads the files back and
hashes them, so no training step waits for that; damage is noticed before any array is restored.
"""

import contextlib
import hashlib
import math
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jax.experimental import multihost_utils
from orbax.checkpoint import v1 as ocp

from jaxgan.files import atomic, desk, json_lines, manifest
from jaxgan.files.errors import one_line
from jaxgan.files.lease import LostError
from jaxgan.files.manifest import DamagedError
from jaxgan.files.tensors import read_tensors
from jaxgan.training import one_file
from jaxgan.training.window import Sums

PyTree = Any
PLAIN = re.compile(r"[\w/.,+=@%~ -]*")


class CheckpointError(RuntimeError):
    """A checkpoint could not be written, or none can be read."""


class Checkpoints:
    """The checkpoints of a run. Use `with`: leaving it waits for the last one.

    Args:
      directory: need not exist; reading never changes it.
      keep: number of newest checkpoints to keep.
      keep_every: also keep steps that are multiples of this; 0 for none.
      best_metric: also keep the best by this one of the metrics given to `save`; "" for none.
      best: "highest" or "lowest".
      say: called with one line for each damaged checkpoint, and for each that cannot be written.
    """

    def __init__(
        self,
        directory: Path,
        keep: int = 3,
        keep_every: int = 0,
        best_metric: str = "",
        best: str = "highest",
        say: Callable[[str], None] = lambda line: print(line, file=sys.stderr, flush=True),
    ):
        is_first = jax.process_index() == 0
        self.directory = Path(directory).absolute()
        self.history = self.directory.with_name(self.directory.name + ".jsonl")
        self._arrays = readable_path(self.directory)
        # If not, process 0 saves for all processes.
        self._is_shared = jax.process_count() == 1 or not desk.is_on_a_desk(self.directory)
        self._keep, self._keep_every = keep, keep_every
        self._metric, self._sign = best_metric, 1 if best == "highest" else -1
        self._say = (lambda line: say(desk.with_urls(line))) if is_first else lambda line: None
        self._thread = ThreadPoolExecutor(1, "jaxgan-checkpoint")
        self._writing: tuple[int, Future] | None = None
        self._failure: CheckpointError | None = None
        self._swept = False

    def __enter__(self) -> "Checkpoints":
        return self

    def __exit__(self, *_: Any) -> None:
        with contextlib.suppress(CheckpointError):  # reported; an error of the block comes first
            self.wait()
        self._thread.shutdown()

    def steps(self) -> list[int]:
        """Return the steps that have a checkpoint, ascending, intact or damaged."""
        names = [p.name for p in self.directory.glob("*")] if self.directory.is_dir() else []
        return sorted(int(name) for name in names if name.isdecimal())

    def latest_step(self) -> int | None:
        """Return the step of the newest checkpoint; None if there is none."""
        return max(self.steps(), default=None)

    def best_step(self) -> int | None:
        """Return the step of the best checkpoint by `best_metric`; None if there is none."""
        scores: dict[int, float] = {}
        for step in self.steps() if self._metric else []:
            try:
                value = manifest.read(self.directory / str(step))["metrics"].get(self._metric)
            except DamagedError:
                continue  # reported when it is restored
            if value is not None and math.isfinite(value):
                scores[step] = self._sign * value
        return max(scores, key=scores.__getitem__, default=None)  # the first of equal ones

    def save(
        self,
        step: int,
        state: PyTree,
        metrics: dict[str, float] | None = None,
        window: Sums | None = None,
    ) -> None:
        """Start writing a checkpoint; return when `state` may be donated.

        metrics: of this step. window: sums over the steps since the last line of the log
          (window.py).

        Waits for the previous checkpoint. A failure is reported and training continues: the next
        checkpoint retries, and CheckpointError is raised only by `finish`, if the last one failed.
        If several processes save together, a process that fails raises it at once: the others would
        wait for it (processes.py).
        """
        self.wait()
        facts = {"step": step, "metrics": metrics or {}, "leaves": describe_leaves(state)}
        facts["window"] = dict(window or {})  # a copy: the window stays open
        arrays = {} if self._is_shared else one_file.gathered(state)
        if not self._is_shared and jax.process_index() > 0:
            return
        temporary = self.directory / f"{step}.writing"
        try:
            self._sweep()
            if self._is_shared:
                wait = ocp.save_async(str(self._arrays / temporary.name), state).result
            else:
                wait = partial(one_file.write, temporary, arrays)
        except Exception as error:  # a full disk can show at any call
            self._failed(step, error)
            return
        self._writing = (step, self._thread.submit(self._finish, step, wait, facts))

    def wait(self) -> None:
        """Wait for the checkpoint that is being written, and report it if it failed."""
        if self._writing:
            step, future = self._writing
            self._writing = None
            try:
                future.result()
                self._failure = None
            except Exception as error:  # Orbax raises many kinds
                self._failed(step, error)

    def finish(self) -> None:
        """Wait for the last checkpoint. Raises CheckpointError if it could not be written."""
        self.wait()
        if jax.process_count() > 1:
            multihost_utils.sync_global_devices("jaxgan checkpoints")
        if self._failure:
            raise self._failure

    def newest_good(self, before: int | None = None, best_first: bool = False) -> int | None:
        """Return the newest step (below `before`) with an intact checkpoint; None if there is none.

        Damaged ones are reported. All processes get process 0's answer.

        Args:
          best_first: prefer the best one, if there is a metric for it.
        Raises:
          CheckpointError: there are checkpoints, and all are damaged.
        """
        self.wait()
        found, damaged = -1, []
        if jax.process_index() == 0:
            steps = [s for s in reversed(self.steps()) if before is None or s < before]
            if best_first:
                best = self.best_step()
                steps.sort(key=lambda step: step != best)  # stable: the others stay newest first
            for step in steps:
                try:
                    manifest.verify(desk.fetch(self.directory / str(step)))
                    found = step
                    break
                except DamagedError as error:
                    damaged.append(f"the checkpoint of step {step} is damaged ({error})")
                    self._say(f"{damaged[-1]}; looking at the one before it")
            found = -2 if damaged and found < 0 else found
        if jax.process_count() > 1:
            found = int(multihost_utils.broadcast_one_to_all(np.int32(found)))
        if not self._is_shared and jax.process_index() > 0 and found >= 0:
            manifest.verify(desk.fetch_again(self.directory / str(found)))
        if found == -2:
            raise CheckpointError(
                f"{self.directory} holds no whole checkpoint: {'; '.join(damaged)}. Bring one back "
                "from a copy, or write another --workdir"
            )
        return None if found < 0 else found

    def restore(self, abstract: PyTree, step: int, partial: bool = False) -> PyTree:
        """Return the state of a step that `newest_good` found, sharded as in `abstract`.

        Args:
          abstract: a tree of jax.ShapeDtypeStruct with shardings.
          partial: `abstract` may be a part of the state; only that part is read.

        Raises:
          ValueError: the checkpoint holds other arrays; names the first that differs.
        """
        folder = self.directory / str(step)
        there, here = manifest.read(folder)["leaves"], describe_leaves(abstract)
        for name in [*here, *(n for n in there if n not in here and not partial)]:
            if there.get(name) != here.get(name):
                raise ValueError(
                    f"{folder} is of another network: {name} is {there.get(name, 'missing')} "
                    f"there, {here.get(name, 'missing')} here; write its config, or another "
                    "--workdir"
                )
        if one_file.is_there(folder):
            return one_file.read(folder, abstract)
        context = ocp.Context()
        context.pytree.loading.partial_load = partial
        with context:
            return ocp.load(str(self._arrays / str(step)), abstract)

    def window(self, step: int) -> Sums:
        """Return the `window` that `save` was given at a step that `newest_good` found."""
        return manifest.read(self.directory / str(step)).get("window", {})

    def restore_newest(self, abstract: PyTree, partial: bool = False, wanted: int = 0) -> PyTree:
        """Return the state of the newest intact checkpoint, or a part of that state.

        wanted: take this step instead of the newest; 0 for the newest.

        Raises ValueError if there is no such step, FileNotFoundError if there is no checkpoint.
        """
        if wanted and wanted not in self.steps():
            known = ", ".join(map(str, self.steps())) or "none"
            raise ValueError(
                f"sample.step = {wanted}: {self.directory} has the steps {known}; write one, or 0 "
                "for the newest"
            )
        if wanted:
            manifest.verify(desk.fetch(self.directory / str(wanted)))
        step = wanted or self.newest_good()
        if step is None:
            raise FileNotFoundError(f"{self.directory} holds no checkpoint yet: train first")
        return self.restore(abstract, step, partial)

    def drop_after(self, step: int) -> None:
        """Make `step` the newest checkpoint: set damaged later ones aside, delete intact ones.

        The newest goes first, so that an interruption leaves a sequence without a gap.
        """
        self.wait()
        if jax.process_index() == 0:
            json_lines.drop_after(self.history, step)
            desk.push(self.history)
            for later in reversed([s for s in self.steps() if s > step]):
                folder = self.directory / str(later)
                try:
                    manifest.verify(desk.fetch(folder))
                    delete(folder)
                except DamagedError:
                    aside = folder.with_suffix(".damaged")
                    shutil.rmtree(aside, ignore_errors=True)
                    folder.rename(aside)
                    desk.push(aside)
                    desk.withdraw(folder)
            self._prune()  # what a kill after the last checkpoint has left
        if jax.process_count() > 1:
            multihost_utils.sync_global_devices("jaxgan drop_after")

    def _finish(self, step: int, wait: Callable[[], Any], facts: dict) -> None:
        """Wait for the write, then hash, rename and prune; runs in the thread."""
        wait()  # on process 0: until all processes have written
        if jax.process_index() == 0:
            temporary, final = self.directory / f"{step}.writing", self.directory / str(step)
            refuse_unreadable(self._arrays / temporary.name, len(facts["leaves"]))
            manifest.write(temporary, facts)
            if final.exists():
                delete(final)
            desk.publish(temporary, final)
            temporary.rename(final)
            atomic.sync(self.directory)
            json_lines.append(self.history, {"step": step})
            desk.push(self.history)
            self._prune()

    def _prune(self) -> None:
        """Delete the checkpoints that need not be kept."""
        steps = self.steps()
        kept = {*steps[-self._keep :], self.best_step()}
        for old in steps:
            if old not in kept and not (self._keep_every and old % self._keep_every == 0):
                delete(self.directory / str(old))

    def _failed(self, step: int, error: Exception) -> None:
        remedy = f"Free some space for {self.directory}"
        if desk.is_on_a_desk(self.directory):
            remedy = f"See to the store, and to the space in {tempfile.gettempdir()}"
        self._failure = CheckpointError(
            f"the checkpoint of step {step} could not be written ({one_line(error)}); the newest "
            f"is {self.latest_step() or 'none'}. {remedy}; the same "
            "command continues from there"
        )
        if isinstance(error, LostError):
            raise error
        if jax.process_count() > 1 and self._is_shared:
            raise self._failure
        self._say(f"WARNING: {self._failure}. Training continues and will retry at the next one")
        self._swept = False  # the incomplete one takes space
        with contextlib.suppress(OSError):  # the store is unreachable: the next save sweeps
            self._sweep()

    def _sweep(self) -> None:
        """Delete what an interrupted write or deletion left. Only a process that writes may call
        it."""
        if not self._swept and jax.process_index() == 0:
            self.directory.mkdir(parents=True, exist_ok=True)
            for pattern in ("*.writing*", "*.deleting"):
                for folder in self.directory.glob(pattern):
                    shutil.rmtree(folder, ignore_errors=True)
            desk.sweep(self.directory)
        self._swept = True


def delete(folder: Path) -> None:
    """Delete a checkpoint; if interrupted, what is left never looks like an intact one."""
    desk.withdraw(folder)
    aside = folder.with_suffix(".deleting")
    folder.rename(aside)
    shutil.rmtree(aside)


def readable_path(directory: Path) -> Path:
    """Return a path by which Orbax finds what it wrote: the directory's own, or a link to it.

    Orbax takes brackets and stars for patterns, and TensorStore takes a backslash for a separator.
    The link has the same name in all processes, as Orbax requires, and is never removed: another
    process may be using it.
    """
    if PLAIN.fullmatch(str(directory)):
        return directory
    folder = Path(tempfile.gettempdir()) / f"jaxgan-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.lstat().st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to another user: set TMPDIR to another folder")
    link = folder / hashlib.sha256(os.fsencode(directory)).hexdigest()
    with contextlib.suppress(FileExistsError):
        link.symlink_to(directory)
    return link


def refuse_unreadable(folder: Path, count: int) -> None:
    """Raise OSError unless the folder holds an array for each of `count` leaves."""
    if one_file.is_there(folder):
        found = read_tensors(folder / one_file.NAME)[0]
    else:
        found = ocp.metadata(str(folder)).metadata
    if found is None or len(jax.tree.leaves(found)) != count:
        raise OSError("what was written cannot be read back")


def describe_leaves(tree: PyTree) -> dict[str, str]:
    """Return {path: "float32 [3, 3, 8, 16]"} for a tree of arrays or shapes."""
    found = one_file.leaves(tree)
    return {name: f"{leaf.dtype} {list(leaf.shape)}" for name, leaf in found.items()}
