"""Strokes and lines in picture files, for an edit: opaque where something is painted.

A file has the generator's size and an alpha channel: PNG with RGBA, or with gray and alpha. Its
colours are the strokes' colours, its opacity is the mask. For lines, only the opacity counts.
"""

from pathlib import Path

import numpy as np

from jaxgan.media.image_files import BadImageError, inspect, read_picture
from jaxgan.media.pixels import to_float
from jaxgan.trained.descent import is_smooth, refuse_painter
from jaxgan.trained.edit import Strokes
from jaxgan.trained.generator import TrainedGenerator


def can_be_painted(g: TrainedGenerator) -> bool:
    """Return whether a generator's samples are images that one can paint on and that are
    differentiable in their latents."""
    return len(g.stored.shape) == 3 and g.image_shape[-1] <= 4 and is_smooth(g)


def refuse_others(g: TrainedGenerator) -> None:
    """Raise ValueError for a generator whose samples are not images that can be painted on."""
    refuse_painter(g)
    if not can_be_painted(g):
        channels = g.image_shape[-1]
        is_image = len(g.stored.shape) == 3
        what = f"images of {channels} channels" if is_image else g.config.data.medium
        raise ValueError(f"strokes are painted on images, and this generator makes {what}")


def read_strokes(g: TrainedGenerator, source: bytes | Path, name: str) -> Strokes:
    """Return the strokes in a file, or in its bytes.

    name: what error messages call it.

    Raises ValueError for a file that is not a picture, has another size, or has no transparency.
    """
    channels = g.image_shape[-1]
    image = _read(g, source, name, 2 if channels < 3 else 4)
    colours, opacity = image[..., :-1], image[..., -1:]
    if channels in (2, 4):  # images with transparency of their own: strokes are opaque
        colours = np.concatenate([colours, np.full_like(opacity, 255)], -1)
    return Strokes(to_float(colours), opacity.astype(np.float32) / 255)


def read_lines(g: TrainedGenerator, source: bytes | Path, name: str) -> np.ndarray:
    """Return the lines in a file, [h, w, 1] float32 in [0, 1]; errors as `read_strokes`."""
    return _read(g, source, name, 2)[..., 1:].astype(np.float32) / 255


def _read(g: TrainedGenerator, source: bytes | Path, name: str, channels: int) -> np.ndarray:
    if isinstance(source, Path) and not source.is_file():
        raise FileNotFoundError(f"{name} does not exist: write a picture's file")
    try:
        kind = inspect(source)
        if kind.channels not in (2, 4):
            raise ValueError(
                f"{name} has no transparency: write a PNG with alpha, opaque where it is painted"
            )
        height, width = g.image_shape[:2]
        if (kind.height, kind.width) != (height, width):
            raise ValueError(
                f"{name} is {kind.width} x {kind.height}, but the generator makes {width} x "
                f"{height}: write this size"
            )
        return read_picture(source, channels)
    except BadImageError as error:
        raise ValueError(f"{name}: {error}") from error
