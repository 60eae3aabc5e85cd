"""Pairs of images for `jaxgan prepare A TARGET --pairs=B`: two files become one array.

    --pairs=FOLDER        FOLDER/NAME.* is the picture that belongs to the source A/NAME.*
    --pairs=left|right    each file of A holds both side by side; this half is the source
    --domains=FOLDER      no image has a partner: they are paired at random. Each image of the
    larger
                          folder occurs once, those of the smaller repeatedly. If A has a sub-folder
                          per class, a record has the class of its image of A; classes of FOLDER are
                          not read

An array is [height, width, channels], the source's channels first, then the picture's; so whatever
is done to it later is done to both images alike.
"""

import dataclasses
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np

from jaxgan.data.order import permutation
from jaxgan.data.prepare.folders import Payload, Source, open_folder
from jaxgan.data.prepare.parallel import ordered
from jaxgan.data.prepare.survey import Size, only_size
from jaxgan.files import limits
from jaxgan.files.errors import one_line
from jaxgan.files.progress import Progress
from jaxgan.media.image_files import WHITE, BadImageError, Kind, inspect, read_picture
from jaxgan.media.resize import fit

HALVES = ("left", "right")
CLASS = "pairs"  # the only class

Pair = tuple[Path, Path]  # the files of source and picture; the same file if side by side
Kinds = tuple[Kind, Kind]


class Format(NamedTuple):
    """How every pair is read: the channels of its source and of its picture, and the bits of
    both."""

    source_channels: int
    channels: int
    bits: int


class Lot(NamedTuple):
    """How two domains are joined: drawn at random by `seed`, each image resized on its own."""

    seed: int
    crop: str
    resize: str
    size: Size = (0, 0)


def open_pairs(
    folder: Path,
    pictures: str,
    size: Size | None = None,
    channels: int | None = None,
    bits: int | None = None,
    background: tuple[int, int, int] = WHITE,
    lot: Lot | None = None,
) -> tuple[Source, int]:
    """Open pairs of image files.

    Args:
      folder: of the sources, or of files that hold both images of a pair.
      pictures: the folder of the pictures; "left" or "right": the half that is the source.
      size: to which pairs are resized later; None refuses pairs of several sizes.
      channels, bits: of each image; None takes 3 for a side that has any colour, else 1, and 16 if
        every image has 16.
      background: put under transparent pixels.
      lot: for two domains without partners: how they are joined.

    Returns:
      The pairs, and how many of their channels are the source's.

    Raises:
      ValueError, FileNotFoundError: naming images without a partner or with one of another size,
        or side-by-side files of odd width.
    """
    halves = lot is None and pictures in HALVES
    for place in (folder, *([] if halves else [Path(pictures)])):
        if not place.is_dir():
            raise FileNotFoundError(f"{place}: no such folder; the images of pairs lie in folders")
    first = open_folder(folder)
    second = first if halves else open_folder(Path(pictures))
    labels, class_names, files = None, [CLASS], None
    if lot is None:
        there = Path(pictures) if second is not first else folder
        pairs = partners((folder, first), (there, second))
    else:
        pairs, places, files = drawn(first, second, lot.seed)
        if len(first.class_names) > 1:
            labels, class_names = first.labels[places], list(first.class_names)
    kinds = _kinds(pairs)
    found = [one for one in kinds if one is not None]
    if not found:
        raise ValueError(f"{folder}: none of {len(pairs)} pairs can be read")
    settled = settle(found, channels, bits)
    if lot is None:
        refuse_sizes([(p, k) for p, k in zip(pairs, kinds, strict=True) if k], halves)
        height, width = only_size([k for k, _ in found]) if size is None else _size(found[0][0])
    else:
        height, width = size or only_size([kind for pair in found for kind in pair])
        lot = lot._replace(size=(height, width))
    if halves:
        width //= 2

    def read(start: int) -> Iterator[Payload]:
        for pair in pairs[start:]:
            yield joined(pair, pictures, settled, background, lot)

    stamps = first.stamp if second is first else f"{first.stamp} {second.stamp}"
    source = dataclasses.replace(
        first,
        names=first.names if lot is None else [f"{a.name} + {b.name}" for a, b in pairs],
        labels=np.zeros(len(pairs), np.int32) if labels is None else labels,
        class_names=class_names,
        read=read,
        stamp=f"{stamps} {settled} {background}",
        shape=(height, width, settled.source_channels + settled.channels),
        dtype=np.dtype(f"uint{settled.bits}"),
        ignored=first.ignored | second.ignored,
        notes=(),
        empty=(),
        files=files,
    )
    return source, settled.source_channels


def partners(sources: tuple[Path, Source], pictures: tuple[Path, Source]) -> list[Pair]:
    """Return the two files of each pair, in the order of the sources; see `open_pairs`."""
    (here, first), (there, second) = (
        (folder, _by_name(folder, source)) for folder, source in (sources, pictures)
    )
    for folder, names, other, others in (
        (here, first, there, second),
        (there, second, here, first),
    ):
        alone = [path.name for name, path in names.items() if name not in others]
        if alone:
            raise ValueError(
                f"{folder}: {len(alone)} of {len(names)} images have no partner in {other}, such "
                f"as {', '.join(map(repr, alone[:3]))}: give both the same name, or remove them"
            )
    return [(path, second[name]) for name, path in first.items()]


