"""Volumes: voxels [x, y, z, 1] that are full or empty, with z upwards.

Stored in 8 bits like images: 0 is empty (-1 for the networks), 255 full (1). Generated values may
lie between, and count as full from the middle on. A picture of a volume is its isometric view; its
file is an OBJ of the faces between full and empty voxels, with an .npz beside it that holds the
array `volume`, bool [x, y, z].
"""

import functools
import io
from functools import partial
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from jaxgan.files.atomic import write_bytes, write_text
from jaxgan.media.augment import Streams, half_flipped
from jaxgan.media.images import distances, to_float
from jaxgan.media.labelled import decode, labelled
from jaxgan.media.medium import Batch, Medium
from jaxgan.media.meshes import obj_text
from jaxgan.media.pixels import to_stored
from jaxgan.media.voxels import outside_faces

SIZE = (16, 16, 16)  # x, y, z
NOUN = "volumes"
AUGMENTS = ("flip",)
READS = ("volumes",)
PREPARE = "jaxgan prepare FOLDER TARGET --voxels={0}"
FULL = 128  # the smallest stored value that counts as full
SIDE = 96  # pixels of a picture
WHITE, FAR = 255, 0.6  # background; brightness of the farthest relative to the nearest
# Brightness, up to 1, of the faces that face up, right and left.
SHADES = {2: 1.0, 0: 0.72, 1: 0.5}
COLOR = np.array([110.0, 161.0, 255.0])


def assumed(config: ConfigDict, channels: int, classes: int) -> dict[str, Any]:
    """Return the channels and bits that volumes have."""
    return {"channels": 1, "bits": 8}


def medium(data: ConfigDict) -> Medium:
    """Return the medium of a resolved config's section `data`."""
    return volumes((*data.size, data.channels), len(data.class_names), data.flip)


def volumes(shape: tuple[int, ...], num_classes: int = 0, flip: bool = False) -> Medium:
    """Return the medium of volumes [x, y, z, 1].

    flip: mirror volumes in training with probability 1/2, along x.
    """
    stored, spec = labelled(shape, jnp.uint8, num_classes)
    return Medium(
        stored=stored,
        spec=spec,
        decode=decode,
        to_float=to_float,
        to_stored=to_stored,
        augment=partial(augment, flip=flip),
        suffix=".obj",
        write=write,
        distances=distances,
        pictures=isometric,
    )


def augment(keys: Streams, batch: Batch, flip: bool) -> Batch:
    """Return a batch of float volumes [..., x, y, z, 1], mirrored with probability 1/2 if
    `flip`."""
    if not flip:
        return batch
    return batch._replace(sample=half_flipped(keys["flip"], batch.sample, -4, 4))


def write(path: Path, volume: np.ndarray) -> None:
    """Write one stored volume [x, y, z, 1] to path (.obj), and beside it as .npz."""
    full = volume[..., 0] >= FULL
    file = io.BytesIO()
    np.savez_compressed(file, volume=full)
    write_bytes(path.with_suffix(".npz"), file.getvalue())
    write_text(path, obj_text(outside_faces(full)))


def isometric(samples: np.ndarray) -> np.ndarray:
    """Return the view from (1, 1, 1) of each stored volume [n, x, y, z, 1]: [n, SIDE, SIDE, 3]."""
    voxels, axes, brightness = _rays(samples.shape[1:4])
    found = np.full((len(samples), SIDE * SIDE, 3), WHITE, np.uint8)
    for view, volume in zip(found, samples.reshape(len(samples), -1), strict=True):
        full = np.append(volume >= FULL, False)[voxels]
        first, seen = full.argmax(1), np.flatnonzero(full.any(1))
        place = seen, first[seen]
        shade = np.array([SHADES[axis] for axis in range(3)])[axes[place]] * brightness[place]
        view[seen] = (shade[:, None] * COLOR).round()
    return found.reshape(len(samples), SIDE, SIDE, 3)


@functools.lru_cache(maxsize=4)
def _rays(shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return what the ray of each pixel meets, in order: voxels, axes of the faces, brightness.

    Rays go in direction (-1, -1, -1) and cross the planes between voxels. Between two crossings a
    ray is in one voxel, which it entered through the face on the plane just crossed.

    Returns:
      [SIDE^2, planes] each: index of the voxel in the flattened volume (its size if outside), axis
      of the face that was entered, and brightness from 1 (nearest) to FAR.
    """
    sides = np.array(shape, float)
    right, up = np.array([-1, 1, 0]) / 2**0.5, np.array([-1, -1, 2]) / 6**0.5
    corners = np.stack(np.meshgrid(*[[0.0, s] for s in sides], indexing="ij"), -1).reshape(-1, 3)
    u, v = ((corners - sides / 2) @ axis for axis in (right, up))
    half = 1.04 * max(abs(u).max(), abs(v).max())
    line = (np.arange(SIDE) + 0.5) / SIDE * 2 - 1
    across, down = np.meshgrid(line * half, -line * half)
    start = sides / 2 + across.reshape(-1, 1) * right + down.reshape(-1, 1) * up
    # The ray start - t (1, 1, 1) meets the plane x_i = k at t = start_i - k.
    planes = [start[:, i, None] - np.arange(shape[i] + 1) for i in range(3)]
    axis_of = np.repeat(np.arange(3), [s + 1 for s in shape])
    times = np.concatenate(planes, 1)
    order = times.argsort(1)
    times, axes = np.take_along_axis(times, order, 1), axis_of[order]
    between = np.append((times[:, 1:] + times[:, :-1]) / 2, times[:, -1:] + 1, 1)
    cells = np.floor(start[:, None] - between[..., None]).astype(int)
    is_inside = ((cells >= 0) & (cells < np.array(shape))).all(-1)
    flat = np.ravel_multi_index(tuple(np.moveaxis(cells, -1, 0)), shape, mode="clip")
    voxels = np.where(is_inside, flat, int(np.prod(shape))).astype(np.int32)
    reach = sides.sum() / 6  # of the corners, in front of and behind the middle
    brightness = np.interp(times, (-reach, reach), (1.0, FAR))
    return voxels, axes, brightness
