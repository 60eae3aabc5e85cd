"""What a work directory says about its run. Any of its files but config.json may be missing."""

import dataclasses
import math
from pathlib import Path
from typing import Any, TypeGuard

from jaxgan.config import FACTS, default_config
from jaxgan.config.noun import noun
from jaxgan.config_json import values_from
from jaxgan.files import json_lines
from jaxgan.files.errors import one_line

Values = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class RunFacts:
    """name: short, unique in a report. The lines of a missing file are an empty list."""

    name: str
    workdir: Path
    config: Values  # flat: {"train.steps": 100, ...}
    default: Values
    metrics: list[Values]
    timing: list[Values]  # of all steps that were computed, also repeated ones
    watch: list[Values]
    starts: list[Values]
    laps: list[Values]
    roll_backs: list[Values]
    results: list[Values]
    samples: dict[int, Path]  # step -> PNG
    pictures: list[Path]  # other pictures
    reels: dict[int, Path] = dataclasses.field(default_factory=dict)  # step -> WAV or GIF

    @property
    def noun(self) -> str:
        """What its examples are called; "examples" if the module of its medium is not available
        here."""
        try:
            return noun(self.config["data.medium"])
        except ValueError:
            return "examples"

    @property
    def step(self) -> int:
        return max((line["step"] for line in self.metrics), default=max(self.samples, default=0))

    @property
    def current_timing(self) -> list[Values]:
        """The lines of `timing` that belong to the run's present history."""
        known = [line["step"] for line in (*self.metrics, *self.starts[-1:]) if "step" in line]
        return current(self.timing, max(known, default=math.inf))

    def kimg(self, step: float) -> float:
        """Return how many thousand examples the discriminator has seen at a step."""
        return step * self.config["train.num_d_steps"] * self.config["train.batch"] / 1000

    def differences(self) -> Values:
        """Return the fields that differ from the default, except the data set's own facts."""
        facts = tuple(f"data.{name}" for name in FACTS)
        return {
            field: value
            for field, value in self.config.items()
            if field not in facts and value != self.default.get(field)
        }


def read_run(workdir: Path, name: str) -> RunFacts:
    """Read a work directory. Raises FileNotFoundError or ValueError if it is not one."""
    path = workdir / "config.json"
    if not path.is_file():
        raise FileNotFoundError(f"{path} does not exist: write the directory of a training run")
    try:
        config = values_from(path.read_text("utf-8"))
        default = default_config(config["model"]["name"], config["objective"]["name"]).to_dict()
        flat = {**flattened(default), **flattened(config)}
        samples = {
            int(p.stem): p for p in sorted(workdir.glob("samples/*.png")) if p.stem.isdecimal()
        }
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"{path} is not the config of a run: {one_line(error)}") from None
    return RunFacts(
        name=name,
        workdir=workdir,
        config=flat,
        default=flattened(default),
        samples=samples,
        pictures=sorted(workdir.glob("*.png")),
        reels={
            int(p.stem): p
            for p in sorted(workdir.glob("samples/*"))
            if p.stem.isdecimal() and p.suffix in (".wav", ".gif")
        },
        **{
            kind: json_lines.read(workdir / f"{kind}.jsonl")
            for kind in ("metrics", "timing", "watch", "starts", "laps", "roll_backs", "results")
        },
    )


def noun_of(runs: list[RunFacts]) -> str:
    """Return what the examples of all runs are called; "examples" if the runs differ."""
    words = {run.noun for run in runs}
    return words.pop() if len(words) == 1 else "examples"


def current(lines: list[Values], end: float) -> list[Values]:
    """Return the lines up to step `end` that belong to the present history of the run.

    A roll-back, or a start from an earlier checkpoint, repeats steps. Lines that were appended
    before it but lie at later steps belong to an abandoned history.
    """
    kept: list[Values] = []
    for line in lines:
        step = line.get("step")
        if is_number(step):
            while kept and kept[-1]["step"] >= step:
                kept.pop()
            kept.append(line)
    return [line for line in kept if line["step"] <= end]


def flattened(values: Values, prefix: str = "") -> Values:
    """Return nested dicts as one dict with joined names: {"train.steps": ...}."""
    flat = {}
    for name, value in values.items():
        if isinstance(value, dict):
            flat |= flattened(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat


def series(lines: list[Values], name: str) -> tuple[list[float], list[float]]:
    """Return steps and values of one number over the lines, where it is finite."""
    points = [(line.get("step"), line.get(name)) for line in lines]
    points = [(s, v) for s, v in points if is_number(s) and is_number(v)]
    return [s for s, _ in points], [v for _, v in points]


def is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def unique_names(workdirs: list[Path]) -> list[str]:
    """Return the shortest path endings that tell the directories apart."""
    parts = [path.absolute().parts for path in workdirs]
    for n in range(1, max(map(len, parts)) + 1):
        names = ["/".join(p[-n:]) for p in parts]
        if len(set(names)) == len(names):
            return names
    return [f"{'/'.join(p)} ({i})" for i, p in enumerate(parts, 1)]  # the same directory twice
