"""Images to score, or to score against: a data set or a folder, read by index, never all at once.

Images of another size than requested are cropped at the centre to its aspect ratio and resized by
area (media/resize.py), in a folder as in a data set.
"""

import dataclasses
import hashlib
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from jaxgan.data.description import find_data_set
from jaxgan.data.labels import Labels, in_chunks, labels_at
from jaxgan.data.order import stratified
from jaxgan.data.prepare.folders import Payload, Source
from jaxgan.data.prepare.parallel import ordered
from jaxgan.data.prepare.sources import open_source
from jaxgan.data.reader import Reader
from jaxgan.data.records import Records, open_records
from jaxgan.files.errors import one_line
from jaxgan.files.progress import Progress
from jaxgan.media.image_files import BadImageError, Kind, inspect, read_picture
from jaxgan.media.images import for_features
from jaxgan.media.medium import Medium
from jaxgan.media.resize import fit

Size = tuple[int, int]
CROP, RESIZE = "center", "area"  # how images are resized
LABELS = "labels.csv"  # in a folder: what `jaxgan sample --kind=images` writes


@dataclasses.dataclass(frozen=True, eq=False)
class Images:
    """Images with labels, or samples of another medium.

    name: for people. count: number of images. shape: (height, width, channels), or that of a
      sample.
    class_names: of the labels 0, 1, ...
    digest: hash of everything that identifies the images (`identity`); "" for generated samples.
    read: indices [n] -> images [n, height, width, channels] uint8 or uint16, NumPy or JAX, and
      labels [n] int32.
    facts: what a protocol says of them.
    labels: [count], those that `read` returns, possibly in a file; None if nothing needs them.
    sources: for images that a translator made, what it made them from, in the same order.
    map_classes: for label maps, their number of classes; otherwise 0.
    is_classified: whether the labels are a classifier's predictions.
    noun: what to call them, in the plural.
    """

    name: str
    count: int
    shape: tuple[int, ...]
    class_names: tuple[str, ...]
    digest: str
    read: Callable[[np.ndarray], tuple[Any, np.ndarray]]
    facts: dict[str, Any]
    labels: Labels | None = None
    sources: "Images | None" = None
    map_classes: int = 0
    is_classified: bool = False
    noun: str = "images"

    def batches(self, size: int) -> Iterator[tuple[Any, np.ndarray]]:
        """Yield all images once, in order: (images [n, ...], labels [n]) with n up to `size`."""
        for start in range(0, self.count, size):
            yield self.read(np.arange(start, min(start + size, self.count)))


def open_images(
    path: str | Path, split: str = "train", size: Size | None = None, medium: Medium | None = None
) -> Images:
    """Open a data set (its directory or name) or a folder of images.

    Args:
      split: of a data set.
      size: (height, width) to resize the images to; None keeps their own, which must be one.
      medium: what the data set's records are, if they are not images.

    Raises:
      FileNotFoundError, ValueError: with one line on what to write instead.
    """
    try:
        find_data_set(path)
    except FileNotFoundError:
        if not Path(path).is_dir():
            raise
        return folder_images(Path(path), size)
    records = open_records(path, split)
    if medium is None:
        return record_images(records, size)
    shape = medium.stored.sample.shape
    if len(shape) != 3 and tuple(records.shape) != shape:
        found, wanted = ("x".join(map(str, sides)) for sides in (records.shape, shape))
        raise ValueError(
            f"{path} holds samples of {found}, not of {wanted}: write another evaluate.reference"
        )
    return of_records(records, medium)


def record_images(records: Records, size: Size | None = None) -> Images:
    """Return the images of a data set."""
    return of_records(records, for_features(records.features, size))


