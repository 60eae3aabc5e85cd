"""Named NumPy arrays in an .npz file."""

import zipfile
from pathlib import Path
from typing import IO, Literal

import numpy as np

from jaxgan.files.atomic import replacing

CHUNK = 1 << 24  # bytes


def write_npz(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Write arrays to an .npz file, replacing the old file atomically; see `atomic.replacing`."""
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)


def mapped_npz(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays of a file that `write_npz` wrote, as read-only memory maps of it.

    The whole file is read once, to verify its checksums; none of it stays in memory.

    Raises:
      FileNotFoundError: there is no such file.
      ValueError, OSError, zipfile.BadZipFile: not a file of `write_npz`, or a damaged one.
    """
    found = {}
    with path.open("rb") as raw, zipfile.ZipFile(raw) as archive:
        for member in archive.infolist():
            if member.compress_type != zipfile.ZIP_STORED or not member.filename.endswith(".npy"):
                raise ValueError(f"{member.filename} is not an array as it was written")
            with archive.open(member) as file:
                shape, order, dtype = _header(file)
                offset = file.tell()
                while file.read(CHUNK):
                    pass  # at the end zipfile verifies the CRC
            if dtype.hasobject:
                raise ValueError(f"{member.filename} holds objects")
            raw.seek(member.header_offset + 26)  # two lengths, before the array
            name, extra = (int.from_bytes(raw.read(2), "little") for _ in range(2))
            offset += member.header_offset + 30 + name + extra
            found[member.filename.removesuffix(".npy")] = (
                np.memmap(path, dtype, "r", offset, shape, order)
                if np.prod(shape)
                else np.empty(shape, dtype)
            )
    return found


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], Literal["C", "F"], np.dtype]:
    """Return shape, order and dtype of the array that begins at a file's current position."""
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        shape, is_fortran, dtype = np.lib.format.read_array_header_1_0(file)
    else:
        shape, is_fortran, dtype = np.lib.format.read_array_header_2_0(file)
    return shape, "F" if is_fortran else "C", dtype
