"""`jaxgan sample`: what it draws, by --kind."""

import dataclasses
import re
from pathlib import Path

import jax
import numpy as np
from ml_collections import ConfigDict

from jaxgan.config.noun import noun
from jaxgan.files.atomic import check_output, write_bytes
from jaxgan.media import terminal
from jaxgan.media.pictures import LEAST_CELL, refuse_film, refuse_suffix, save_film, save_picture
from jaxgan.trained.generator import TrainedGenerator
from jaxgan.trained.load import load_generator, load_policy, load_simulator
from jaxgan.trained.policy import is_policy
from jaxgan.trained.sample import sheets, walks
from jaxgan.trained.sample.files import write_images
from jaxgan.trained.sample.numbers import sample_numbers
from jaxgan.trained.sample.rollouts import sample_policy
from jaxgan.trained.sample.strokes import write_strokes
from jaxgan.trained.simulator import is_simulator
from jaxgan.trained.truncations import allowed

KINDS = {
    "classes": "sample.png",
    "truncations": "truncations.png",
    "latents": "latents.png",
    "between": "between.png",
    "arithmetic": "arithmetic.png",
    "walk": "walk.gif",
    "images": "samples",
    "strokes": "strokes.gif",
}
MOST_PIXELS = 1 << 28  # in a sheet or a film
TRUNCATIONS = (0.1, 0.2, 0.5, 1.0, 1.5, 2.0)


@dataclasses.dataclass(frozen=True)
class Options:
    """The flags of the command, as text; empty means the default of the kind."""

    kind: str = "classes"
    output: str = ""
    seed: int = 0
    seeds: str = ""
    classes: str = ""
    truncation: str = ""
    truncations: str = ""
    path: str = "spherical"
    columns: int = 0
    steps: int = 20
    count: int = 1000
    shard: str = "0/1"


def sample(model: Path, config: ConfigDict | None, options: Options) -> int:
    """Draw from a run or an exported file; return the exit code."""
    if options.kind not in KINDS:
        raise ValueError(f"--kind={options.kind}: write one of {', '.join(KINDS)}")
    if config is not None and is_policy(config):
        return sample_policy(load_policy(model, config), options)
    if config is not None and is_simulator(config):
        return sample_numbers(load_simulator(model, config), options)
    output = Path(options.output or KINDS[options.kind])
    shard = _shard(options.shard)
    if options.kind == "images":
        check_output(output / "labels.csv")  # samples.json says whether it may be written
    elif options.kind in ("walk", "strokes"):
        refuse_film(output)
    else:
        refuse_suffix(output)
    replaced = "" if options.kind == "images" else check_output(output)
    g = load_generator(model, config)
    t = g.truncation(number("--truncation", options.truncation) if options.truncation else None)
    classes = [g.class_id(name) for name in names(options.classes, g.class_names)]
    if classes or options.kind == "between":
        g.refuse_class()
    if options.kind == "images":
        written = write_images(g, output, options.count, options.seed, t, classes or None, shard)
        mine = len(range(shard[0], options.count, shard[1]))
        made = f"{mine} {noun(g.config.data.medium)} of shard {options.shard}"
        print(f"{output}: {made} are there, {written} of them new")
        return 0
    if jax.process_index():
        return 0  # one process draws a sheet
    if options.kind == "strokes":
        columns = options.columns or g.config.sample.columns
        print(write_strokes(g, output, columns, options.seed) + replaced)
        return 0
    if options.kind == "walk":
        seeds = numbers("--seeds", options.seeds) or list(range(options.seed, options.seed + 4))
        chosen = classes or sheets.default_classes(g)[:9]
        frames = len(seeds) * options.steps
        _refuse_size(f"--steps={options.steps}", frames * len(chosen), picture_shape(g))
        save_film(output, walks.walk_frames(g, chosen, seeds, options.steps, t, options.path))
        print(f"{output}: {frames} frames through seeds {seeds}{replaced}")
        return 0
    played = output.with_suffix(g.medium.reel.suffix) if g.medium.reel else None
    by = f"; played by {played}{check_output(played)}" if played else ""
    rows = _rows(g, options, classes or sheets.default_classes(g), t)
    picture = sheets.sheet(g, rows)
    save_picture(output, picture)
    print(terminal.drawn(picture), end="")
    if played:
        write_bytes(played, sheets.reel(g, rows))
    shown = ", ".join(row.caption for row in rows[:12])
    print(f"{output}: {len(rows)} row{'s' * (len(rows) != 1)}: {shown}{replaced}{by}")
    return 0


def _rows(g: TrainedGenerator, options: Options, classes: list[int], t: float) -> list[sheets.Row]:
    columns = options.columns or g.config.sample.columns
    if columns < 1:
        raise ValueError(f"--columns={columns}: write 1 or more")
    refuse = lambda rows: _refuse_size(f"--columns={columns}", columns * rows, picture_shape(g))
    if options.kind == "classes":
        refuse(len(classes))
        return sheets.class_rows(g, classes, columns, options.seed, t)
    if options.kind == "truncations":
        values = [number("--truncations", v) for v in options.truncations.split(",") if v]
        values = [g.truncation(v) for v in values] or [*allowed(TRUNCATIONS, g.config), 0.0]
        refuse(len(values))
        return sheets.truncation_rows(g, classes, columns, options.seed, values)
    if options.kind == "arithmetic":
        return sheets.arithmetic_rows(g, classes, options.seeds or "0-1+2", t)
    seeds = numbers("--seeds", options.seeds)
    if options.kind == "latents":
        seeds = seeds or [options.seed, options.seed + 1]
        refuse(len(classes) * (len(seeds) - 1))
        return sheets.latent_rows(g, classes, columns, seeds, t, options.path)
    seeds = seeds or [options.seed]
    refuse((len(classes) - 1) * len(seeds))
    return sheets.between_rows(g, classes, columns, seeds, t)


def picture_shape(g: TrainedGenerator) -> tuple[int, ...]:
    """Return (height, width, channels) of the picture of a sample."""
    return g.medium.pictures(np.zeros((1, *g.stored.shape), g.stored.dtype)).shape[1:]


def _refuse_size(flag: str, count: int, shape: tuple[int, ...]) -> None:
    """Raise ValueError for what would not fit into memory, before any is allocated."""
    height, width = (max(side, LEAST_CELL) for side in shape[:2])
    most = MOST_PIXELS // (height * width)
    if count > most:
        raise ValueError(f"{flag}: {count:,} samples in one file, of at most {most:,}: write less")


def names(text: str, known: tuple[str, ...]) -> list[str]:
    """Return the class names in a flag, separated by ";" or, if there is no ";", by ",".

    A text that is itself a known name is one name, whatever it contains.
    """
    text = text.strip()
    if not text:
        return []
    if text.casefold() in (name.casefold() for name in known):
        return [text]  # such as "tench, Tinca tinca"
    return [name.strip() for name in re.split(";" if ";" in text else ",", text) if name.strip()]


def number(flag: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(
            f"{flag}={text}: {text!r} is not a number; write one such as 0.5"
        ) from None


def numbers(flag: str, text: str) -> list[int]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not all(re.fullmatch(r"\d+", part) for part in parts):
        raise ValueError(f"{flag}={text}: write whole numbers with commas, such as 0,1,2")
    return [int(part) for part in parts]


def _shard(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d+)/(\d+)", text)
    if not found or int(found[1]) >= int(found[2]):
        raise ValueError(f"--shard={text}: write K/N with K from 0 to N - 1, such as 0/4")
    return int(found[1]), int(found[2])
