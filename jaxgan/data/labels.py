"""Labels of any number of images, only a few of them in memory at a time.

Labels are anything with a length and slices: an array [n], or `FileLabels`, which reads only what
is asked for. A `ClassIndex` finds image number k of a class. For each block of images, it knows how
many images of each class come before the block: a lookup in this table finds the block, and the
labels of the block find the image.

    memory    4 bytes per class and block. A block has 4,096 images, or as many more as keep the
              table within 64 MiB (65,536 for 10^9 images and 1,000 classes). In addition, at most
              32 MiB for the blocks used last.
"""

import functools
import math
import os
import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

AT_ONCE = 1 << 20  # labels per chunk, when all are read
BLOCK = 1 << 12  # least images of a block
TABLE, CACHE = 1 << 26, 1 << 25  # bytes of an index


class Labels(Protocol):
    """Integers from 0; a slice of them is an array."""

    def __len__(self) -> int: ...

    def __getitem__(self, places: slice, /) -> np.ndarray: ...


class FileLabels:
    """Labels in a NumPy file, [n], or in parts of it.

    parts: (first, count) of each part.
    """

    def __init__(self, path: Path, dtype: np.dtype, offset: int, parts: Sequence[tuple[int, int]]):
        self._path = path
        file = open(path, "rb", buffering=0)  # noqa: SIM115 - closed with this object
        weakref.finalize(self, file.close)
        self._file, self._dtype, self._offset = file.fileno(), dtype, offset
        self._parts: list[tuple[int, int]] = []
        for first, count in parts:
            if self._parts and sum(self._parts[-1]) == first:  # as the files of a split do
                first, before = self._parts.pop()
                count += before
            self._parts.append((first, count))

    def __len__(self) -> int:
        return sum(count for _, count in self._parts)

    def __getitem__(self, places: slice) -> np.ndarray:
        """Return the labels of consecutive places, int32. Raises OSError if they cannot be read."""
        start, stop, _ = places.indices(len(self))
        found, before = [np.empty(0, np.int32)], 0
        for first, count in self._parts:
            begin, end = max(start, before), min(stop, before + count)
            if begin < end:
                size = self._dtype.itemsize
                offset = self._offset + (first + begin - before) * size
                data = os.pread(self._file, (end - begin) * size, offset)
                if len(data) < (end - begin) * size:
                    raise OSError(f"{self._path} is cut short")
                found.append(np.frombuffer(data, self._dtype))
            before += count
        return np.concatenate(found, dtype=np.int32)


def in_chunks(labels: Labels) -> Iterator[np.ndarray]:
    """Yield all labels in order, in chunks of AT_ONCE."""
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
    """Return the number of images in each class, [num_classes] int64; longer if labels need it."""
    sizes = np.zeros(num_classes, np.int64)
    for chunk in in_chunks(labels):
        counts = np.bincount(chunk, minlength=len(sizes))
        counts[: len(sizes)] += sizes
        sizes = counts
    return sizes


class ClassIndex:
    """Finds an image by its class and its number within the class.

    sizes: number of images in each class, [num_classes] int64.
    """

    def __init__(self, labels: Labels, block: int = 0):
        """block: images per block, for tests; 0 means as the module says."""
        self._labels, self.sizes = labels, class_sizes(labels)
        number = np.min_scalar_type(len(labels))
        blocks = TABLE // (number.itemsize * max(1, len(self.sizes)))  # that fit the table
        self._block = block or max(BLOCK, _power_of_two(len(labels) / max(1, blocks)))
        # [class, block]: number of images of the class before the block
        starts = range(0, len(labels), self._block)
        self._before = np.zeros((len(self.sizes), len(starts)), number)
        seen = np.zeros(len(self.sizes), np.int64)
        step = max(AT_ONCE, self._block)
        for start in range(0, len(labels), step):
            chunk = labels[start : start + step]
            for place in range(0, len(chunk), self._block):
                self._before[:, (start + place) // self._block] = seen
                seen += np.bincount(chunk[place : place + self._block], minlength=len(seen))
        self._small = np.min_scalar_type(max(0, len(self.sizes) - 1))
        kept = max(1, CACHE // (self._block * self._small.itemsize))
        self._labels_of = functools.lru_cache(kept)(self._read)

    def place(self, label: int, number: int) -> int:
        """Return the index of image number `number`, from 0, of a class, in the order of the
        images."""
        before = self._before[label]
        block = int(np.searchsorted(before, before.dtype.type(number), "right")) - 1
        own = np.flatnonzero(self._labels_of(block) == label)
        return block * self._block + int(own[number - int(before[block])])

    def _read(self, block: int) -> np.ndarray:
        """Return the labels of a block."""
        start = block * self._block
        return self._labels[start : start + self._block].astype(self._small)


def _power_of_two(least: float) -> int:
    """Return the smallest power of two that is at least `least`."""
    return 1 << max(0, math.ceil(least) - 1).bit_length()
