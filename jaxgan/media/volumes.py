"""Volumes: voxels [x, y, z, 1] that are full or empty, with z upwards.

Stored in 8 bits like images: 0 is empty (-1 for the networks), 255 full (1). Generated values may
lie between, and count as full from the middle on. A picture of a volume is its isometric view, and
a sheet is played as a GIF in which the first volume of each row turns about its vertical axis. Its
file is an OBJ of the faces between full and empty voxels, with an .npz beside it that holds the
array `volume`, bool [x, y, z].
"""

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
from jaxgan.media.medium import Batch, Medium, Reel
from jaxgan.media.meshes import obj_text
from jaxgan.media.pictures import gif_bytes, grid
from jaxgan.media.pixels import to_stored
from jaxgan.media.voxels import outside_faces

SIZE = (16, 16, 16)  # x, y, z
NOUN = "volumes"
AUGMENTS = ("flip",)
READS = ("volumes",)
PREPARE = "jaxgan prepare FOLDER TARGET --voxels={0}"
LEAST, MOST = 4, 256  # voxels per side of prepared volumes
FULL = 128  # the smallest stored value that counts as full
SIDE = 96  # pixels of a picture
# Degrees from x of the direction in which the isometric view looks back; views of one turn.
AZIMUTH, TURNS, RATE = 45, 20, 10  # RATE: views per second
WHITE, FAR = 255, 0.6  # background; brightness of the farthest relative to the nearest
SHADES = (0.72, 0.5, 1.0)  # brightness of the faces across x, y and z
COLOR = np.array([110.0, 161.0, 255.0])


def prepares(size: tuple[int, ...]) -> bool:
    """Return whether `jaxgan prepare` makes volumes of this size."""
    return len(set(size)) == 1 and LEAST <= size[0] <= MOST


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
        reel=Reel(".gif", turning),
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
    return views(samples, AZIMUTH)


def turning(samples: np.ndarray, columns: int) -> bytes:
    """Return a GIF in which the first stored volume of each row [rows * columns, x, y, z, 1] turns
    once about z."""
    first = samples[::columns]
    angles = AZIMUTH + np.arange(TURNS) * 360 / TURNS
    return gif_bytes(np.stack([grid(views(first, a), len(first)) for a in angles]), RATE)


def views(samples: np.ndarray, azimuth: float) -> np.ndarray:
    """Return the view of each stored volume from above, at `azimuth` degrees from the x axis.

    The direction to the viewer is (2^1/2 cos a, 2^1/2 sin a, 1): (1, 1, 1) at 45 degrees. All views
    have one scale, at which a turning volume stays in the picture.

    The rays of one column of pixels lie above one line (`_crossed`), and descend along it. Between
    two crossings a ray meets the highest full voxel that is not above the height at which it came,
    if that is not below the height at which it leaves.

    Args:
      samples: [n, x, y, z, 1] uint8.
      azimuth: not a multiple of 90, where rays are parallel to an axis.

    Returns:
      [n, SIDE, SIDE, 3] uint8.
    """
    _, *sides, _ = samples.shape
    across, high = np.hypot(*sides[:2]), sides[2]
    half = 1.04 * max(across, (across + 2**0.5 * high) / 3**0.5) / 2
    right = ((np.arange(SIDE) + 0.5) / SIDE * 2 - 1) * half
    s, axis, line = _crossed(sides[0], sides[1], azimuth, right)
    up = -right[:, None, None]  # the arrays below are [row, column, crossing]
    level = np.floor(high / 2 + 1.5**0.5 * up - s / 2**0.5).astype(int)
    came, leaves = level[..., :-1], level[..., 1:]
    places = line * (high + 1) + np.clip(came, -1, high - 1) + 1
    reach = (2**0.5 * across + high) / 6  # of the corners, in front of and behind the middle
    found = np.full((len(samples), SIDE, SIDE, 3), WHITE, np.uint8)
    for view, volume in zip(found, samples[..., 0] >= FULL, strict=True):
        # The highest full voxel of each line up to a level, -1 if there is none; outside: none.
        highest = np.full((sides[0] * sides[1] + 1, high + 1), -1)
        numbered = np.where(volume, np.arange(high), -1).reshape(-1, high)
        highest[:-1, 1:] = np.maximum.accumulate(numbered, 1)
        meets = highest.ravel()[places]
        is_met = (meets >= 0) & (meets >= leaves)
        row, column = np.nonzero(is_met.any(-1))
        first = is_met[row, column].argmax(-1)
        z, v = meets[row, column, first], up[row, 0, 0]
        is_top = z != came[row, column, first]
        from_above = (high / 2 + 1.5**0.5 * v - z - 1) * 2**0.5
        depth = (np.where(is_top, from_above, s[column, first]) - v / 3**0.5) / 2**0.5
        shade = np.array(SHADES)[np.where(is_top, 2, axis[column, first])]
        brightness = shade * np.interp(depth, (-reach, reach), (1.0, FAR))
        view[row, column] = (brightness[:, None] * COLOR).round()
    return found


def _crossed(
    wide: int, deep: int, azimuth: float, right: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return where lines in the plane of x and y cross from voxel to voxel, in order.

    Lines run away from the viewer, at distances `right` [n] to the right of the middle.

    Returns:
      distances from the middle [n, wide + deep + 2]; the axis that is crossed, 0 or 1; and between
      two crossings [n, wide + deep + 1] the index x * deep + y, wide * deep if outside.
    """
    cos, sin = np.cos(np.deg2rad(azimuth)), np.sin(np.deg2rad(azimuth))
    x, y = wide / 2 - right[:, None] * sin, deep / 2 + right[:, None] * cos
    s = np.concatenate([(x - np.arange(wide + 1)) / cos, (y - np.arange(deep + 1)) / sin], 1)
    order = s.argsort(1)
    s, axis = np.take_along_axis(s, order, 1), np.repeat([0, 1], [wide + 1, deep + 1])[order]
    between = (s[:, 1:] + s[:, :-1]) / 2
    x, y = (np.floor(at).astype(int) for at in (x - between * cos, y - between * sin))
    is_inside = (x >= 0) & (x < wide) & (y >= 0) & (y < deep)
    return s, axis, np.where(is_inside, x * deep + y, wide * deep)
