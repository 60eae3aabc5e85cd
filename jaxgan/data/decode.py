"""Stored bytes to arrays, for data sets that `records.py` opens."""

import io
import zlib

import numpy as np
from PIL import Image

from jaxgan.data.records import Features

# Pillow only warns above this and refuses above twice this; we refuse here.
MAX_PIXELS = 89_478_485
STORED = ("JPEG", "PNG", "GIF", "BMP", "WEBP")  # GIF, BMP, WebP: in data sets that TFDS made
MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


def decode_record(data: bytes, features: Features) -> np.ndarray:
    """Decode one stored image, [height, width, channels] of features.dtype.

    Raises:
      ValueError or OSError: damaged bytes, or an image of another shape than the features say.
    """
    if features.encoding != "image":
        raw = zlib.decompress(data) if features.encoding == "zlib" else data
        return np.frombuffer(raw, features.dtype.newbyteorder("<")).reshape(features.shape)
    channels = features.shape[-1]
    with Image.open(io.BytesIO(data), formats=STORED) as picture:
        if picture.width * picture.height > MAX_PIXELS:
            raise ValueError(f"{picture.width}x{picture.height} is above {MAX_PIXELS} pixels")
        if features.dtype == np.uint16:
            if not picture.mode.startswith("I") or channels != 1:
                raise ValueError(
                    f"mode {picture.mode} is not 16-bit gray; Pillow reads no 16-bit colour"
                )
            image = np.asarray(picture).astype(np.uint16)
        else:
            mode = MODES[channels]
            image = np.asarray(picture if picture.mode == mode else picture.convert(mode))
    image = image.reshape(*image.shape[:2], channels)
    if any(want not in (None, got) for want, got in zip(features.shape, image.shape, strict=True)):
        raise ValueError(f"image is {image.shape}, expected {features.shape}")
    return image
