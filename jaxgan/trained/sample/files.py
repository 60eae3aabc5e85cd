"""Images at scale: one PNG per image, in shards, resumable.

FOLDER/00012/00012345.png    image i, from (seed, i) alone: 1000 per sub-folder
FOLDER/labels.csv            name,label of every image: what `jaxgan prepare --labels` reads
FOLDER/samples.json          what made them; a folder with other settings is refused

A file that exists is complete, because files are written atomically; so the same command continues.
Shard k of n makes the images k, k + n, ...: other machines can take the other shards. The processes
of one job split a shard in the same way.
"""

import csv
import io
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jax
import numpy as np

from jaxgan.config.noun import noun
from jaxgan.files.atomic import write_text
from jaxgan.files.progress import Progress
from jaxgan.trained.generator import TrainedGenerator

FOLDER = 1000  # images per sub-folder


def file_name(index: int, suffix: str = ".png") -> str:
    """Return the name of image number `index`, relative to the folder."""
    return f"{index // FOLDER:05d}/{index:08d}{suffix}"


def write_images(
    g: TrainedGenerator,
    folder: Path,
    count: int,
    seed: int = 0,
    truncation: float | None = None,
    classes: list[int] | None = None,
    shard: tuple[int, int] = (0, 1),
) -> int:
    """Write the images of a shard that are not there yet; return how many were written.

    Args:
      count: number of images in all shards together.
      classes: used cyclically; by default the class of image i is drawn from (seed, i).
      shard: (k, n): the images k, k + n, k + 2 n, ...

    Raises:
      ValueError: the folder holds images of other settings, or count is below 1.
    """
    if count < 1:
        raise ValueError(f"--count={count}: write 1 or more")
    _claim(g, folder, seed, g.truncation(truncation), classes)
    labels = _labels(g, max(count, _rows(folder)), seed, classes)
    if jax.process_index() == 0:
        _write_labels(g, folder, labels)
    k, n = shard
    mine = range(k + n * jax.process_index(), count, n * jax.process_count())
    missing = [i for i in mine if not (folder / file_name(i, g.medium.suffix)).exists()]
    at_once = g.rows_at_once(max(len(mine), 1))  # a shard can be empty
    word = noun(g.config.data.medium)

    def save(index: int, image: np.ndarray) -> None:
        g.medium.write(folder / file_name(index, g.medium.suffix), image)

    with (
        ThreadPoolExecutor(4) as threads,
        Progress("sampling", len(mine), len(mine) - len(missing), word) as progress,
    ):
        writes: list = []
        for start in range(0, len(missing), at_once):
            indices = missing[start : start + at_once]
            z = g.latents(indices, seed, truncation)
            images = g.medium.to_stored(g.generate(z, labels[indices], truncation))
            for _ in progress.watch(writes):  # the previous ones were written in the meantime
                _.result()
            writes = [threads.submit(save, *pair) for pair in zip(indices, images, strict=True)]
        for _ in progress.watch(writes):
            _.result()
    return len(missing)


def _rows(folder: Path) -> int:
    """Return how many images labels.csv already lists: a larger command may have been here."""
    path = folder / "labels.csv"
    return len(path.read_text("utf-8").splitlines()) if path.exists() else 0


def _labels(g: TrainedGenerator, count: int, seed: int, classes: list[int] | None) -> np.ndarray:
    if classes is not None:
        return np.resize(np.array(classes, np.int32), count)
    return g.draw(range(count), seed)[1]


def _write_labels(g: TrainedGenerator, folder: Path, labels: np.ndarray) -> None:
    if g.takes_class:
        file = io.StringIO()
        rows = (
            (file_name(i, g.medium.suffix), g.class_names[label]) for i, label in enumerate(labels)
        )
        csv.writer(file, lineterminator="\n").writerows(rows)
        write_text(folder / "labels.csv", file.getvalue())


def _claim(
    g: TrainedGenerator, folder: Path, seed: int, truncation: float, classes: list[int] | None
) -> None:
    """Write samples.json; ValueError for a folder of other samples."""
    settings = {"seed": seed, "truncation": truncation, "classes": classes}
    settings |= {"step": g.step, "generator": g.fingerprint()}
    path = folder / "samples.json"
    if path.exists():
        there = json.loads(path.read_text("utf-8"))
        other = [f"{k} {there.get(k)!r} there, {v!r} here" for k, v in settings.items()]
        other = [o for o, (k, v) in zip(other, settings.items(), strict=True) if there.get(k) != v]
        if other:
            raise ValueError(
                f"{folder} holds other samples ({'; '.join(other)}): write another --output"
            )
    elif (folder / "labels.csv").exists():
        raise ValueError(
            f"{folder} has a labels.csv that is not of samples: write another --output"
        )
    if jax.process_index() == 0:
        write_text(path, json.dumps(settings, indent=2) + "\n")
