"""What a run writes while it trains.

metrics.jsonl   one line a logged step, of numbers that training alone determines: the same, byte
                for byte, however often the run was interrupted
watch.jsonl     likewise, one line each time the watch has looked (watch.py)
timing.jsonl    what depends on the machine: images/s and what shares of the time were spent on
                (waiting for input, the step, samples, watch, checkpoint, other), the most memory
                so far, images that could not be read
starts.jsonl    one line each time training starts: from which step, when, on what, with what
events.*        all numbers, for TensorBoard; with train.wandb, Weights & Biases has them too

A full disk raises OSError here: a line is never missing.
"""

import importlib.util
import json
import os
import resource
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax

from jaxgan.training.events import EventFile


class MetricsWriter:
    """Appends to the files above. Lines after `first_step` (of a run cut short) are dropped.

    wandb: the project of Weights & Biases that gets the numbers too, "" for none. A continued run
    goes on there as the same run, named by its directory.
    """

    def __init__(self, workdir: Path, first_step: int, wandb: str = ""):
        self._workdir = workdir
        for name in ("metrics", "watch"):
            drop_lines_after(workdir / f"{name}.jsonl", first_step)
        self._append("starts", {"step": first_step} | circumstances())
        self._wandb = wandb_run(wandb, workdir) if wandb else None
        self._events = EventFile(workdir, first_step)

    def write(self, name: str, step: int, values: dict[str, Any], tag: str = "") -> None:
        """Add a line to NAME.jsonl; it is on the disk when this returns. `tag`: in TensorBoard."""
        self._append(name, {"step": step} | values)
        self._events.write(step, flat(values, tag))
        if self._wandb is not None:
            self._wandb.log(flat(values, tag), step=step)

    def _append(self, name: str, values: dict[str, Any]) -> None:
        with (self._workdir / f"{name}.jsonl").open("a") as file:
            file.write(json.dumps(values) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def __enter__(self) -> "MetricsWriter":
        return self

    def __exit__(self, *_: Any) -> None:
        self._events.close()
        if self._wandb is not None:
            self._wandb.finish()


def check_wandb(project: str) -> None:
    """Refuse a project of Weights & Biases where its package is not installed."""
    if project and importlib.util.find_spec("wandb") is None:
        raise ValueError(
            f"train.wandb = {project!r} needs the package wandb: pip install wandb, or write ''"
        )


def wandb_run(project: str, workdir: Path) -> Any:
    """Return a run of Weights & Biases, the same one each time for a work directory."""
    import wandb

    path = workdir / "wandb_id.txt"
    if not path.exists():
        path.write_text(secrets.token_hex(8))
    config = json.loads((workdir / "config.json").read_text())
    return wandb.init(
        project=project,
        id=path.read_text(),
        name=workdir.name,
        resume="allow",
        dir=workdir,
        config=config,
    )


def circumstances() -> dict[str, Any]:
    """Return when and on what this process runs."""
    device = jax.devices()[0]
    return {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "devices": f"{jax.device_count()} x {device.device_kind}",
        "processes": jax.process_count(),
        "cores": os.cpu_count(),
        "python": sys.version.split()[0],
        **{name: version(name) for name in ("jaxgan", "jax", "jaxlib", "flax", "optax")},
    }


def memory() -> dict[str, float]:
    """Return the most that was held so far, in GB: by this process, and by its first device."""
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
    """Adds up wall-clock seconds by what they were spent on, lap by lap."""

    def __init__(self):
        self._seconds: dict[str, float] = {}
        self._start = time.perf_counter()

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self._seconds[name] = self._seconds.get(name, 0.0) + time.perf_counter() - start

    def elapsed(self) -> float:
        """Return seconds since the last lap."""
        return time.perf_counter() - self._start

    def lap(self) -> dict[str, float]:
        """Return what the seconds since the last lap were spent on, "other" too; start the next."""
        now = time.perf_counter()
        spent = self._seconds | {"other": now - self._start - sum(self._seconds.values())}
        self._seconds, self._start = {}, now
        return spent


def duration(seconds: float) -> str:
    """Write seconds as people do: 45s, 12m05s, 3h20m, 15d02h."""
    seconds = round(seconds)
    for unit, next_unit, size in (("d", "h", 86400), ("h", "m", 3600), ("m", "s", 60)):
        if seconds >= size:
            rest = seconds % size // (size // {"d": 24, "h": 60, "m": 60}[unit])
            return f"{seconds // size}{unit}{rest:02d}{next_unit}"
    return f"{seconds}s"


def goodput(spent: dict[str, float]) -> str:
    """Return the share of seconds inside the step, and what else took 1 % or more of them.

    A lower bound: the devices may be at work too while the host waits for input or saves.
    """
    percent = {name: 100 * seconds / sum(spent.values()) for name, seconds in spent.items()}
    step = percent.pop("step", 0.0)
    rest = ", ".join(f"{name} {share:.0f}" for name, share in percent.items() if share >= 1)
    return f"goodput {step:.0f} %" + (f" ({rest})" if rest else "")


def progress_line(
    step: int,
    last: int,
    images_a_step: int,
    rate: float,
    spent: dict[str, float],
    metrics: dict[str, float],
) -> str:
    """Return one line for the terminal: where training is, how fast, how well, how long still."""
    shown = ("d/loss", "g/loss", "d/real_logits", "d/fake_logits")
    values = "  ".join(f"{n} {metrics[n]:+.3f}" for n in shown if n in metrics)
    return (
        f"step {step}/{last}  {step * images_a_step / 1000:.0f} kimg  {rate:.0f} images/s  "
        f"{goodput(spent)}  {values}  {duration((last - step) * images_a_step / rate)} left"
    )