def drawn(
    first: Source, second: Source, seed: int
) -> tuple[list[Pair], np.ndarray, np.ndarray | None]:
    """Return the files of two domains paired at random, as many as the larger has, the index of
    each pair's image in the first domain, [n] int64, and that in the smaller domain, whose images
    occur in several pairs; None if both are equally large.

    Pairs with the same image stay together, so that none that is held out is trained on.
    """
    count = max(len(first.names), len(second.names))

    def order(name: str, source: Source) -> np.ndarray:
        total = len(source.names)
        rounds = range(-(-count // total))
        return np.concatenate([permutation(total, seed, "domains", name, r) for r in rounds])[
            :count
        ]

    def files(source: Source, places: np.ndarray) -> list[Path]:
        paths = [path for path in source.read(0) if isinstance(path, Path)]
        return [paths[place] for place in places]

    places, others = order("source", first), order("picture", second)
    pairs = list(zip(files(first, places), files(second, others), strict=True))
    if len(first.names) == len(second.names):
        return pairs, places, None
    return pairs, places, others if len(second.names) < count else places


def _by_name(folder: Path, source: Source) -> dict[str, Path]:
    """Return the files by their names inside the folder, without the suffix."""
    found: dict[str, Path] = {}
    for name, path in zip(source.names, source.read(0), strict=True):
        assert isinstance(path, Path)
        stem = name.rpartition(".")[0]
        if stem in found:
            raise ValueError(
                f"{folder}: {found[stem].name!r} and {path.name!r} have one name: remove one"
            )
        found[stem] = path
    return found


def _kinds(pairs: list[Pair]) -> list[Kinds | None]:
    """Return the kinds of each pair's images, from their headers; None for one that is rejected
    later."""

    def look(pair: Pair) -> Kinds | None:
        try:
            kind = inspect(pair[0])
            return kind, kind if pair[1] == pair[0] else inspect(pair[1])
        except (BadImageError, OSError) as error:
            limits.pass_on(error)
            return None

    workers = os.cpu_count() or 1
    with (
        ThreadPoolExecutor(workers, "jaxgan-pairs") as pool,
        Progress("looking", len(pairs), noun="pairs") as progress,
    ):
        return list(progress.watch(ordered(pool, workers, look, pairs)))


def refuse_sizes(found: list[tuple[Pair, Kinds]], side_by_side: bool) -> None:
    """Raise ValueError, naming them, for pairs of two sizes or files that cannot be halved."""
    if side_by_side:
        odd = [f"{pair[0].name!r} ({k.width} wide)" for pair, (k, _) in found if k.width % 2]
        if odd:
            raise ValueError(
                f"{len(odd)} side-by-side images have an odd width, such as {', '.join(odd[:3])}: "
                "both halves must be equally wide"
            )
        return
    differing = [
        f"{pair[0].name!r} ({a.height}x{a.width}) and {pair[1]} ({b.height}x{b.width})"
        for pair, (a, b) in found
        if _size(a) != _size(b)
    ]
    if differing:
        raise ValueError(
            f"{len(differing)} pairs hold images of two sizes (height x width), such as "
            f"{differing[0]}: bring the two images of a pair to one size"
        )


def _size(kind: Kind) -> Size:
    return kind.height, kind.width


def settle(found: list[Kinds], channels: int | None, bits: int | None) -> Format:
    """Return how all pairs are read."""
    if channels not in (None, 1, 3):
        raise ValueError(f"channels is {channels}; for pairs write 1 (gray) or 3, for each image")
    own = [3 if any(k.channels >= 3 for k in side) else 1 for side in zip(*found, strict=True)]
    deep = all(kind.bits == 16 for pair in found for kind in pair)
    return Format(channels or own[0], channels or own[1], bits or (16 if deep else 8))


def joined(
    pair: Pair,
    pictures: str,
    settled: Format,
    background: tuple[int, int, int] = WHITE,
    lot: Lot | None = None,
) -> np.ndarray | BadImageError:
    """Return the two images of a pair as one array, or why they cannot be read."""
    images = []
    for path, channels in zip(pair, settled[:2], strict=True):
        try:
            images.append(read_picture(path, channels, settled.bits, background))
        except (BadImageError, OSError) as error:
            limits.pass_on(error)
            return BadImageError(f"{path}: {one_line(error)}")
    if lot is not None:
        images = [fit(image, lot.size, lot.crop, lot.resize) for image in images]
    source, picture = images
    middle = source.shape[1] // 2
    if pictures == "left":
        source, picture = source[:, :middle], picture[:, middle:]
    elif pictures == "right":
        source, picture = source[:, middle:], picture[:, :middle]
    return np.concatenate([source, picture], -1)
