"""`jaxgan prepare`: any images to a data set on disk, in parallel, shuffled, resumable.

    source -> (threads: decode, crop, resize, encode) -> staged files, in the source's order
    staged files -> shards, shuffled -> manifest.json, dataset_info.json

Images are streamed, a few in memory at a time. Results are taken in the source's order and shuffled
by a stored seed, so the bytes do not depend on the number of workers. A file appears when it is
complete; after an interruption the same command continues behind the last one.

Records are shuffled because sources are sorted by class: only then is a slice of the split, such
as train[95%:], a fair sample.
"""

import dataclasses
import hashlib
import itertools
import json
import os
import shutil
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from jaxgan.data.order import permutation
from jaxgan.data.prepare.classes import checked, named
from jaxgan.data.prepare.folders import Payload, Source
from jaxgan.data.prepare.job import finished, interrupted, locked
from jaxgan.data.prepare.listing import printable
from jaxgan.data.prepare.parallel import ordered
from jaxgan.data.prepare.recipe import Recipe
from jaxgan.data.prepare.sources import open_source
from jaxgan.data.prepare.staging import Staged, read_stage, stage_path, write_stage
from jaxgan.data.prepare.survey import stored_format
from jaxgan.data.prepare.write import (
    ImageFormat,
    ShardReport,
    finish,
    shard_path,
    write_json,
    write_shard,
)
from jaxgan.files import limits
from jaxgan.files.progress import Progress
from jaxgan.media.image_files import WHITE, BadImageError, Kind, inspect
from jaxgan.media.resize import CROPS, METHODS

SPLIT = "train"
ORDERS = ("shuffled", "source")
SHARD_BYTES = 64 << 20  # of decoded images: files of some 5 to 50 MiB
SAMPLE = 64  # images encoded to estimate the space that all take


def prepare(
    source: str | Path,
    target: str | Path,
    size: tuple[int, int] | int | None = None,
    channels: int | None = None,
    bits: int | None = None,
    resize: str = "area",
    crop: str = "center",
    format: str = "png",
    quality: int = 95,
    background: tuple[int, int, int] = WHITE,
    shards: int | None = None,
    workers: int | None = None,
    labels: str | Path | None = None,
    class_names: Sequence[str] | None = None,
    split: str = "train",
    order: str = "shuffled",
    seed: int = 0,
) -> dict:
    """Make a data set that `open_records` and TFDS open; its split is "train". Return the manifest.

    Args:
      source, labels, split: as in `sources.open_source`.
      target: a directory that does not exist, is empty, or holds this same job.
      size: (height, width), or one number for a square; None when all images have one size.
      channels: None for 3 where any image has colour, else 1; 2 and 4 keep alpha.
      bits: 8 or 16; None for 16 where every image has 16.
      resize, crop: "area" or "lanczos"; "center" or "none": see `resize.py`.
      format: "png" or "jpeg" at `quality`; JPEG files that fit already are copied as they are.
      background: put under transparent pixels when alpha is not kept.
      shards: number of files; None for files of some tens of MiB.
      workers: threads; None for one a core.
      class_names: names of the labels 0, 1, ... where the source has numbers; where it has names,
        the same names in the order wanted: see `classes.named`.
      order: "shuffled": record k is the readable image number permutation(n, seed, "prepare")[k]
        of the source (see `order.py`); "source" keeps the source's order.
      seed: of the shuffle.

    Raises:
      ValueError, FileNotFoundError, OSError: each with one line that names the remedy.
    """
    _check_choice("resize", resize, METHODS)
    _check_choice("crop", crop, CROPS)
    _check_choice("format", format, ("png", "jpeg"))
    _check_choice("order", order, ORDERS)
    ImageFormat(
        (1, 1, channels or 1), f"uint{bits or 8}", format, quality
    )  # refuses what cannot be
    size = (size, size) if isinstance(size, int) else size
    target = Path(target)
    if str(target) != printable(str(target)):
        raise ValueError(f"target {printable(str(target))!r} is not UTF-8; write another target")
    if target.absolute().is_relative_to(Path(source).absolute()):
        raise ValueError(f"{target} lies inside the source {source}; write a target outside of it")
    images = open_source(source, labels, split)
    if class_names is not None:
        numbers, names = named(images.labels, images.class_names, class_names)
        images = dataclasses.replace(images, labels=numbers, class_names=names)
    checked(images.class_names)
    if shards and shards > len(images.names):
        raise ValueError(f"shards is {shards} for {len(images.names)} images; write fewer")
    settings = {
        "size": size,
        **{"channels": channels, "bits": bits, "resize": resize, "crop": crop},
        **{"format": format, "quality": quality, "background": list(background)},
        **{"shards": shards, "order": order, "seed": seed if order == "shuffled" else None},
    }
    origin = {
        "name": printable(Path(source).name),
        "num_files": len(images.names),
        "listing": _hash(images.names, images.labels.tolist(), images.class_names),
        "stamp": _hash(images.stamp),
    }
    manifest = finished(target, settings, origin)
    if manifest:
        print(f"{target} is complete already: nothing to do", file=sys.stderr)
        return manifest
    _check_writable(target)
    job = interrupted(target, settings, origin)
    for note in images.notes:
        print(note, file=sys.stderr)
    workers = workers or os.cpu_count() or 1
    pool = ThreadPoolExecutor(workers, "jaxgan-prepare")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's, on files that it then reads or refuses
            if job is None:
                with Progress("looking", len(images.names)) as progress:
                    stored = stored_format(
                        *(images, size, channels, bits, format, quality),
                        lambda: progress.watch(ordered(pool, workers, _look, images.read(0))),
                    )
            else:
                stored = ImageFormat(tuple(job["shape"]), job["dtype"], format, quality)
            recipe = Recipe(stored, crop, resize, tuple(background))

            def encoded(start: int) -> Iterator[bytes | BadImageError]:
                return ordered(pool, workers, recipe.encode, images.read(start))

            if job is None:
                _check_space(target, len(images.names), stored, encoded)
                job = {"source": origin, "settings": settings}
                job |= {"shape": stored.shape, "dtype": stored.dtype}
            with locked(target, job) as folder:
                shards = shards or _default_shards(len(images.names), stored)
                staged, rejected = _stage(folder, images, shards, encoded)
                key = permutation(len(staged), seed, "prepare")
                places = key if order == "shuffled" else np.arange(len(staged))
                reports = _write_shards(target, folder, staged, places, shards, stored)
                extra = {"source": origin, "settings": settings}
                extra |= {"rejected": rejected, "ignored": dict(sorted(images.ignored.items()))}
                manifest = finish(target, SPLIT, stored, images.class_names, reports, extra)
    finally:
        pool.shutdown(cancel_futures=True)
    return manifest


