"""The two passes of `prepare`: encode everything in the source's order, then write it shuffled.

Each continues after the last file that an interrupted run finished.
"""

import dataclasses
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from jaxgan.data.example import Example
from jaxgan.data.prepare.folders import Source
from jaxgan.data.prepare.staging import Stage, Staged, read_stage, stage_path, write_stage
from jaxgan.data.prepare.write import (
    SPLIT,
    ImageFormat,
    ShardReport,
    shard_path,
    write_json,
    write_shard,
)
from jaxgan.files.progress import Progress
from jaxgan.media.decode import Texts
from jaxgan.media.image_files import BadImageError

Encoded = Callable[[int], Iterator[bytes | BadImageError]]  # encodes from a source position on


def encode_all(
    folder: Path,
    images: Source,
    count: int,
    encoded: Encoded,
) -> tuple[Staged, dict[str, str]]:
    """Encode the images that are not staged yet, into `count` files in total.

    Returns (all staged images, {name: reason} of the rejected ones).
    """
    bounds = np.linspace(0, len(images.names), count + 1).astype(int).tolist()
    stages = list(_finished(folder, count))
    begin = bounds[len(stages)]
    results = encoded(begin)
    with Progress("encoding", len(images.names), begin, images.medium) as progress:
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
        raise ValueError(
            f"none of {len(images.names)} {images.medium} can be read; {name!r}: {reason}"
        )
    return Staged(stages), rejected


def _finished(folder: Path, count: int) -> Iterator[Stage]:
    """Yield what an interrupted run staged, up to the first file that it did not finish."""
    for number in range(count):
        stage = read_stage(stage_path(folder, number))
        if stage is None:
            return
        yield stage


def write_all(
    target: Path,
    folder: Path,
    staged: Staged,
    places: np.ndarray,
    shards: int,
    stored: ImageFormat,
    texts: Sequence[Texts] | None = None,
) -> list[ShardReport]:
    """Write the staged images in the order of `places`, skipping shards that exist already.

    texts: for images with captions; an image's staged label is then its index into them.
    """

    def read(index: int) -> tuple[bytes, int] | Example:
        image, label = staged.read(index)
        return (image, label) if texts is None else Example(image, 0, texts[label])

    bounds = np.linspace(0, len(places), shards + 1).astype(int).tolist()
    reports = []
    with Progress("writing", len(places), noun="records") as progress:
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
                records = progress.watch(map(read, own.tolist()))
                report = write_shard(path, records, stored)
                write_json(note, dataclasses.asdict(report))
            reports.append(report)
    return reports
