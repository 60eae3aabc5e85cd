"""`jaxgan prepare`: any images to a data set on disk, in parallel, shuffled, resumable.

    source -> (threads: decode, crop, resize, encode) -> staged files, in the source's order
    staged files -> shards, shuffled -> manifest.json, dataset_info.json

Images are streamed, with a few in memory at a time. Results are taken in the source's order and
shuffled by a stored seed, so the bytes do not depend on the number of workers. A file appears only
when it is complete; after an interruption the same command continues after the last one.

Records are shuffled because sources are sorted by class: otherwise a slice of the split, such as
train[95%:], would not be a fair sample.
"""

import dataclasses
import hashlib
import json
import math
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from jaxgan.data import caption_file
from jaxgan.data.order import permutation
from jaxgan.data.prepare.classes import checked, named
from jaxgan.data.prepare.clips import open_clips
from jaxgan.data.prepare.files_together import by_file, of_kept
from jaxgan.data.prepare.folders import Payload, Source
from jaxgan.data.prepare.job import finished, interrupted, locked
from jaxgan.data.prepare.listing import printable
from jaxgan.data.prepare.maps import open_maps
from jaxgan.data.prepare.midi import open_tunes
from jaxgan.data.prepare.pairs import Lot, open_pairs
from jaxgan.data.prepare.parallel import ordered
from jaxgan.data.prepare.passes import encode_all, write_all
from jaxgan.data.prepare.recipe import Recipe
from jaxgan.data.prepare.showers import open_showers
from jaxgan.data.prepare.sources import open_source
from jaxgan.data.prepare.survey import stored_format
from jaxgan.data.prepare.target import check_path, check_space, check_writable
from jaxgan.data.prepare.volumes import open_volumes
from jaxgan.data.prepare.waves import open_waves
from jaxgan.data.prepare.write import SPLIT, ImageFormat, finish
from jaxgan.files import limits
from jaxgan.files.atomic import sha256
from jaxgan.files.progress import Progress
from jaxgan.media.decode import MAX_PIXELS
from jaxgan.media.image_files import WHITE, BadImageError, Kind, inspect
from jaxgan.media.resize import CROPS, METHODS