def _stage(
    folder: Path,
    images: Source,
    count: int,
    encoded: Callable[[int], Iterator[bytes | BadImageError]],
) -> tuple[Staged, dict[str, str]]:
    """Encode the images that are not staged yet into `count` files in all.

    Returns (all staged images, {name: reason} of the rejected ones).
    """
    bounds = np.linspace(0, len(images.names), count + 1).astype(int).tolist()
    found = (read_stage(stage_path(folder, number)) for number in range(count))
    stages = list(itertools.takewhile(lambda stage: stage is not None, found))
    begin = bounds[len(stages)]
    results = encoded(begin)
    with Progress("encoding", len(images.names), begin) as progress:
        for number in range(len(stages), count):

            def named_results(number=number):
                # range first: zip must not take a result that belongs to the next file
                for i, result in zip(range(*bounds[number : number + 2]), results, strict=False):
                    progress.add(isinstance(result, BadImageError))
                    yield images.names[i], int(images.labels[i]), result

            stages.append(write_stage(stage_path(folder, number), named_results()))
            if progress.done != bounds[number + 1]:
                raise ValueError(f"the source ended at image {progress.done} of {bounds[-1]}")
    rejected = {name: reason for stage in stages for name, reason in stage.rejected.items()}
    if len(rejected) == len(images.names):
        name, reason = next(iter(rejected.items()))
        raise ValueError(f"none of {len(images.names)} images can be read; {name!r}: {reason}")
    return Staged(stages), rejected


def _write_shards(
    target: Path,
    folder: Path,
    staged: Staged,
    places: np.ndarray,
    shards: int,
    stored: ImageFormat,
) -> list[ShardReport]:
    """Write the staged images in the order of `places`, as far as shards are not there yet."""
    bounds = np.linspace(0, len(places), shards + 1).astype(int).tolist()
    reports = []
    with Progress("writing", len(places)) as progress:
        for shard in range(shards):
            path, note = (
                shard_path(target, SPLIT, shard, shards),
                folder / f"shard-{shard:05d}.json",
            )
            own = places[bounds[shard] : bounds[shard + 1]]
            if note.exists() and path.exists():  # of an interrupted run
                report = ShardReport(**json.loads(note.read_text("utf-8")))
                if report.file_bytes != path.stat().st_size:
                    raise ValueError(f"{path} was changed since it was written; delete {target}")
                progress.done += len(own)
            else:
                records = progress.watch(map(staged.read, own.tolist()))
                report = write_shard(path, records, stored)
                write_json(note, dataclasses.asdict(report))
            reports.append(report)
    return reports


def _check_writable(target: Path) -> None:
    """Refuse a target that cannot be made, before anything is read."""
    above = _existing(target)
    if above != target and not above.is_dir():
        raise ValueError(f"{target}: {above} is a file; write another target")
    if not os.access(above, os.W_OK):
        raise PermissionError(f"{target}: {above} is not writable; write another target")


def _check_space(
    target: Path,
    count: int,
    stored: ImageFormat,
    encoded: Callable[[int], Iterator[bytes | BadImageError]],
) -> None:
    """Refuse a disk that will not hold the data set twice, staged and written."""
    free = shutil.disk_usage(_existing(target)).free
    if 2 * count * _image_bytes(stored) < free:  # would fit even as they are in memory
        return
    sizes = [len(x) for x in itertools.islice(encoded(0), SAMPLE) if isinstance(x, bytes)]
    need = 2 * count * np.mean(sizes or 0.0)
    if need > free:
        raise ValueError(
            f"{target}: {count:,} images take about {need / 1e9:.3g} GB while they are prepared, "
            f"half of it at the end, but {free / 1e9:.3g} GB are free; write a target on another "
            "disk, a smaller --size or --format=jpeg"
        )


def _existing(path: Path) -> Path:
    """Return the path, or the nearest folder above it that exists."""
    path = path.absolute()
    while not path.exists():
        path = path.parent
    return path


def _default_shards(count: int, stored: ImageFormat) -> int:
    return min(1024, max(1, count * _image_bytes(stored) // SHARD_BYTES))


def _image_bytes(stored: ImageFormat) -> int:
    return int(np.prod(stored.shape)) * np.dtype(stored.dtype).itemsize


def _look(payload: Payload) -> Kind | Exception:
    try:
        return payload if isinstance(payload, Exception) else inspect(payload)
    except (BadImageError, OSError) as error:
        limits.pass_on(error)
        return error


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{name} is {value!r}; write one of {', '.join(choices)}")


def _hash(*values: object) -> str:
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()
