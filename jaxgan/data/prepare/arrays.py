"""Arrays of images in files of any kind (npz, idx, HDF5): what they must be.

Images are [n, height, width] or [n, height, width, channels], uint8 or uint16; labels are n
integers from 0, or n strings. Headers are checked before memory is allocated.
"""

import io
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import numpy as np

from jaxgan.data.prepare.archives import READ_ERRORS
from jaxgan.data.prepare.classes import named, numbered
from jaxgan.data.prepare.folders import Source, stamp
from jaxgan.files import limits
from jaxgan.files.errors import one_line
from jaxgan.media.decode import MAX_PIXELS

MAX_CLASSES = 1 << 20
MAX_WORD = 4096  # bytes of a class name or label in an array
Header = tuple[tuple[int, ...], np.dtype, bool]  # shape, dtype, whether it is column-major


def array_source(
    path: Path,
    shape: tuple[int, ...],
    dtype: np.dtype,
    labels: np.ndarray | None,
    class_names: np.ndarray | None,
    stream: Callable[[int], Iterator[np.ndarray]],
) -> Source:
    """Return the source for a file's arrays.

    Args:
      shape, dtype: of the array of images.
      labels, class_names: the file's own arrays, None if it has none.
      stream: yields the images from a position on, in the byte order of the file.

    Raises:
      ValueError: no uint8 or uint16 images of these shapes, or labels that do not fit.
    """
    dtype = dtype.newbyteorder("=")  # the stream's bytes may be swapped
    height, width = shape[1:3]
    image_shape = height, width, shape[3] if len(shape) == 4 else 1
    if dtype not in (np.uint8, np.uint16):
        raise ValueError(f"{path}: images are {dtype}; save them as uint8 or uint16")
    if min(shape) < 1:
        raise ValueError(f"{path}: images have shape {shape}; there are none")
    if height * width > MAX_PIXELS:
        raise ValueError(f"{path}: images of {shape} are above {MAX_PIXELS} pixels")
    if height in (1, 3, 4) and min(width, image_shape[2]) > 4:
        raise ValueError(
            f"{path}: images of {shape} look channels-first; save [n, height, width, channels]"
        )
    numbers, names = _labels(path, shape[0], labels, class_names)

    def read(start: int) -> Iterator[np.ndarray]:
        try:
            for image in stream(start):
                yield np.asarray(image, dtype).reshape(image_shape)
        except (ValueError, *READ_ERRORS) as error:
            limits.pass_on(error)
            raise ValueError(f"{path}: damaged ({one_line(error)})") from error

    return Source(
        [f"{path.name}[{index}]" for index in range(shape[0])],
        numbers,
        names,
        read,
        stamp(path),
        image_shape,
        np.dtype(dtype.str[1:]),
    )


def _labels(
    path: Path, count: int, labels: np.ndarray | None, class_names: np.ndarray | None
) -> tuple[np.ndarray, list[str]]:
    """Return (labels [n] int32, class names) from a file's own arrays of labels and names."""
    labels = np.zeros(count, np.int32) if labels is None else np.asarray(labels).reshape(-1)
    if labels.shape != (count,):
        raise ValueError(f"{path}: there are {len(labels)} labels for {count} images")
    names = None if class_names is None else _words(class_names, path)
    if labels.dtype.kind in "SUO":
        numbers, found = numbered(_words(labels, path))
        return (numbers, found) if names is None else _matched(numbers, found, names, path)
    if labels.dtype.kind not in "iu" or labels.min() < 0:
        raise ValueError(
            f"{path}: labels are {labels.dtype} from {labels.min()}; write integers >= 0"
        )
    most = int(labels.max())
    if names is None and most >= max(count, MAX_CLASSES):
        raise ValueError(f"{path}: label {most} of {count} images; write labels from 0")
    names = [str(number) for number in range(most + 1)] if names is None else names
    if most >= len(names):
        raise ValueError(f"{path}: label {most} is outside the {len(names)} class names")
    return labels.astype(np.int32), names


def _matched(
    numbers: np.ndarray, found: list[str], names: list[str], path: Path
) -> tuple[np.ndarray, list[str]]:
    """Number string labels by the file's own list of class names."""
    try:
        return named(numbers, found, names)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _words(array: np.ndarray, path: Path) -> list[str]:
    try:
        return [x.decode() if isinstance(x, bytes) else str(x) for x in np.ravel(array).tolist()]
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path}: a label or class name is not UTF-8 ({error.object!r})"
        ) from error


def choose(members: dict[str, Header], path: Path) -> tuple[str, str | None]:
    """Return the keys of images and labels, after checking all headers."""
    images = [key for key, (shape, *_) in members.items() if len(shape) in (3, 4)]
    images = ["images"] if "images" in images else images
    if len(images) != 1:
        raise ValueError(f"arrays {sorted(members)}: name the array of images 'images'")
    labels = [key for key in members if key not in (images[0], "class_names")]
    labels = ["labels"] if "labels" in labels else labels
    if len(labels) > 1:
        raise ValueError(f"arrays {sorted(members)}: name the array of labels 'labels'")
    for shape, dtype, _ in members.values():
        check_size(shape, dtype, path)
    count = members[images[0]][0][0]
    for key in labels:
        shape, dtype, _ = members[key]
        if shape not in ((count,), (count, 1)) or dtype.itemsize > MAX_WORD:
            raise ValueError(
                f"{key!r} has shape {shape} of {dtype}; give one label for each of {count} images"
            )
    if "class_names" in members:
        shape, dtype, _ = members["class_names"]
        if len(shape) != 1 or shape[0] > MAX_CLASSES or dtype.itemsize > MAX_WORD:
            raise ValueError(f"'class_names' has shape {shape} of {dtype}; give a list of names")
    return images[0], labels[0] if labels else None


def check_size(shape: tuple[int, ...], dtype: np.dtype, path: Path) -> None:
    """Raise ValueError for a header that declares more than deflate can pack (1032 to 1)."""
    promised, held = math.prod(shape) * dtype.itemsize, path.stat().st_size
    if promised > 1100 * held + 1000:
        raise ValueError(f"{path}: {held} bytes, but its header promises {promised}")


def blocks(
    file: IO[bytes] | io.BufferedIOBase, shape: tuple[int, ...], dtype: np.dtype, start: int
) -> Iterator[np.ndarray]:
    """Yield the images from position `start` on, from a file that holds nothing else."""
    size = int(np.prod(shape[1:])) * dtype.itemsize
    for index in range(shape[0]):
        data = file.read(size)
        if len(data) != size:
            raise ValueError(f"the file ends at image {index} of {shape[0]}")
        if index >= start:
            yield np.frombuffer(data, dtype).reshape(shape[1:])
    if file.read(1):  # at the end, zip and gzip check the checksum
        raise ValueError(f"the file holds more than {shape[0]} images")