SEEDS = 1 << 32
ORDERS = ("shuffled", "source")
CAPTIONS = "captions"  # the only class of images with captions
SHARD_BYTES = 64 << 20  # of decoded images per shard: files of about 5 to 50 MiB


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
    pairs: str | None = None,
    domains: str | None = None,
    window: int | None = None,
    hop: int | None = None,
    rate: int | None = None,
    normalise: str = "none",
    voxels: int | None = None,
    frames: int | None = None,
    stride: int | None = None,
    notes: int | None = None,
    showers: bool = False,
    maps: str | None = None,
    map_classes: int | None = None,
    captions: str | Path | None = None,
) -> dict:
    """Make a data set that `open_records` and TFDS open; its split is "train". Return the manifest.

    Args:
      source, labels, split: as in `sources.open_source`.
      target: a directory that does not exist, is empty, or holds this same job.
      size: (height, width), or one number for a square; None if all images have one size.
      channels: None for 3 if any image has colour, else 1; 2 and 4 keep alpha.
      bits: 8 or 16; None for 16 if every image has 16.
      resize, crop: "area" or "lanczos"; "center" or "none": see `resize.py`.
      format: "png" or "jpeg" at `quality`; JPEG files that fit already are copied as they are.
      background: put under transparent pixels when alpha is not kept.
      shards: number of files; None for files of some tens of MiB.
      workers: threads; None for one per core.
      class_names: names of the labels 0, 1, ... if the source has numbers; if it has names, the
        same names in another order: see `classes.named`.
      order: "shuffled": record k is the readable image number permutation(n, seed, "prepare")[k]
        of the source (see `order.py`); "source" keeps the source's order.
      seed: of the shuffle.
      pairs: the source's images are those that pictures are to be made from; the folder of these
        pictures, or the half of each image, "left" or "right", that is the source: see `pairs.py`.
      domains: the folder of another domain, whose images are paired with the source's at random.
      window, hop, rate, normalise: the source's files are sounds, cut into windows of `window`
        samples: see `waves.open_waves`.
      voxels: the source holds meshes or voxels: volumes of this many a side, see `volumes.py`.
      frames, stride: the source's files are films, cut into clips of `frames` frames: `clips.py`.
      notes: the source's files are MIDI, cut into tunes of `notes` notes: see `midi.py`.
      showers: the source is an .npz of showers in a calorimeter: see `showers.py`.
      maps: the folder of the label maps of the source's pictures: see `maps.py`.
      map_classes: number of their classes; None for the largest that occurs, plus one.
      captions: a file of captions with their vectors: see `caption_file.py`. Every image has one
        or more, and there are no classes.

    Raises:
      ValueError, FileNotFoundError, OSError: each with one line that names the remedy.
    """
    _check_choice("resize", resize, METHODS)
    _check_choice("crop", crop, CROPS)
    _check_choice("format", format, ("png", "jpeg"))
    _check_choice("order", order, ORDERS)
    # Refuses at once what no images could satisfy.
    ImageFormat((1, 1, channels or 1), f"uint{bits or 8}", format, quality)
    size = (size, size) if isinstance(size, int) else size
    if size and math.prod(size) > MAX_PIXELS:
        raise ValueError(f"size is {size[0]}x{size[1]}, above {MAX_PIXELS} pixels; write less")
    if not 0 <= seed < SEEDS:
        raise ValueError(f"seed is {seed}; write a number from 0 to {SEEDS - 1}")
    target = Path(target)
    check_path(target, Path(source))
    of_sounds = {"hop": hop, "rate": rate, "normalise": None if normalise == "none" else normalise}
    if window is None:
        _refuse_without("window", **of_sounds)
    if frames is None:
        _refuse_without("frames", stride=stride)
    if maps is None:
        _refuse_without("maps", map_classes=map_classes)
    texts = None
    of_images = {"size": size, "channels": channels, "bits": bits}
    joined = {"pairs": pairs, "domains": domains, "maps": maps, "captions": captions}
    joined |= {"split": None if split == "train" else split}
    others = {"voxels": voxels, "frames": frames, "notes": notes, "showers": showers or None}
    label_file, source_channels = Path(labels) if labels else None, None
    if (window or voxels or frames or notes) is not None or showers:
        _refuse_missing(Path(source), label_file)
    if window is not None:
        _refuse_beside("window", **of_images, **joined, **others)
        images = open_waves(Path(source), window, rate, hop, normalise, label_file)
    elif voxels is not None:
        _refuse_beside("voxels", **of_images, **joined, **others | {"voxels": None})
        images = open_volumes(Path(source), voxels, label_file)
    elif frames is not None:
        _refuse_beside("frames", bits=bits, **joined, notes=notes, showers=showers or None)
        as_asked = size, channels, crop, resize, background, label_file
        images = open_clips(Path(source), frames, stride or 1, *as_asked)
    elif notes is not None:
        _refuse_beside("notes", **of_images, **joined, showers=showers or None)
        images = open_tunes(Path(source), notes, label_file)
    elif showers:
        _refuse_beside("showers", **of_images, **joined, labels=labels)
        images = open_showers(Path(source))
    elif maps is not None:
        _refuse_beside("maps", pairs=pairs, domains=domains, captions=captions)
        if bits == 16:
            raise ValueError("bits is 16: pictures with maps have 8; leave it out")
        _refuse_classes("pictures with maps", labels=labels, class_names=class_names)
        of_maps = size, channels, background, crop, resize, map_classes
        images, map_classes = open_maps(Path(source), Path(maps), *of_maps)
        source_channels = 1
    elif pairs is None and domains is None:
        images = open_source(source, labels, split)
        if images.medium != "images":
            raise ValueError(
                f"{source} holds {images.medium} that are prepared already; write the files that "
                "they were made from"
            )
        if captions is not None:
            _refuse_classes("images with captions", labels=labels, class_names=class_names)
            texts = caption_file.of_images(Path(captions), images.names)
            images = dataclasses.replace(
                images,
                labels=np.arange(len(texts), dtype=np.int32),  # indices into the texts
                class_names=[CAPTIONS],
                stamp=f"{images.stamp} {sha256(Path(captions))}",
            )
    else:
        if captions is not None:
            raise ValueError(
                "captions are for images without partners; leave out pairs and domains"
            )
        if pairs is not None and domains is not None:
            raise ValueError("pairs and domains: images either have partners or not; write one")
        _refuse_classes("pairs", labels=labels, class_names=class_names)
        lot, place = (None, pairs) if domains is None else (Lot(seed, crop, resize), domains)
        of_files = size, channels, bits, background, lot
        images, source_channels = open_pairs(Path(source), str(place), *of_files)
    if class_names is not None:
        numbers, names = named(images.labels, images.class_names, class_names)
        images = dataclasses.replace(images, labels=numbers, class_names=names)
    checked(images.class_names)
    if shards and shards > len(images.names):
        raise ValueError(f"shards is {shards} for {len(images.names)} images; write fewer")
    # For pairs they are settled already, and determine those of the joined arrays.
    asked_channels, asked_bits = (channels, bits) if source_channels is None else (None, None)
    settings = {
        "size": size,
        "channels": channels,
        "bits": bits,
        "resize": resize,
        "crop": crop,
        "format": format,
        "quality": quality,
        "background": list(background),
        "shards": shards,
        "pairs": pairs,
        "domains": domains,
        "captions": None if captions is None else printable(Path(captions).name),
        "order": order,
        "seed": seed if order == "shuffled" else None,
    }
    settings |= {"window": window, **of_sounds, "voxels": voxels}
    settings |= {"frames": frames, "stride": stride}
    if notes is not None:
        settings |= {"notes": notes}
    if showers:
        settings |= {"showers": True}
    if maps is not None:
        settings |= {"maps": maps, "map_classes": map_classes}
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
    check_writable(target)
    job = interrupted(target, settings, origin)
    for note in images.notes:
        print(note, file=sys.stderr)
    workers = workers or os.cpu_count() or 1
    pool = ThreadPoolExecutor(workers, "jaxgan-prepare")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's, on files that it then reads or refuses
            if job is None:
                with Progress("looking", len(images.names), noun=images.medium) as progress:
                    look = lambda: progress.watch(ordered(pool, workers, _look, images.read(0)))
                    stored = stored_format(
                        images, size, asked_channels, asked_bits, format, quality, look
                    )
            else:
                stored = ImageFormat(tuple(job["shape"]), job["dtype"], format, quality)
            recipe = Recipe(stored, crop, resize, background)

            def encoded(start: int) -> Iterator[bytes | BadImageError]:
                return ordered(pool, workers, recipe.encode, images.read(start))

            if job is None:
                check_space(target, len(images.names), stored, encoded, images.medium)
                job = {"source": origin, "settings": settings}
                job |= {"shape": stored.shape, "dtype": stored.dtype}
            with locked(target, job) as folder:
                shards = shards or _default_shards(len(images.names), stored)
                staged, rejected = encode_all(folder, images, shards, encoded)
                by = seed if order == "shuffled" else None
                places, counts = _places(images, rejected, len(staged), by)
                reports = write_all(target, folder, staged, places, shards, stored, texts)
                extra = {"source": origin, "settings": settings}
                extra |= {"rejected": rejected, "ignored": dict(sorted(images.ignored.items()))}
                extra |= {**images.facts, **({"files": counts} if counts else {})}
                if source_channels:
                    extra |= {"source_channels": source_channels, "aligned": domains is None}
                if map_classes:
                    extra |= {"map_classes": map_classes}
                text_dim = 0
                if texts is not None:
                    text_dim = texts[0].vectors.shape[1]
                    extra |= {"text_dim": text_dim}
                manifest = finish(
                    target, SPLIT, stored, images.class_names, reports, extra, text_dim
                )
    finally:
        pool.shutdown(cancel_futures=True)
    return manifest


