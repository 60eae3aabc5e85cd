"""`jaxgan prepare`: any images to a data set on disk, in parallel, in order, resumable.

    source -> (threads: decode, crop, resize, encode) -> shards -> manifest.json, dataset_info.json

Images are streamed, a few in memory at a time. Results are taken in the source's order, so the
bytes do not depend on the number of workers. A shard appears when it is complete; after an
interruption the same command goes on behind the last one. Threads rather than processes: decoding,
resizing and encoding leave Python's lock to others, and there is nothing to send between processes
(measured in tests/data/benchmark_reader.py).
"""

import collections
import dataclasses
import hashlib
import itertools
import json
import os
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from jaxgan.data.prepare.folders import Payload, Source
from jaxgan.data.prepare.job import is_complete, locked, read_job
from jaxgan.data.prepare.sources import open_source
from jaxgan.data.prepare.survey import stored_format
from jaxgan.data.prepare.write import (
    ImageFormat,
    ShardReport,
    finish,
    shard_path,
    write_json,
    write_shard,
)
from jaxgan.data.records import MANIFEST
from jaxgan.files.errors import one_line
from jaxgan.files.progress import Progress
from jaxgan.media.image_files import (
    WHITE,
    BadImageError,
    Kind,
    inspect,
    is_plain_jpeg,
    read_picture,
)
from jaxgan.media.resize import CROPS, METHODS, fit

SPLIT = "train"
SHARD_BYTES = 64 << 20  # of decoded images: files of some 5 to 50 MiB
CHUNK = 8  # images a worker takes at once