def of_records(records: Records, medium: Medium) -> Images:
    """Return the samples of a data set as a medium reads them."""
    reader = Reader(records, medium)

    def read(indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return tuple(reader.read(indices))

    name = f"{records.directory.name}/{records.split}"
    names, labels = tuple(records.class_names), records.stored_labels()
    shape = medium.stored.sample.shape
    digest = identity(records.content_hash(), labels, names, shape)
    return Images(name, len(records), shape, names, digest, read, {}, labels)


def identity(
    content: str, labels: Labels, class_names: tuple[str, ...], shape: tuple[int, ...]
) -> str:
    """Return a hash of everything that identifies a set of images, 64 hexadecimal digits.

    Args:
      content: hash of the stored images, in order.
      shape: (height, width, channels) that they are resized to, by CROP and RESIZE.
    """
    parts = [content, list(class_names), list(shape), CROP, RESIZE]
    digest = hashlib.sha256(json.dumps(parts).encode())
    for chunk in in_chunks(labels):
        digest.update(np.asarray(chunk, "<i4").tobytes())
    return digest.hexdigest()


def subset(images: Images, count: int, seed: int) -> Images:
    """Return `count` of the images, drawn by `seed` with each class in proportion, in their order.

    If there are no more than `count`, returns all of them.
    """
    if count >= images.count:
        return images
    assert images.labels is not None
    labels = images.labels
    chosen = stratified(labels, count, "evaluate", seed)
    digest = hashlib.sha256(images.digest.encode() + chosen.astype("<i8").tobytes()).hexdigest()
    return dataclasses.replace(
        images,
        count=count,
        digest=digest,
        read=lambda indices: images.read(chosen[indices]),
        labels=labels_at(labels, chosen),
    )


def folder_images(folder: Path, size: Size | None = None) -> Images:
    """Return the images of a folder: class sub-folders, a labels.csv, or no classes.

    Every file is read once here; those that cannot be are reported, counted and left out.
    """
    named = folder / LABELS
    source = open_source(folder, named if named.is_file() else None)
    pool = ThreadPoolExecutor(thread_name_prefix="jaxgan-folder")
    with Progress("reading", len(source.names)) as progress:
        seen = list(progress.watch(ordered(pool, 4, _look, source.read(0))))
    good = [i for i, look in enumerate(seen) if not isinstance(look, str)]
    unreadable = {source.names[i]: look for i, look in enumerate(seen) if isinstance(look, str)}
    _say_unreadable(folder, unreadable, source)
    if not good:
        raise ValueError(f"{folder}: none of {len(seen)} images can be read")
    size = size or _one_size(folder, [seen[i][0] for i in good])
    channels = 3 if any(seen[i][0].channels >= 3 for i in good) else 1
    content = hashlib.sha256(b"".join(seen[i][1] for i in good)).hexdigest()
    paths, labels = list(source.read(0)), source.labels[good]
    files = [paths[i] for i in good]

    def one(path: Path) -> np.ndarray:
        try:
            return fit(read_picture(path, channels), size, CROP, RESIZE)
        except (BadImageError, OSError) as error:  # it was readable a moment ago
            raise ValueError(f"{path} has changed: {one_line(error)}") from error

    def read(indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        images = np.stack(list(pool.map(one, [files[i] for i in indices])))
        return images, labels[indices]

    facts = {"unreadable": len(unreadable)} if unreadable else {}
    names = tuple(source.class_names)
    shape = (*size, channels)
    digest = identity(content, labels, names, shape)
    return Images(str(folder), len(files), shape, names, digest, read, facts, labels)


def _look(path: Payload) -> tuple[Kind, bytes] | str:
    """Return the kind of a folder's file and the hash of its bytes, or why it cannot be read."""
    assert isinstance(path, Path)
    try:
        data, kind = path.read_bytes(), inspect(path)
        read_picture(data, 3 if kind.channels >= 3 else 1)
        return kind, hashlib.sha256(data).digest()
    except (BadImageError, OSError) as error:
        return one_line(error)


def _say_unreadable(folder: Path, unreadable: dict[str, str], source: Source) -> None:
    for what, names in (("cannot be read", unreadable), ("are not images", source.ignored)):
        shown = [
            f"{name!r}: {reason}" for name, reason in list(names.items())[:5] if name != LABELS
        ]
        if shown:
            more = "" if len(shown) == len(names) else ", ..."
            print(f"{folder}: {len(names)} files {what}: {'; '.join(shown)}{more}", file=sys.stderr)


def _one_size(folder: Path, kinds: Sequence[Kind]) -> Size:
    sizes = sorted({(kind.height, kind.width) for kind in kinds})
    if len(sizes) > 1:
        shown = ", ".join(f"{h}x{w}" for h, w in sizes[:3])
        raise ValueError(
            f"{folder}: images have {len(sizes)} sizes (height x width), such as {shown}; bring "
            f"them to one: jaxgan prepare {folder} TARGET --size=128"
        )
    return sizes[0]


def class_map(images: Images, reference: Images) -> np.ndarray:
    """Return the number in the reference of each class of `images`, matched by name.

    Raises:
      ValueError: the reference has no class of that name.
    """
    known = {name: number for number, name in enumerate(reference.class_names)}
    unknown = [name for name in images.class_names if name not in known]
    if unknown:
        raise ValueError(
            f"{reference.name} has no class {unknown[0]!r}, as {images.name} has, but "
            f"{', '.join(map(repr, reference.class_names[:5]))}, ...: metrics by class need one "
            "set of names"
        )
    return np.array([known[name] for name in images.class_names], np.int32)
