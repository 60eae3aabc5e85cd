"""Pictures with label maps for `jaxgan prepare A TARGET --maps=B`: two files become one array.

B/NAME.png is the map of the picture A/NAME.*: a gray PNG of the same size whose values are the
classes, or a palette PNG with the classes as indices. 255 is no class. An array is
[height, width, 1 + channels], the map first. Pictures are resized by `--resize`, maps by nearest
neighbour.
"""

import dataclasses
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from jaxgan.data.prepare.folders import Payload, Source, open_folder
from jaxgan.data.prepare.pairs import CLASS, Pair, partners, refuse_sizes
from jaxgan.data.prepare.parallel import ordered
from jaxgan.data.prepare.survey import Size, only_size
from jaxgan.files import limits
from jaxgan.files.errors import one_line
from jaxgan.files.progress import Progress
from jaxgan.media.image_files import WHITE, BadImageError, Kind, inspect, read_picture
from jaxgan.media.maps import IGNORED, read_map, refuse_classes
from jaxgan.media.resize import fit


def open_maps(
    folder: Path,
    maps: Path,
    size: Size | None = None,
    channels: int | None = None,
    background: tuple[int, int, int] = WHITE,
    crop: str = "center",
    resize: str = "area",
    num_classes: int | None = None,
) -> tuple[Source, int]:
    """Open pictures and their label maps.

    Args:
      size: to which both are resized; None refuses pictures of several sizes.
      channels: of the pictures; None takes 3 if any has colour, else 1.
      background: put under transparent pixels of the pictures.
      num_classes: of the maps; None takes the largest class that occurs, plus one.

    Returns:
      The joined arrays, and the number of classes.

    Raises:
      ValueError, FileNotFoundError: naming pictures without a map, maps of another size, files that
        are not maps, or classes that are too large.
    """
    for place in (folder, maps):
        if not place.is_dir():
            raise FileNotFoundError(f"{place}: no such folder; pictures and maps lie in folders")
    if channels not in (None, 1, 3):
        raise ValueError(f"channels is {channels}; for pictures with maps write 1 (gray) or 3")
    first, second = open_folder(folder), open_folder(maps)
    pairs = partners((folder, first), (maps, second))
    found = surveyed(pairs)
    good = [(pair, look) for pair, look in zip(pairs, found, strict=True) if look]
    if not good:
        raise ValueError(f"{folder}: none of {len(pairs)} pictures can be read with its map")
    kinds = [(pair, (kind, of_map)) for pair, (kind, of_map, _) in good]
    refuse_sizes(kinds, side_by_side=False)
    if num_classes is None:
        num_classes = 1 + max(int(seen[seen != IGNORED].max(initial=0)) for _, (*_, seen) in good)
    for (_, path), (*_, seen) in good:
        refuse_classes(seen, num_classes, str(path))
    channels = channels or (3 if any(kind.channels >= 3 for _, (kind, *_) in good) else 1)
    height, width = size or only_size([kind for _, (kind, *_) in good])

    def joined(pair: Pair) -> np.ndarray | BadImageError:
        try:
            picture = read_picture(pair[0], channels, 8, background)
            labels = read_map(pair[1])
        except (BadImageError, OSError) as error:
            limits.pass_on(error)
            return BadImageError(one_line(error))
        labels = fit(labels, (height, width), crop, "nearest")
        return np.concatenate([labels, fit(picture, (height, width), crop, resize)], -1)

    def read(start: int) -> Iterator[Payload]:
        for pair in pairs[start:]:
            yield joined(pair)

    source = dataclasses.replace(
        first,
        labels=np.zeros(len(pairs), np.int32),
        class_names=[CLASS],
        read=read,
        stamp=f"{first.stamp} {second.stamp} {channels} {background}",
        shape=(height, width, 1 + channels),
        dtype=np.dtype("uint8"),
        ignored=first.ignored | second.ignored,
        notes=(),
        empty=(),
    )
    return source, num_classes


Look = tuple[Kind, Kind, np.ndarray]  # picture's kind, map's kind, classes of the map


def surveyed(pairs: list[Pair]) -> list[Look | None]:
    """Return the kind of each picture and its map; None for a picture that is rejected later.

    Raises ValueError for a file that is not a map.
    """

    def look(pair: Pair) -> Look | None:
        picture, path = pair
        try:
            kind = inspect(picture)
        except (BadImageError, OSError) as error:
            limits.pass_on(error)
            return None
        try:
            return kind, inspect(path), np.unique(read_map(path))
        except (BadImageError, OSError) as error:
            limits.pass_on(error)
            raise ValueError(f"{path}: {one_line(error)}") from error

    workers = os.cpu_count() or 1
    with (
        ThreadPoolExecutor(workers, "jaxgan-maps") as pool,
        Progress("looking", len(pairs), noun="pairs") as progress,
    ):
        return list(progress.watch(ordered(pool, workers, look, pairs)))
