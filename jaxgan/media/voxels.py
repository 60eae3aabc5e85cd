"""Between surfaces and voxels: a closed mesh filled, and the faces of voxels as a mesh.

A voxel is full if its centre is inside, that is, if a ray from it along z crosses the surface an
odd number of times. Parts thinner than a voxel may therefore fall between the centres.
"""

import numpy as np

# Rays are slightly off the centres, so that none meets an edge between two triangles.
BESIDE = np.array([1.37e-4, 2.71e-4])
CHUNK = 1 << 22  # pairs of ray and triangle at a time
# The corners of a cube's six faces by direction, counter-clockwise seen from outside.
FACES = {
    (1, 0, 0): [[1, 0, 0], [1, 1, 0], [1, 1, 1], [1, 0, 1]],
    (-1, 0, 0): [[0, 0, 0], [0, 0, 1], [0, 1, 1], [0, 1, 0]],
    (0, 1, 0): [[0, 1, 0], [0, 1, 1], [1, 1, 1], [1, 1, 0]],
    (0, -1, 0): [[0, 0, 0], [1, 0, 0], [1, 0, 1], [0, 0, 1]],
    (0, 0, 1): [[0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1]],
    (0, 0, -1): [[0, 0, 0], [0, 1, 0], [1, 1, 0], [1, 0, 0]],
}


def fitted(triangles: np.ndarray, size: int) -> np.ndarray:
    """Return triangles moved and scaled so that the longest side fills [0, size] and the others are
    centred."""
    low, high = triangles.min((0, 1)), triangles.max((0, 1))
    longest = (high - low).max()
    if not longest > 0:
        raise ValueError("all corners are at the same place")
    return (triangles - (low + high) / 2) * (size / longest) + size / 2


def filled(triangles: np.ndarray, size: int) -> np.ndarray:
    """Return which voxels of [0, size]^3 have their centre inside: [x, y, z] bool.

    triangles: of a closed surface, [n, 3, 3].
    """
    a, b, c = (triangles[:, i] for i in range(3))
    crossings = np.zeros((size, size, size + 1), np.int32)
    centres = np.arange(size) + 0.5
    flat = np.stack(np.meshgrid(centres, centres, indexing="ij"), -1).reshape(-1, 2) + BESIDE
    step = max(1, CHUNK // len(flat))
    for start in range(0, len(triangles), step):
        p, q, r = (x[None, start : start + step] for x in (a, b, c))
        rays = flat[:, None]
        # Twice the signed areas of the triangles that a ray forms with the three edges.
        areas = [
            (v[..., 0] - u[..., 0]) * (rays[..., 1] - u[..., 1])
            - (v[..., 1] - u[..., 1]) * (rays[..., 0] - u[..., 0])
            for u, v in ((q, r), (r, p), (p, q))
        ]
        signs = [area > 0 for area in areas]
        inside = (signs[0] == signs[1]) & (signs[1] == signs[2])
        inside &= sum(areas) != 0  # a triangle seen from its edge crosses no ray
        ray, triangle = np.nonzero(inside)
        u, v, w = (area[ray, triangle] for area in areas)
        depth = (u * p[0, triangle, 2] + v * q[0, triangle, 2] + w * r[0, triangle, 2]) / (
            u + v + w
        )
        # Centres above the crossing, from this index on, change sides.
        first = np.clip(np.ceil(depth - 0.5), 0, size).astype(int)
        np.add.at(crossings, (ray // size, ray % size, first), 1)
    return np.cumsum(crossings, 2)[:, :, :size] % 2 == 1


def outside_faces(full: np.ndarray) -> np.ndarray:
    """Return the faces between full voxels [x, y, z] and empty ones: squares [n, 4, 3], facing
    outward."""
    padded = np.pad(full, 1)
    found = []
    for direction, corners in FACES.items():
        is_covered = np.roll(padded, tuple(-d for d in direction), (0, 1, 2))
        places = np.argwhere(padded & ~is_covered) - 1
        found.append(places[:, None] + np.array(corners)[None])
    return np.concatenate(found)
