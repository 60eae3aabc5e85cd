"""What a run writes while it trains.

metrics.jsonl   one line a logged step, of numbers that training alone determines: the same, byte
                for byte, however often the run was interrupted
watch.jsonl     likewise, one line each time the watch has looked (watch.py)
timing.jsonl    what depends on the machine: images/s and how the time was spent (input, step,
                samples, checkpoint), images that could not be read
events.*        all of them, for TensorBoard

A full disk raises OSError here: a line is never missing.
"""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tensorboardX import summary
from tensorboardX.event_file_writer import EventsWriter
from tensorboardX.proto.event_pb2 import Event, SessionLog


class MetricsWriter:
    """Appends to the files above. Lines after `first_step` (of a run cut short) are dropped."""

    def __init__(self, workdir: Path, first_step: int):
        self._workdir = workdir
        for name in ("metrics", "watch"):
            drop_lines_after(workdir / f"{name}.jsonl", first_step)
        # Not SummaryWriter: when the disk is full its thread dies, and the next write never ends.
        self._events = EventsWriter(str(workdir / "events"), f".{time.time_ns()}")
        start = SessionLog(status=SessionLog.START)  # hides what other files say of later steps
        self._events.write_event(
            Event(wall_time=time.time(), step=first_step + 1, session_log=start)
        )

    def write(self, name: str, step: int, values: dict[str, Any], tag: str = "") -> None:
        """Add a line to NAME.jsonl; it is on the disk when this returns. `tag`: in TensorBoard."""
        with (self._workdir / f"{name}.jsonl").open("a") as file:
            file.write(json.dumps({"step": step} | values) + "\n")
            file.flush()
            os.fsync(file.fileno())
        for label, value in flat(values, tag).items():
            event = Event(wall_time=time.time(), step=step, summary=summary.scalar(label, value))
            self._events.write_event(event)
        self._events.flush()

    def __enter__(self) -> "MetricsWriter":
        return self

    def __exit__(self, *_: Any) -> None:
        self._events.close()


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


def read_lines(path: Path) -> list[dict]:
    """Return the lines of a file of JSON lines: none without a file, no last one cut short."""
    text = path.read_text() if path.exists() else ""
    return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]


def drop_lines_after(path: Path, step: int) -> None:
    """Remove lines of later steps, and a last line that was cut short, atomically."""
    if not path.exists():
        return
    kept = []
    for line in path.read_text().splitlines(keepends=True):
        if not line.endswith("\n") or json.loads(line)["step"] > step:
            break
        kept.append(line)
    replace(path, "".join(kept))


def replace(path: Path, text: str) -> None:
    """Write a file by one rename."""
    temporary = path.with_suffix(".tmp")
    with temporary.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


class Stopwatch:
    """Adds up wall-clock seconds by what they were spent on."""

    def __init__(self):
        self.seconds: dict[str, float] = {}
        self._start = time.perf_counter()

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start

    def elapsed(self) -> float:
        """Return seconds since the last reset."""
        return time.perf_counter() - self._start

    def reset(self) -> None:
        self.seconds, self._start = {}, time.perf_counter()


def duration(seconds: float) -> str:
    """Write seconds as people do: 45s, 12m05s, 3h20m, 15d02h."""
    seconds = round(seconds)
    for unit, next_unit, size in (("d", "h", 86400), ("h", "m", 3600), ("m", "s", 60)):
        if seconds >= size:
            rest = seconds % size // (size // {"d": 24, "h": 60, "m": 60}[unit])
            return f"{seconds // size}{unit}{rest:02d}{next_unit}"
    return f"{seconds}s"


def progress_line(
    step: int, last: int, images: float, rate: float, metrics: dict[str, float], left: float
) -> str:
    """Return one line for the terminal: where training is, how fast, how well, how long still."""
    shown = ("d/loss", "g/loss", "d/real_logits", "d/fake_logits")
    values = "  ".join(f"{n} {metrics[n]:+.3f}" for n in shown if n in metrics)
    return (
        f"step {step}/{last}  {images / 1000:.0f} kimg  {rate:.0f} images/s  {values}  "
        f"{duration(left)} left"
    )
