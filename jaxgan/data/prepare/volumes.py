"""Meshes and voxels for `jaxgan prepare SOURCE TARGET --voxels=N`: volumes of N x N x N.

SOURCE is a folder of OBJ, STL or OFF files, whose sub-folders are classes: each closed surface is
centred, scaled so that its longest side fills the volume, and filled (media/voxels.py). Rejected,
by
name: surfaces that are not closed, since they have no inside, and meshes too thin to fill any
  voxel.
Or SOURCE is an .npz with a single array [n, N, N, N] uint8, 0 or 1 (or 255), and `labels` if there
are classes.
"""

import dataclasses
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from jaxgan.data.prepare.archives import READ_ERRORS
from jaxgan.data.prepare.folders import Payload, Source, open_folder
from jaxgan.data.prepare.listing import MESHES
from jaxgan.data.prepare.npz import headers, open_npz
from jaxgan.data.records import DAMAGED_ARRAY
from jaxgan.files import limits
from jaxgan.files.errors import one_line
from jaxgan.media.image_files import BadImageError
from jaxgan.media.meshes import open_edges, read_mesh
from jaxgan.media.volumes import LEAST, MOST
from jaxgan.media.voxels import filled, fitted


def open_volumes(path: Path, size: int, labels: Path | None = None) -> Source:
    """Open the meshes of a folder or the arrays of an .npz as volumes [size, size, size, 1] uint8.

    labels: for a folder, a CSV file of name,label lines instead of the sub-folders.

    Raises ValueError or FileNotFoundError, with one line on what to write instead.
    """
    if not LEAST <= size <= MOST:
        raise ValueError(f"voxels is {size}; write a number from {LEAST} to {MOST}")
    if path.suffix.lower() == ".npz":
        return _of_arrays(path, size)
    if not path.is_dir():
        raise ValueError(
            f"{path}: volumes are made from a folder of meshes, or an .npz; unpack it, or write "
            "another"
        )
    source = open_folder(path, labels, MESHES)

    def read(start: int) -> Iterator[Payload]:
        for mesh in source.read(start):
            assert isinstance(mesh, Path)
            yield volume_of(mesh, size)

    return _volumes(source, size, read)


def volume_of(path: Path, size: int) -> np.ndarray | BadImageError:
    """Return the volume of a mesh, [size, size, size, 1] uint8 of 0 and 255, or why it has none."""
    try:
        triangles = read_mesh(path)
        count = open_edges(triangles)
        if count:
            raise ValueError(
                f"not closed: {count} of its edges lie between an odd number of faces; close its "
                "holes"
            )
        return checked(filled(fitted(triangles, size), size))
    except (ValueError, OSError) as error:
        limits.pass_on(error)
        return BadImageError(one_line(error))


def checked(full: np.ndarray) -> np.ndarray:
    """Return voxels [x, y, z] bool as they are stored. Raises ValueError if none is full."""
    if not full.any():
        raise ValueError("no voxel is full")
    return np.where(full, 255, 0).astype(np.uint8)[..., None]


def _of_arrays(path: Path, size: int) -> Source:
    try:
        source = open_npz(path)
    except ValueError as error:
        raise ValueError(f"{path}: {_held(path, error)}; {_rule(size)}") from error
    if source.shape != (size, size, size) or source.dtype != np.uint8:
        assert source.shape is not None
        shape = "x".join(map(str, source.shape))
        is_cube = len(set(source.shape)) == 1 and source.dtype == np.uint8
        own = f", or write --voxels={source.shape[0]}" if is_cube else ""
        raise ValueError(
            f"{path}: voxels is {size}, but its arrays are {shape} {source.dtype}; "
            f"{_rule(size)}{own}"
        )

    def read(start: int) -> Iterator[Payload]:
        for voxels in source.read(start):
            assert isinstance(voxels, np.ndarray)
            if np.isin(voxels, (0, 1, 255)).all():
                full = voxels > 0
                yield checked(full) if full.any() else BadImageError("no voxel is full")
            else:
                yield BadImageError("voxels that are neither 0 nor 1 (or 255)")

    return _volumes(source, size, read)


def _rule(size: int) -> str:
    return (
        f"save one array [n, {size}, {size}, {size}] uint8 of 0 and 1, and `labels` [n] if there "
        "are classes"
    )


def _held(path: Path, error: ValueError) -> str:
    """Return which arrays an .npz holds, or why they cannot be read."""
    try:
        with zipfile.ZipFile(path) as archive:
            arrays = [f"{k!r} {list(x[0])} {x[1]}" for k, x in headers(archive).items()]
            return f"it holds {', '.join(arrays) or 'no array'}"
    except (NotImplementedError, RuntimeError, *DAMAGED_ARRAY, *READ_ERRORS) as damage:
        limits.pass_on(damage)
        return one_line(error).removeprefix(f"{path}: ")


def _volumes(source: Source, size: int, read: Callable[[int], Iterator[Payload]]) -> Source:
    return dataclasses.replace(
        source,
        read=read,
        shape=(size, size, size, 1),
        dtype=np.dtype(np.uint8),
        medium="volumes",
        facts={"medium": "volumes"},
    )