@dataclasses.dataclass(frozen=True)
class Recipe:
    """What is done to every image."""

    image_format: ImageFormat
    crop: str = "center"
    resize: str = "area"
    background: tuple[int, int, int] = WHITE

    def encode(self, payload: Payload) -> bytes | BadImageError:
        """Return the image as stored, or why it is rejected."""
        shape, bits = self.image_format.shape, 16 if self.image_format.dtype == "uint16" else 8
        try:
            if isinstance(payload, Exception):
                return payload
            if isinstance(payload, np.ndarray):
                image, alpha = payload, False
            else:
                image = read_picture(payload, shape[-1], bits, self.background)
                alpha = shape[-1] in (2, 4)
                if self.image_format.encoding == "jpeg" and is_plain_jpeg(payload, shape):
                    return payload.read_bytes() if isinstance(payload, Path) else payload
            image = fit(image, shape[:2], self.crop, self.resize, alpha)
            return self.image_format.encode(image)
        except BadImageError as error:
            return error
        except OSError as error:  # the file has gone, or may not be read
            return BadImageError(one_line(error))


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
      class_names: names of the labels 0, 1, ... where the source has numbers only.

    Raises:
      ValueError, FileNotFoundError, OSError: each with one line that says what to do.
    """
    _check_choice("resize", resize, METHODS)
    _check_choice("crop", crop, CROPS)
    _check_choice("format", format, ("png", "jpeg"))
    size = (size, size) if isinstance(size, int) else size
    images = open_source(source, labels, split)
    images = dataclasses.replace(images, class_names=_names(class_names, images))
    settings = {
        "size": size,
        **{"channels": channels, "bits": bits, "resize": resize, "crop": crop},
        **{"format": format, "quality": quality, "background": list(background)},
        "shards": shards,
    }
    listing = {
        "name": Path(source).name,
        "num_files": len(images.names),
        "listing": _hash(images.names, images.labels.tolist(), images.class_names),
    }
    fingerprint = _hash(settings, listing, images.stamp)
    target = Path(target)
    if is_complete(target, settings, listing):
        print(f"{target} is complete already: nothing to do", file=sys.stderr)
        return json.loads((target / MANIFEST).read_text("utf-8"))
    job = read_job(target, fingerprint)
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
                job = {"shape": stored.shape, "dtype": stored.dtype, "fingerprint": fingerprint}
            stored = ImageFormat(tuple(job["shape"]), job["dtype"], format, quality)
            recipe = Recipe(stored, crop, resize, tuple(background))
            with locked(target, job) as folder:
                shards = shards or _default_shards(len(images.names), stored)
                reports, rejected = _write_shards(
                    *(target, folder, images, shards, stored),
                    lambda start: ordered(pool, workers, recipe.encode, images.read(start)),
                )
                extra = {"source": listing, "settings": settings}
                extra |= {"rejected": rejected, "ignored": dict(sorted(images.ignored.items()))}
                manifest = finish(target, SPLIT, stored, images.class_names, reports, extra)
    finally:
        pool.shutdown(cancel_futures=True)
    return manifest


def _write_shards(
    target: Path,
    folder: Path,
    images: Source,
    shards: int,
    stored: ImageFormat,
    encoded: Callable[[int], Iterator[bytes | BadImageError]],
) -> tuple[list[ShardReport], dict[str, str]]:
    """Write the shards that are not there yet; return all reports and {name: reason} rejected."""
    bounds = np.linspace(0, len(images.names), shards + 1).astype(int).tolist()
    reports, rejected = [], {}
    for shard in range(shards):  # those of an interrupted run
        path, note = shard_path(target, SPLIT, shard, shards), folder / f"{shard:05d}.json"
        if not (note.exists() and path.exists()):
            break
        saved = json.loads(note.read_text("utf-8"))
        rejected |= saved.pop("rejected")
        reports.append(ShardReport(**saved))
        if reports[-1].file_bytes != path.stat().st_size:
            raise ValueError(f"{path} was changed since it was written; delete {target}")
    begin = bounds[len(reports)]
    results = encoded(begin)
    with Progress("preparing", len(images.names), begin) as progress:
        for shard in range(len(reports), shards):
            bad = {}

            def records(shard=shard, bad=bad):
                # range first: zip must not take a result that belongs to the next shard
                for index, result in zip(range(*bounds[shard : shard + 2]), results, strict=False):
                    progress.add(isinstance(result, BadImageError))
                    if isinstance(result, BadImageError):
                        bad[images.names[index]] = str(result)
                    else:
                        yield result, int(images.labels[index])

            report = write_shard(shard_path(target, SPLIT, shard, shards), records(), stored)
            if progress.done != bounds[shard + 1]:
                raise ValueError(f"the source ended at image {progress.done} of {bounds[-1]}")
            note = dataclasses.asdict(report) | {"rejected": bad}
            write_json(folder / f"{shard:05d}.json", note)
            reports.append(report)
            rejected |= bad
    if not any(report.labels for report in reports):
        name, reason = next(iter(rejected.items()))
        raise ValueError(f"none of {len(images.names)} images can be read; {name!r}: {reason}")
    return reports, rejected


def _default_shards(count: int, stored: ImageFormat) -> int:
    image_bytes = int(np.prod(stored.shape)) * np.dtype(stored.dtype).itemsize
    return min(1024, max(1, count * image_bytes // SHARD_BYTES))


def ordered(
    pool: ThreadPoolExecutor, workers: int, function: Callable, payloads: Iterable[Payload]
) -> Iterator:
    """Map in parallel: results in order, a bounded number of payloads in memory."""
    payloads = iter(payloads)
    pending = collections.deque()
    while True:
        while len(pending) < 3 * workers:
            chunk = list(itertools.islice(payloads, CHUNK))
            if not chunk:
                break
            pending.append(pool.submit(lambda chunk: [function(one) for one in chunk], chunk))
        if not pending:
            return
        yield from pending.popleft().result()


def _look(payload: Payload) -> Kind | Exception:
    try:
        return payload if isinstance(payload, Exception) else inspect(payload)
    except (BadImageError, OSError) as error:
        return error


def _names(class_names: Sequence[str] | None, images: Source) -> list[str]:
    used = int(images.labels.max()) + 1
    names = list(class_names or images.class_names)
    if len(names) < used or len(set(names)) != len(names):
        raise ValueError(f"class names are {names}; write {used} different ones")
    for name in names:
        if "\n" in name or name != name.strip() or not name:  # TFDS keeps them as stripped lines
            raise ValueError(f"class name {name!r} is empty, has a line break or outer spaces")
    return names


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{name} is {value!r}; write one of {', '.join(choices)}")


def _hash(*values: object) -> str:
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()
