"""What a run writes while it trains.

metrics.jsonl   one line a logged step, of numbers that training alone determines: the same, byte
                for byte, however often the run was interrupted
timing.jsonl    wall-clock: images/s and how the time was spent (input, step, samples, checkpoint)
events.*        both, for TensorBoard
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tensorboardX import SummaryWriter


class MetricsWriter:
    """Appends to the files above. Lines after `first_step` (of a run cut short) are dropped."""

    def __init__(self, workdir: Path, first_step: int):
        self._metrics = workdir / "metrics.jsonl"
        self._timing = workdir / "timing.jsonl"
        drop_lines_after(self._metrics, first_step)
        self._events = SummaryWriter(str(workdir), purge_step=first_step + 1)

    def write(self, step: int, metrics: dict[str, float], timing: dict[str, float]) -> None:
        for path, values in ((self._metrics, metrics), (self._timing, timing)):
            with path.open("a") as file:
                file.write(json.dumps({"step": step, **values}) + "\n")
            for name, value in values.items():
                self._events.add_scalar(name, value, step)
        self._events.flush()

    def close(self) -> None:
        self._events.close()


def drop_lines_after(path: Path, step: int) -> None:
    """Remove lines of later steps, and a last line that was cut short, atomically."""
    if not path.exists():
        return
    kept = []
    for line in path.read_text().splitlines(keepends=True):
        if not line.endswith("\n") or json.loads(line)["step"] > step:
            break
        kept.append(line)
    temporary = path.with_suffix(".tmp")
    temporary.write_text("".join(kept))
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