def _places(
    images: Source, rejected: dict[str, str], count: int, seed: int | None
) -> tuple[np.ndarray, list[int]]:
    """Return the order in which the `count` kept samples are written and, if several were cut from
    one file, the number from each file. seed: None keeps the source's order."""
    if images.files is not None:
        return by_file(of_kept(images.files, images.names, rejected), seed)
    return np.arange(count) if seed is None else permutation(count, seed, "prepare"), []


def _default_shards(count: int, stored: ImageFormat) -> int:
    return min(1024, max(1, count * stored.image_bytes // SHARD_BYTES))


def _look(payload: Payload) -> Kind | Exception:
    try:
        assert not isinstance(payload, np.ndarray), "arrays have no header"
        return payload if isinstance(payload, Exception) else inspect(payload)
    except (BadImageError, OSError) as error:
        limits.pass_on(error)
        return error


def _refuse_classes(what: str, **given: object) -> None:
    for name, value in given.items():
        if value is not None:
            raise ValueError(f"{what} have no classes: leave out {name}")


def _refuse_missing(source: Path, labels: Path | None) -> None:
    if not source.exists():
        raise FileNotFoundError(f"{source}: no such file or folder")
    if labels and not labels.is_file():
        raise FileNotFoundError(f"{labels}: no such labels file")


def _refuse_without(name: str, **given: object) -> None:
    for other, value in given.items():
        if value is not None:
            raise ValueError(f"{other} is {value!r} without {name}: write {name} too")


def _refuse_beside(name: str, **given: object) -> None:
    for other, value in given.items():
        if value is not None:
            raise ValueError(f"{other} is {value!r} beside {name}: write one of the two")


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{name} is {value!r}; write one of {', '.join(choices)}")


def _hash(*values: object) -> str:
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()
