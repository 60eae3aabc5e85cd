"""One run of several processes: joining, agreeing, leaving.

Environment variables tell processes how to find each other; launch/ has a script for each case.

    JAX_COORDINATOR_ADDRESS=HOST:PORT, JAX_NUM_PROCESSES, JAX_PROCESS_ID    by hand
    JAXGAN_DISTRIBUTED=1       ask the cluster: Slurm, Cloud TPU, GKE, Open MPI;
                               JAX_COORDINATOR_PORT replaces its default port
    JAXGAN_TIMEOUT=300         seconds to wait for the others at the start
    JAXGAN_STUCK=300           seconds without progress after which a process counts as stuck
                               (stuck.py: some phases are allowed more); 0: never

Each process writes a heartbeat to the coordinator's key-value store every 2 s (heartbeat.py). If
one is stuck, or silent for 40 s (killed, or its machine lost), all others name it and stop:
otherwise their next collective would wait for it forever. The same command continues from the last
checkpoint, with any number of processes.
"""

import atexit
import json
import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import jax
from jax._src import clusters, distributed

from jaxgan.devices import rendezvous, stuck
from jaxgan.devices.heartbeat import PERIOD, SILENCE, Heartbeat, Loop
from jaxgan.files.errors import one_line

BY_HAND = "unset it, or write JAX_COORDINATOR_ADDRESS, JAX_NUM_PROCESSES and JAX_PROCESS_ID"
AGREED = "all processes were started with the same config"

_client: Any = None
_heartbeat: Heartbeat | None = None


def join() -> None:
    """Join the other processes if the environment names any; call it before JAX's first
    computation.

    Raises ValueError or RuntimeError, with one line, if that fails.
    """
    address = os.environ.get("JAX_COORDINATOR_ADDRESS")
    automatic = os.environ.get("JAXGAN_DISTRIBUTED") == "1"
    if not automatic and address is None:
        return
    timeout = _number("JAXGAN_TIMEOUT", os.environ.get("JAXGAN_TIMEOUT", "300"))
    patience = _number("JAXGAN_STUCK", os.environ.get("JAXGAN_STUCK", str(stuck.PATIENCE)))
    devices = None
    if automatic:
        address, count, index, devices = _ask_cluster(address, timeout)
    else:
        names = "JAX_NUM_PROCESSES", "JAX_PROCESS_ID"
        count, index = (_number(name, os.environ.get(name)) for name in names)
        if not 0 <= index < count:
            raise ValueError(f"JAX_PROCESS_ID={index}: write a number from 0 to {count - 1}")
    assert address is not None
    rendezvous.meet(address, count, index, timeout)
    try:
        jax.distributed.initialize(
            coordinator_address=address,
            num_processes=count,
            process_id=index,
            local_device_ids=devices,
            cluster_detection_method="deactivate",
            initialization_timeout=timeout,
            shutdown_timeout_seconds=30,
        )
    except (RuntimeError, ValueError) as error:
        raise RuntimeError(
            f"not all processes came to the coordinator at {address} within {timeout} s "
            f"({one_line(error)})"
        ) from error
    global _client, _heartbeat
    _client = distributed.global_state.client  # no public name has its store
    _heartbeat = Heartbeat(_client, jax.process_index(), patience)


def store() -> Any:
    """Return a client of the coordinator's key-value store; None if this process is alone."""
    return _client


def follow(loop: Loop, folder: Path | None) -> None:
    """Let the heartbeats report the place of `loop`; a stuck run writes its stacks to `folder`, or
    to standard error."""
    if _heartbeat is not None:
        _heartbeat.follow(loop, folder)


def _ask_cluster(address: str | None, timeout: int) -> tuple[str, int, int, Any]:
    """Return the coordinator's address, the number of processes, this one's index, and its
    devices."""
    try:  # what jax.distributed.initialize calls; it has no public name
        found = clusters.ClusterEnv.auto_detect_unset_distributed_params(
            address, None, None, None, None, timeout
        )
    except (RuntimeError, ValueError, KeyError, OSError) as error:
        raise RuntimeError(
            f"JAXGAN_DISTRIBUTED=1: the cluster does not answer ({one_line(error)}): {BY_HAND}"
        ) from error
    where, count, index, devices = found
    if where is None or count is None or index is None:
        raise ValueError(f"JAXGAN_DISTRIBUTED=1: no cluster is found here: {BY_HAND}")
    return where, count, index, devices


def _number(name: str, text: str | None) -> int:
    if text is None or not text.isdecimal():
        raise ValueError(f"{name}={text or ''}: write a whole number")
    return int(text)


def fail(error: BaseException) -> None:
    """Tell the other processes why this one ends; a no-op if it is alone.

    If a collective broke because another process is gone, that process is the cause: wait for the
    heartbeat to name it.
    """
    if _heartbeat is None:
        return
    if isinstance(error, jax.errors.JaxRuntimeError):
        time.sleep(SILENCE + 3 * PERIOD)
    _heartbeat.failed(one_line(error))
    # Exit at once, so that these lines are the last: in an orderly end JAX would wait for the
    # others, and abort with a stack trace when they stop.
    atexit.register(_end)


def _end() -> None:
    if jax.process_index() == 0:  # the others read the reason in its store
        time.sleep(3 * PERIOD)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(1)


def leave() -> None:
    """Stop watching the others: this process ends, and they may end before it."""
    global _client, _heartbeat
    if _heartbeat is not None:
        _heartbeat.end()
    _client = _heartbeat = None


def agree(values: dict[str, Any]) -> None:
    """Refuse, in every process, values that are not the same in all of them.

    Process 0 compares them, so each other process reads one answer instead of everyone's values.
    Raises ValueError that names the first process that differs, and the fields.
    """
    if jax.process_count() == 1:
        return
    _client.key_value_set(f"jaxgan/values/{jax.process_index()}", json.dumps(values))
    answer = ""
    if jax.process_index() == 0:
        others = (_wait_for(f"jaxgan/values/{i}") for i in range(1, jax.process_count()))
        answer = disagreement(values, map(json.loads, others))
    answer = from_first("agreement", answer or AGREED)
    if answer != AGREED:
        raise ValueError(answer)


def disagreement(first: dict[str, Any], others: Iterable[dict[str, Any]]) -> str:
    """Return a line that names the first of the other processes, 1, 2, ..., that differs; "" if
    none does."""
    first = json.loads(json.dumps(first))  # a tuple is a list there
    for index, other in enumerate(others, 1):
        here, there = dict(_flat(first)), dict(_flat(other))
        differences = "; ".join(
            f"{name} is {there.get(name)!r} there, {here.get(name)!r} in process 0"
            for name in sorted(here.keys() | there.keys())
            if here.get(name) != there.get(name)
        )
        if differences:
            return (
                f"process {index} was started with another config ({differences}): start all "
                "processes with the same command"
            )
    return ""


def from_first(name: str, value: str) -> str:
    """Return process 0's value in every process. Each name can be used once.

    The others wait as long as process 0 takes; if it fails, the heartbeat ends them.
    """
    if jax.process_count() == 1:
        return value
    key = f"jaxgan/first/{name}"
    if jax.process_index() == 0:
        _client.key_value_set(key, value)
    return _wait_for(key)


def _wait_for(key: str) -> str:
    return _client.blocking_key_value_get(key, int(1000 * 10 * SILENCE))


def _flat(values: dict[str, Any], prefix: str = ""):
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value
