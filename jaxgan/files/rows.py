"""Rows that arrive in batches: kept in memory or, when there are many, in an unnamed temporary
file.

The file is memory-mapped, so of 12 GB of features only the pages in use take memory.
"""

import tempfile
from typing import IO

import numpy as np

IN_MEMORY = 1 << 30  # bytes; more go to a file in TMPDIR


class Rows:
    """Add batches of one dtype and one shape (except for the number of rows), then take `array`."""

    def __init__(self, in_memory: int = IN_MEMORY):
        self._in_memory = in_memory
        self._kept: list[np.ndarray] = []
        self._bytes = self._count = 0
        self._file: IO[bytes] | None = None

    def add(self, rows: np.ndarray) -> None:
        """Add rows [n, ...]. Raises OSError if the temporary file cannot be written."""
        self._kept.append(rows)
        self._bytes, self._count = self._bytes + rows.nbytes, self._count + len(rows)
        if self._bytes > self._in_memory:
            self._file = self._file or tempfile.TemporaryFile()  # noqa: SIM115 - a map needs it
            for kept in self._kept:
                self._file.write(np.ascontiguousarray(kept).data)
            self._kept = [rows[:0]]

    def array(self) -> np.ndarray:
        """Return all rows, [total, ...]; may be called once. Rows in a file come as a read-only map
        of it."""
        if self._file is None:
            return np.concatenate(self._kept)
        like = self._kept[0]
        with self._file:  # the map stays
            self._file.flush()
            return np.memmap(self._file, like.dtype, "r", shape=(self._count, *like.shape[1:]))
