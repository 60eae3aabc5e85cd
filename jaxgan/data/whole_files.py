"""Slices of a data set whose records were cut from files, several per file: no file is split.

Windows of one recording are alike. If some were trained on and others held out, D would know the
held-out ones. So the ends of a slice such as train[:90%] move to the nearest border between two
files; the start of train[90%:] moves to the same one.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from jaxgan.data.description import Shard


def with_whole_files(
    shards: Sequence[Shard], whole: Sequence[Shard], counts: Sequence[int]
) -> list[Shard]:
    """Return the shards of a slice with its ends moved.

    Args:
      shards: of the requested slice, which may have several parts.
      whole: of the whole split, in order.
      counts: number of records from each file, in the order of the whole split.
    """
    borders = np.concatenate([[0], np.cumsum(counts)])
    found = []
    for begin, end in parts(shards):
        begin, end = nearest(borders, begin), nearest(borders, end)
        for shard in whole:
            first, last = max(begin, shard.first), min(end, shard.first + shard.total)
            if first < last:
                skip = first - shard.first
                found.append(dataclasses.replace(shard, skip=skip, take=last - first))
    return found


def file_numbers(shards: Sequence[Shard], counts: Sequence[int]) -> np.ndarray:
    """Return the number of the file that each record of a slice was cut from, [n]; `counts` as
    above."""
    files = np.repeat(np.arange(len(counts)), counts)
    return np.concatenate([files[begin:end] for begin, end in parts(shards)])


def parts(shards: Sequence[Shard]) -> list[tuple[int, int]]:
    """Return (first record, last record + 1) of each contiguous part."""
    found: list[tuple[int, int]] = []
    for shard in shards:
        begin = shard.first + shard.skip
        if found and found[-1][1] == begin:
            begin = found.pop()[0]
        found.append((begin, shard.first + shard.skip + shard.take))
    return found


def nearest(borders: np.ndarray, place: int) -> int:
    """Return the border nearest to a place; of two, the earlier."""
    return int(borders[np.argmin(np.abs(borders - place))])
