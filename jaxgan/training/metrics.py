"""What a run writes while it trains.

metrics.jsonl   one line per logged step, with numbers that depend on training alone: the same, byte
                for byte, however often the run was interrupted
watch.jsonl     likewise, one line per look of the watch (watch.py)
timing.jsonl    what depends on the machine: images/s, the share of time per activity (waiting for
                input, the step, samples, watch, checkpoint, other), the peak memory so far, images
                that could not be read
starts.jsonl    one line per start of training: from which step, when, on which devices, with which
                versions
laps.jsonl      seconds per activity in each stretch of steps, from the first start to the last,
                including steps that were lost (report/life.py)
events.*        all numbers, for TensorBoard; trackers get them too, if any is named (trackers.py)

A full disk raises OSError here: no line is ever missing.
"""

import os
import resource
import sys
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax

import jaxgan
from jaxgan.files import json_lines
from jaxgan.training.events import EventFile
from jaxgan.training.trackers import Tracker


class MetricsWriter:
    """Appends to the files above. Lines after `first_step`, of an interrupted run, are dropped.

    trackers: get the numbers too. rows: names of the rows of sample sheets, if the sheets do not
    show them.
    """

    def __init__(
        self,
        workdir: Path,
        first_step: int,
        trackers: Sequence[Tracker] = (),
        rows: Sequence[str] = (),
    ):
        self._workdir = workdir
        for name in ("metrics", "watch"):
            json_lines.drop_after(workdir / f"{name}.jsonl", first_step)
        starts = workdir / "starts.jsonl"
        json_lines.append(
            starts, {"step": first_step} | circumstances() | ({"rows": rows} if rows else {})
        )
        self._start = len(json_lines.read(starts)) - 1
        self._trackers = trackers
        self._events = EventFile(workdir, first_step)

    def write(self, name: str, step: int, values: dict[str, Any], tag: str = "") -> None:
        """Append a line to NAME.jsonl; it is on disk when this returns.

        tag: prefix of the names in TensorBoard and trackers.
        """
        json_lines.append(self._workdir / f"{name}.jsonl", {"step": step} | values)
        self._events.write(step, flat(values, tag))
        for tracker in self._trackers:
            tracker.log(flat(values, tag), step)

    def lap(self, first: int, step: int, spent: Mapping[str, float]) -> None:
        """Append a line to laps.jsonl: seconds per activity, for the steps after `first` up to
        `step`.

        This also works after the end of the `with` block.
        """
        line = {"start": self._start, "first": first, "step": step, "time": round(time.time(), 3)}
        seconds = {name: round(seconds, 4) for name, seconds in spent.items()}
        json_lines.append(self._workdir / "laps.jsonl", line | {"seconds": seconds})

    def __enter__(self) -> "MetricsWriter":
        return self

    def __exit__(self, *_: Any) -> None:
        self._events.close()
        for tracker in self._trackers:
            tracker.finish()


def circumstances() -> dict[str, Any]:
    """Return the time, the devices and the versions that this process runs with."""
    device = jax.devices()[0]
    return {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "devices": f"{jax.device_count()} x {device.device_kind}",
        "processes": jax.process_count(),
        "cores": os.cpu_count(),
        "python": sys.version.split()[0],
        "jaxgan": jaxgan.__version__,  # a checkout need not be installed
        **{name: version(name) for name in ("jax", "jaxlib", "flax", "optax")},
    }


def memory() -> dict[str, float]:
    """Return the peak memory so far, in GB: of this process, and of its first device."""
    unit = 1 if sys.platform == "darwin" else 1024  # bytes in ru_maxrss
    held = {"host_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9}
    stats = jax.local_devices()[0].memory_stats() or {}  # none on a CPU
    if "peak_bytes_in_use" in stats:
        held["device_gb"] = stats["peak_bytes_in_use"] / 1e9
    return {name: round(gb, 3) for name, gb in held.items()}


def flat(values: dict[str, Any], prefix: str = "") -> dict[str, float]:
    """Return nested numbers and lists of numbers under joined names: {"a/b/0": 1.0}."""
    result = {}
    for name, value in values.items():
        if isinstance(value, list):
            value = {str(place): v for place, v in enumerate(value)}
        result |= (
            flat(value, f"{prefix}{name}/") if isinstance(value, dict) else {prefix + name: value}
        )
    return result
