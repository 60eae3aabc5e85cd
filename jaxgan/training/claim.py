"""A work directory belongs to one experiment, and to one training at a time.

workdir/lock            which process trains there now; see files/lock.py
workdir/config.json     what is trained: a run continues with these values, except run.FREE
workdir/data.json       on which data: its content, wherever it is stored
"""

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax

from jaxgan.config_json import to_json
from jaxgan.devices import processes
from jaxgan.files import atomic, desk, json_lines, lock
from jaxgan.files.errors import one_line
from jaxgan.training.checkpoints import Checkpoints
from jaxgan.training.run import Run, differences, saved

SHARED_WITHIN = 60.0  # seconds in which another machine must see what one has written


@contextlib.contextmanager
def claimed(run: Run, data: dict[str, Any]) -> Iterator[None]:
    """Hold the work directory while the block runs; ValueError if it cannot be had.

    Process 0 holds it, and all others must see that: checkpoints need shared storage, or an object
    store.

    Args:
      data: what identifies the data (identity.py).
    """
    path, token = run.workdir / "lock", ""
    with contextlib.ExitStack() as stack:
        if jax.process_index() == 0:
            try:
                run.workdir.mkdir(parents=True, exist_ok=True)
                token = stack.enter_context(lock.held(path))
                token = stack.enter_context(desk.held(run.workdir)) or token
                claim(run, data)
                desk.push(run.workdir)
            except lock.HeldError as error:
                raise ValueError(
                    f"--workdir={run.workdir} is in use by {error}: stop that training, or write "
                    "another --workdir"
                ) from None
            except OSError as error:
                raise ValueError(
                    f"--workdir={run.workdir} cannot be written ({one_line(error)}): write another"
                ) from error
        token = processes.from_first("workdir", token)
        if desk.is_on_a_desk(run.workdir):  # each process has its own
            seen = jax.process_index() == 0 or desk.wait_for_token(path, token, SHARED_WITHIN)
        else:
            seen = lock.wait_for_token(path, token, SHARED_WITHIN)
        if not seen:
            raise ValueError(
                f"--workdir={run.workdir} of process {jax.process_index()} is not that of process "
                "0: write a directory on storage that all machines share"
            )
        yield


def claim(run: Run, data: dict[str, Any]) -> None:
    """Write config.json and data.json, or refuse a work directory that holds something else.

    Raises ValueError for that; OSError if it cannot be written.
    """
    workdir, config = run.workdir, run.workdir / "config.json"
    workdir.mkdir(parents=True, exist_ok=True)
    if not os.access(workdir, os.W_OK):
        raise PermissionError("not writable")
    with Checkpoints(workdir / "checkpoints") as checkpoints:
        _refuse_lost_files(workdir, config, checkpoints)
    if config.exists():
        found = list(differences(saved(workdir).to_dict(), run.config.to_dict()))
        if found:
            raise ValueError(
                f"--workdir={workdir} holds another experiment ({'; '.join(found)}): write another "
                "--workdir, or the same values to continue it"
            )
        _refuse_other_data(run, _known_data(workdir), data)
    for folder in (workdir, workdir / "samples"):
        atomic.sweep(folder)
    atomic.write_text(workdir / "data.json", json.dumps(data, indent=2) + "\n")
    atomic.write_text(config, to_json(run.config))  # last: this file makes it a run


def _refuse_lost_files(workdir: Path, config: Path, checkpoints: Checkpoints) -> None:
    steps, written = checkpoints.steps(), json_lines.read(checkpoints.history)
    if steps and not config.exists():
        raise ValueError(
            f"--workdir={workdir} holds checkpoints but no config.json, which describes them: "
            "bring it back, or write another --workdir"
        )
    if written and not steps:
        raise ValueError(
            f"--workdir={workdir}: checkpoints were written up to step {written[-1]['step']}, but "
            "none is there: bring them back, or write another --workdir"
        )


def _known_data(workdir: Path) -> dict[str, Any]:
    try:
        return dict(json.loads((workdir / "data.json").read_text("utf-8")))
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"{workdir / 'data.json'} is damaged ({one_line(error)}): bring it back from a copy, "
            "or delete it to trust that the data is the same"
        ) from None


def _refuse_other_data(run: Run, there: dict[str, Any], here: dict[str, Any]) -> None:
    for name, value in there.items():
        if name != "order" and name in here and here[name] != value:
            raise ValueError(
                f"--workdir={run.workdir} was trained on other data than data.name = "
                f"{run.config.data.name!r} now is ({name} {str(value)[:12]} there, "
                f"{str(here[name])[:12]} here): write another --workdir, or the data's new place"
            )
    order = there.get("order", 1)
    if there and here.get("order", order) != order:
        raise ValueError(
            f"--workdir={run.workdir} was started when jaxgan read {here['records']} records in "
            f"another order ({order} there, {here['order']} here): continue it with the version in "
            "its starts.jsonl, or write another --workdir"
        )
