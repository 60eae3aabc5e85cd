"""Meshes: triangles [n, 3 corners, 3 coordinates] of OBJ, STL and OFF files. Trusts nothing.

Faces of more corners are cut into a fan. Materials, normals, groups and texture are ignored.
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

    Raises ValueError or OSError: damaged, empty, or coordinates that are not finite.
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
    """Return how many edges do not lie between an even number of triangles: 0 of a closed surface.

    Corners at the same place are one.
    """
    flat = triangles.reshape(-1, 3)
    # Adding 0.0 makes one value of 0.0 and -0.0.
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
    words = [word for line in _lines(data) for word in line]
    head = words[0]
    if not head.startswith("OFF"):
        raise ValueError("not an OFF file, or damaged at its start")
    # ModelNet has files that begin "OFF490 518 0".
    words = ([head[3:]] if head != "OFF" else []) + words[1:]
    vertices, count = int(words[0]), int(words[1])
    if vertices < 0 or count < 0 or 3 * vertices + count > len(words):
        raise ValueError(f"it promises {vertices} vertices and {count} faces")
    end = 3 + 3 * vertices
    places = [[float(x) for x in words[i : i + 3]] for i in range(3, end, 3)]
    faces = []
    for line in _faces(words[end:], count):
        faces += _fan(line)
    return _joined(places, faces)


def _faces(words: Sequence[str], count: int) -> Iterator[list[int]]:
    """Yield the corners of each face of "3 0 1 2 3 2 1 0 ...": a number of corners before each."""
    at = 0
    for _ in range(count):
        corners = int(words[at])
        yield [int(x) for x in words[at + 1 : at + 1 + corners]]
        at += 1 + corners


def _stl(data: bytes) -> np.ndarray:
    if len(data) >= 84:
        (count,) = struct.unpack("<I", data[80:84])
        if len(data) == 84 + STL.itemsize * count:  # else it is text, which also begins "solid"
            return np.frombuffer(data, STL, count, 84)["corners"].astype(np.float64)
    corners = [[float(x) for x in rest[:3]] for word, *rest in _lines(data) if word == "vertex"]
    if len(corners) % 3:
        raise ValueError(f"{len(corners)} corners of triangles")
    return np.array(corners, np.float64).reshape(-1, 3, 3)


def _lines(data: bytes) -> Iterator[list[str]]:
    """Yield the words of each line that has any, without comments."""
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


def obj_text(triangles_or_quads: np.ndarray) -> str:
    """Return an OBJ file of faces [n, corners, 3]; corners at the same place are one vertex."""
    count, corners, _ = triangles_or_quads.shape
    places, numbers = np.unique(triangles_or_quads.reshape(-1, 3), axis=0, return_inverse=True)
    lines = [f"v {x:g} {y:g} {z:g}" for x, y, z in places]
    faces = numbers.reshape(count, corners) + 1
    lines += ["f " + " ".join(map(str, face)) for face in faces.tolist()]
    return "\n".join([*lines, ""])
