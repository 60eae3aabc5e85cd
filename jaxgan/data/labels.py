"""Labels of any number of images, of which only a few are in memory at a time.

Labels are anything with a length and slices: an array [n], or `FileLabels`, which reads what is
asked for. A `ClassIndex` finds the image that is number k of its class. Of each block of images it
knows how many of each class came before it, so one look at a table names the block, and the block's
labels name the image.

    memory    4 bytes for each class and block. A block has 4,096 images, or as many more as the
              table needs to stay within 64 MiB (of 10^9 images and 1,000 classes: 65,536); and the
              blocks looked at last, 32 MiB at most.
"""

import functools
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

AT_ONCE = 1 << 20  # labels in memory, where all are read
BLOCK = 1 << 12  # least images of a block
TABLE, CACHE = 1 << 26, 1 << 25  # bytes of an index


class Labels(Protocol):
    """Whole numbers from 0; a slice of them is an array."""

    def __len__(self) -> int: ...

    def __getitem__(self, places: slice, /) -> np.ndarray: ...


class FileLabels:
    """Labels in a file of NumPy, [n] int32, or of parts of it.

    parts: (first, count) of each part.
    """

    def __init__(self, path: Path, dtype: np.dtype, offset: int, parts: Sequence[tuple[int, int]]):
        self._path, self._dtype, self._offset = path, dtype, offset
        self._parts: list[tuple[int, int]] = []
        for first, count in parts:
            if self._parts and sum(self._parts[-1]) == first:  # as the files of a split do
                first, before = self._parts.pop()
                count += before
            self._parts.append((first, count))

    def __len__(self) -> int:
        return sum(count for _, count in self._parts)

    def __getitem__(self, places: slice) -> np.ndarray:
        """Return the labels of consecutive places. Raises OSError where they cannot be read."""
        start, stop, _ = places.indices(len(self))
        found, before = [np.empty(0, np.int32)], 0
        for first, count in self._parts:
            begin, end = max(start, before), min(stop, before + count)
            if begin < end:
                offset = self._offset + (first + begin - before) * self._dtype.itemsize
                found.append(np.fromfile(self._path, self._dtype, end - begin, offset=offset))
            before += count
        return np.concatenate(found, dtype=np.int32)


def in_chunks(labels: Labels) -> Iterator[np.ndarray]:
    """Yield all labels in order, so many at a time."""
    for start in range(0, len(labels), AT_ONCE):
        yield labels[start : start + AT_ONCE]


def labels_at(labels: Labels, places: np.ndarray) -> np.ndarray:
    """Return the labels at places [n] int64, ascending."""
    parts = np.searchsorted(places, range(0, len(labels), AT_ONCE))[1:]
    found = [
        labels[number * AT_ONCE : (number + 1) * AT_ONCE][own - number * AT_ONCE]
        for number, own in enumerate(np.split(places, parts))
        if own.size
    ]
    return np.concatenate([np.empty(0, np.int32), *found], dtype=np.int32)


def class_sizes(labels: Labels, num_classes: int = 0) -> np.ndarray:
    """Return how many images each class has, [num_classes, or more] int64."""
    sizes = np.zeros(num_classes, np.int64)
    for chunk in in_chunks(labels):
        counts = np.bincount(chunk, minlength=len(sizes))
        counts[: len(sizes)] += sizes
        sizes = counts
    return sizes


class ClassIndex:
    """Finds images by their class, and their number in it.

    sizes: how many images each class has, [num_classes] int64.
    """

    def __init__(self, labels: Labels, block: int = 0):
        """block: images of a block, for tests; 0 as many as the module says."""
        self._labels, self.sizes = labels, class_sizes(labels)
        number = np.min_scalar_type(len(labels))
        blocks = TABLE // (number.itemsize * max(1, len(self.sizes)))  # that the table has room for
        self._block = block or max(BLOCK, _power_of_two(len(labels) / max(1, blocks)))
        # [class, block]: how many images of a class come before a block
        starts = range(0, len(labels), self._block)
        self._before = np.zeros((len(self.sizes), len(starts)), number)
        seen = np.zeros(len(self.sizes), np.int64)
        step = max(AT_ONCE, self._block)
        for start in range(0, len(labels), step):
            chunk = labels[start : start + step]
            for place in range(0, len(chunk), self._block):
                self._before[:, (start + place) // self._block] = seen
                seen += np.bincount(chunk[place : place + self._block], minlength=len(seen))
        self._within = np.min_scalar_type(self._block)
        kept = max(1, CACHE // (self._block * self._within.itemsize))
        self._members = functools.lru_cache(kept)(self._members_of)

    def place(self, label: int, number: int) -> int:
        """Return which image is number `number`, from 0, of a class, in the images' order."""
        before = self._before[label]
        block = int(np.searchsorted(before, before.dtype.type(number), "right")) - 1
        return block * self._block + int(self._members(label, block)[number - int(before[block])])

    def _members_of(self, label: int, block: int) -> np.ndarray:
        """Return the places of a class in a block."""
        start = block * self._block
        found = np.flatnonzero(self._labels[start : start + self._block] == label)
        return found.astype(self._within)


def _power_of_two(least: float) -> int:
    """Return the smallest one that is not below a number."""
    return 1 << max(0, math.ceil(least) - 1).bit_length()
