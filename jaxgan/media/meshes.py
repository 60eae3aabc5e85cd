"""Meshes: triangles [n, 3 corners, 3 coordinates] of OBJ, STL and OFF files. Trusts nothing in
  them.

Faces with more than three corners are cut into a fan. Materials, normals, groups and textures are
ignored.
"""

import struct
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

SUFFIXES = (".obj", ".stl", ".off")
MAX_FILE_BYTES = 1 << 28
STL = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("more", "<u2")])


def read_mesh(path: Path) -> np.ndarray:
    """Return the triangles of a file, [n, 3, 3] float64.

    Raises ValueError or OSError if it is damaged, empty, or has coordinates that are not finite.
    """
    size = path.stat().st_size
    if size > MAX_FILE_BYTES:
        raise ValueError(f"{size} bytes, more than {MAX_FILE_BYTES}")
    data = path.read_bytes()
    read = {".obj": _obj, ".stl": _stl, ".off": _off}[path.suffix.lower()]
    try:
        triangles = read(data)
    except (IndexError, UnicodeDecodeError, struct.error, OverflowError) as error:
        raise ValueError(f"damaged ({error})") from error
    if not len(triangles):
        raise ValueError("no faces")
    if not np.isfinite(triangles).all():
        raise ValueError("coordinates that are not finite")
    return triangles


def open_edges(triangles: np.ndarray) -> int:
    """Return how many edges are shared by an odd number of triangles: 0 for a closed surface.

    Corners at the same place count as one.
    """
    flat = triangles.reshape(-1, 3)
    # Adding 0.0 turns -0.0 into 0.0.
    _, numbers = np.unique(flat + 0.0, axis=0, return_inverse=True)
    corners = numbers.reshape(-1, 3)
    edges = np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [2, 0]]])
    edges = np.sort(edges[edges[:, 0] != edges[:, 1]], axis=1)
    _, counts = np.unique(edges, axis=0, return_counts=True)
    return int((counts % 2).sum())


def _obj(data: bytes) -> np.ndarray:
    places, faces = [], []
    for line in _lines(data):
        word, *rest = line
        if word == "v":
            places.append([float(x) for x in rest[:3]])
        elif word == "f":
            numbers = [int(corner.split("/")[0]) for corner in rest]
            # 1 is the first vertex, -1 the newest.
            faces += _fan([n - 1 if n > 0 else len(places) + n for n in numbers])
    return _joined(places, faces)


def _off(data: bytes) -> np.ndarray:
    lines = list(_lines(data))
    if not lines or not lines[0][0].startswith("OFF"):
        raise ValueError("not an OFF file, or damaged at its start")
    # ModelNet has files that begin "OFF490 518 0".
    rest = [lines[0][0][3:], *lines[0][1:]]
    sizes, lines = (rest, lines[1:]) if rest[0] else (lines[1], lines[2:])
    vertices, count = int(sizes[0]), int(sizes[1])
    if vertices < 0 or count < 0 or vertices + count > len(lines):
        raise ValueError(f"it promises {vertices} vertices and {count} faces in {len(lines)} lines")
    places = [[float(x) for x in line[:3]] for line in lines[:vertices]]
    faces = []
    for corners, *numbers in lines[vertices : vertices + count]:  # a colour may follow
        faces += _fan([int(x) for x in numbers[: int(corners)]])
    return _joined(places, faces)


def _stl(data: bytes) -> np.ndarray:
    if len(data) >= 84:
        (count,) = struct.unpack("<I", data[80:84])
        if len(data) == 84 + STL.itemsize * count:  # else it is text
            return np.frombuffer(data, STL, count, 84)["corners"].astype(np.float64)
    corners = [[float(x) for x in rest[:3]] for word, *rest in _lines(data) if word == "vertex"]
    if len(corners) % 3:
        raise ValueError(f"{len(corners)} corners of triangles")
    return np.array(corners, np.float64).reshape(-1, 3, 3)


def _lines(data: bytes) -> Iterator[list[str]]:
    """Yield the words of each line that is not empty, without comments."""
    for line in data.decode("utf-8").splitlines():
        words = line.split("#")[0].split()
        if words:
            yield words


def _fan(corners: Sequence[int]) -> list[list[int]]:
    return [[corners[0], b, c] for b, c in pairwise(corners[1:])]


def _joined(places: list[list[float]], faces: list[list[int]]) -> np.ndarray:
    numbers = np.array(faces, np.int64).reshape(-1, 3)
    if any(len(place) != 3 for place in places):
        raise ValueError("a vertex without three coordinates")
    if len(numbers) and (numbers.min() < 0 or numbers.max() >= len(places)):
        raise ValueError(f"a face names a vertex beyond the {len(places)} that there are")
    return np.array(places, np.float64).reshape(-1, 3)[numbers]


def obj_text(polygons: np.ndarray) -> str:
    """Return an OBJ file of faces [n, corners, 3]; corners at the same place become one vertex."""
    count, corners, _ = polygons.shape
    places, numbers = np.unique(polygons.reshape(-1, 3), axis=0, return_inverse=True)
    lines = [f"v {x:g} {y:g} {z:g}" for x, y, z in places]
    faces = numbers.reshape(count, corners) + 1
    lines += ["f " + " ".join(map(str, face)) for face in faces.tolist()]
    return "\n".join([*lines, ""])
