"""ArrayRecord files that are not compressed, of one record a chunk: a record is one system call.

`jaxgan prepare` writes such files. The ArrayRecord library copies a record several times; here the
system writes it to where it is wanted, and the few bytes that are of no record elsewhere.

    file        blocks of 65,536 bytes, each of which begins with 24 bytes that are of no chunk
    chunk       40 bytes: its hash, size of the data, hash of the data, type and number of records,
                size of the records; then the data. Blocks' first bytes interrupt both.
    data        of type "r", not compressed: 0, a varint: the bytes of the sizes, the sizes of the
                records as varints, the records
    last block  a chunk of messages {1: where the footer's chunk begins, 2: MAGIC}
    footer      a chunk: a description, and a message {1: where it begins, 2: size of its records,
                3: number of records} for each chunk; all are varints

Sources: doc/riegeli_records_file_format.md of github.com/google/riegeli, cpp/layout.proto of
github.com/google/array_record. The hashes are not compared here: see open_shard.py.
"""

import functools
import os
import struct
import weakref
from array import array
from pathlib import Path

import numpy as np

BLOCK, OVERHEAD = 1 << 16, 24
HEADER = struct.Struct("<5Q")
SIMPLE, MAGIC = ord("r"), 0x71930E704FDAE05E
MOST_BUFFERS = 512  # of one call; Linux takes 1,024
MOST_RECORDS = 1 << 15  # of a file: 12 bytes of memory each, and a thousand files may be open
NOWHERE = memoryview(bytearray(OVERHEAD))


class PlainFile:
    """Records by their position in a file, from any thread.

    Raises ValueError where a file is compressed, holds several records a chunk, or is damaged;
    OSError where it cannot be opened.
    """

    def __init__(self, path: Path, count: int):
        file = open(path, "rb", buffering=0)  # noqa: SIM115 - closed with this object
        weakref.finalize(self, file.close)
        self._file = file.fileno()
        self._end = os.fstat(self._file).st_size
        last_block = (self._end // BLOCK - 1) * BLOCK
        offset, magic = _varints(self._chunk(last_block)[1])[1:4:2].tolist()
        sizes, messages = self._chunk(offset)
        table = _varints(messages[int(sizes[0]) :]).reshape(-1, 6)
        if magic != MAGIC or len(table) != count or (table[:, 5] != 1).any():
            raise ValueError("not an ArrayRecord file of one record a chunk")
        self._offsets = array("Q", table[:, 1].tobytes())  # quicker than NumPy, one by one
        self._sizes = array("I", table[:, 3].astype(np.uint32).tobytes())
        if count:
            self.read(0)  # all chunks of a file are of one type

    def read(self, position: int) -> memoryview:
        """Return a record. Raises ValueError where the file does not hold one there."""
        record = np.empty(self._sizes[position], np.uint8).data
        self._fill(position, 0, record)
        return record

    def read_into(self, position: int, before: int, behind: int, place: memoryview) -> None:
        """Write a record to `place`, but for so many of its first bytes and of its last.

        Raises ValueError where the file does not hold a record there, of that length.
        """
        if before + len(place) + behind != self._sizes[position]:
            raise ValueError(f"not {len(place)} bytes")
        self._fill(position, before, place)

    def _fill(self, position: int, before: int, place: memoryview) -> None:
        """Write the bytes of a record from `before` on."""
        size_of_data, rest = _header(self._sizes[position])
        first = OVERHEAD + len(rest)
        header = bytearray(first + before)
        self._read(self._offsets[position], [memoryview(header), place])
        if header[8:16] != size_of_data or header[OVERHEAD:first] != rest:
            raise ValueError("the head of its chunk is damaged")

    def _chunk(self, offset: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the sizes of the records of a chunk, and the records, [bytes] uint8."""
        header = bytearray(HEADER.size)
        self._read(offset, [memoryview(header)])
        _, size, _, kind, _ = HEADER.unpack(header)
        if size > self._end:
            raise ValueError("the file is cut short")
        data = np.empty(size, np.uint8)
        self._read(offset, [memoryview(header), data.data])
        if kind & 255 != SIMPLE or data[0] != 0:
            raise ValueError("compressed")
        lengths = _varints(data[1:11])
        start = 1 + len(_varint(int(lengths[0])))
        end = start + int(lengths[0])
        return _varints(data[start:end]), data[end:]

    def _read(self, offset: int, parts: list[memoryview]) -> None:
        """Fill buffers with the bytes of the chunk that begins at an offset."""
        if not 0 <= offset < self._end:
            raise ValueError("the file is cut short")
        buffers, at = [], offset
        for part in parts:
            done, inside = 0, at % BLOCK
            if 0 < inside <= BLOCK - len(part):  # nothing interrupts it
                buffers.append(part)
                done, at = len(part), at + len(part)
            while done < len(part):
                if at % BLOCK == 0:
                    buffers.append(NOWHERE)
                    at += OVERHEAD
                piece = part[done : done + BLOCK - at % BLOCK]
                buffers.append(piece)
                at, done = at + len(piece), done + len(piece)
        for first in range(0, len(buffers), MOST_BUFFERS):
            offset += os.preadv(self._file, buffers[first : first + MOST_BUFFERS], offset)
        if offset != at:
            raise ValueError("the file is cut short")


def plain_file(path: Path, count: int) -> PlainFile | None:
    """Open a file of `count` records; None where the ArrayRecord library has to read it.

    Raises OSError where it cannot be opened.
    """
    if count > MOST_RECORDS:
        return None
    try:
        return PlainFile(path, count)
    except (ValueError, IndexError):
        return None


@functools.lru_cache(maxsize=1 << 14)
def _header(size: int) -> tuple[bytes, bytes]:
    """Return what precedes one record of so many bytes: bytes 8 to 16 of its chunk, and those from
    24 on. Hashes are the others."""
    sizes = _varint(size)
    prefix = b"\0" + _varint(len(sizes)) + sizes
    header = HEADER.pack(0, len(prefix) + size, 0, SIMPLE | 1 << 8, size)
    return header[8:16], header[24:] + prefix


def _varint(value: int) -> bytes:
    """Return a number, seven bits a byte, the low ones first; all bytes but the last are >= 128."""
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])


def _varints(data: np.ndarray) -> np.ndarray:
    """Return the numbers that follow each other in data [n] uint8, [k] uint64."""
    ends = np.flatnonzero(data < 128)
    starts = np.append(0, ends + 1)[:-1]
    values = np.zeros(len(ends), np.uint64)
    for place in range(int((ends - starts).max(initial=0)) + 1):
        inside = starts + place <= ends
        bits = data[starts[inside] + place] & 127
        values[inside] |= bits.astype(np.uint64) << np.uint64(7 * place)
    return values
