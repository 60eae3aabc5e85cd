"""Checks of a translator's inputs: images, text vectors or frames of sound, in stored form.

All have the batch axis first, [n, ...], with n above 0.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from PIL import Image

from jaxgan.media.captions import condition_of

BEHIND = 10  # silent frames appended to a condition, cut off the result: its end does not click


def checked_images(
    images: Any,
    shape: tuple[int, ...],
    dtype: Any,
    read: Callable[[Any], np.ndarray] | None = None,
) -> np.ndarray:
    """Return images, or clips of them, as conditions [n, ..., channels]; ValueError for others.

    Args:
      images: an array, or a sequence of PIL images of one size.
      shape, dtype: as in training; height and width may differ.
      read: a PIL image or an array -> the condition; see Medium.condition_of.
    """
    channels, dtype = shape[-1], np.dtype(dtype)
    if isinstance(images, Sequence) and all(isinstance(x, Image.Image) for x in images):
        modes = {1: "L", 3: "RGB"}
        arrays = [
            read(x) if read else np.asarray(x.convert(modes.get(channels, x.mode))) for x in images
        ]
        if len({x.shape for x in arrays}) > 1:
            raise ValueError("images have several sizes: translate one size at a time")
        images = np.stack([x.reshape(*x.shape[:2], -1) for x in arrays]) if arrays else None
    array = np.asarray(images)
    axes = "n, frames, height, width" if len(shape) == 4 else "n, height, width"
    is_whole = array.ndim == 1 + len(shape) and 0 not in array.shape
    if not is_whole or array.shape[-1] != channels or array.dtype != dtype:
        raise ValueError(
            f"images are {array.dtype} {list(array.shape)}: write {dtype} "
            f"[{axes}, {channels}] with n above 0"
        )
    return read(array) if read else array


def checked_frames(frames: Any, width: int, silence: float | None = None) -> np.ndarray:
    """Return conditions [n, frames, width] as float32; ValueError for others.

    silence: the smallest value that a condition can have, if there is one.
    """
    array = np.asarray(frames)
    if array.ndim != 3 or 0 in array.shape or array.dtype.kind != "f" or array.shape[2] != width:
        raise ValueError(
            f"conditions are {array.dtype} {list(array.shape)}: write floats [n, frames, {width}], "
            "as in the training"
        )
    finite = np.isfinite(array).all((1, 2))
    if not finite.all():
        raise ValueError(f"condition {int(np.argmin(finite))} of {len(array)} is not finite")
    if silence is not None and array.min() < silence - 1e-3:
        raise ValueError(
            f"conditions go down to {array.min():.4g}, but silence is {silence:g} here: write "
            "spectrograms of the training's kind (media/mel_spectrograms.py), with its logarithm "
            "and floor"
        )
    return array.astype(np.float32)


def checked_texts(vectors: Any, text_dim: int) -> np.ndarray:
    """Return text vectors [n, text_dim] as conditions; ValueError for others."""
    array = np.asarray(vectors)
    if array.ndim != 2 or not len(array) or array.dtype.kind != "f" or array.shape[1] != text_dim:
        raise ValueError(
            f"text vectors are {array.dtype} {list(array.shape)}: write floats [n, {text_dim}], of "
            "the text encoder of the training"
        )
    usable = np.isfinite(array).all(1) & array.any(1)
    if not usable.all():
        raise ValueError(f"text vector {int(np.argmin(usable))} is 0 or not finite")
    return condition_of(array[:, None])


def lengthened(frames: np.ndarray, silence: float) -> np.ndarray:
    """Return conditions [n, t, k] with silent frames appended: at least BEHIND, up to a multiple of
    an eighth of the next power of two, so that few lengths are compiled."""
    t = frames.shape[1]
    unit = max((1 << (t + BEHIND - 1).bit_length()) // 8, 1)
    count = -(-(t + BEHIND) // unit) * unit
    return np.pad(frames, ((0, 0), (0, count - t), (0, 0)), constant_values=silence)
