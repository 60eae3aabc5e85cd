"""Decoding: from the stored bytes of a record to arrays.

Pillow decodes. With the extra `jpeg`, the package simplejpeg takes over those JPEG files that it
decodes to the same values, in less time: both use libjpeg-turbo, but simplejpeg without a copy.
"""

import dataclasses
import io
import math
import zlib
from typing import NamedTuple

import numpy as np
from PIL import Image

try:
    import simplejpeg
except ImportError:  # the extra `jpeg`
    simplejpeg = None

from jaxgan.media.resize import fit, fit_picture

# Pillow only warns above this, and refuses above twice as many; here they are refused.
MAX_PIXELS = 89_478_485
STORED = ("JPEG", "PNG", "GIF", "BMP", "WEBP")  # GIF, BMP, WebP: in data sets made by TFDS
MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
# (Colour space of a JPEG file, channels) -> what to decode to; Pillow handles all other cases.
JPEG, SPACES = b"\xff\xd8\xff", {("Gray", 1): "GRAY", ("YCbCr", 3): "RGB"}


@dataclasses.dataclass(frozen=True)
class Features:
    """What a record holds.

    shape is (height, width, channels); height and width are None if images differ in size. For
    other media it is the sample's shape: (samples, channels), (x, y, z, channels), ... encoding is
    "image" (PNG or JPEG bytes), "bytes" or "zlib" (raw little-endian values). text_dim is the
    length of the captions' vectors; 0 if there are no captions.
    """

    shape: tuple[int | None, ...]
    dtype: np.dtype
    encoding: str
    image_key: str
    label_key: str | None
    class_names: tuple[str, ...]
    text_dim: int = 0

    @property
    def channels(self) -> int:
        """The size of the last axis, the same for every sample."""
        channels = self.shape[-1]
        assert channels is not None
        return channels

    def one_shape(self) -> tuple[int, ...]:
        """Return the shape of every image. Raises ValueError if images differ in size."""
        shape = tuple(side for side in self.shape if side is not None)
        if len(shape) < len(self.shape):
            raise ValueError("the data set's images differ in size: write size=(height, width)")
        return shape


class Texts(NamedTuple):
    """The captions of an image. vectors: [as many, text_dim] float32."""

    captions: tuple[str, ...]
    vectors: np.ndarray


def decode_record(
    data: bytes,
    features: Features,
    size: tuple[int, int] | None = None,
    out: np.ndarray | None = None,
) -> np.ndarray:
    """Decode one stored image or other sample, with features.shape and features.dtype.

    Args:
      size: (height, width) to crop (centre) and area-resize to; None for the stored size.
      out: an array that the image may be written to, if it has its shape and dtype; it is then
        returned.

    Raises:
      ValueError, OSError: damaged bytes, or an image whose shape differs from the features'.
    """
    if features.encoding != "image":
        shape = features.one_shape()
        promised = math.prod(shape) * features.dtype.itemsize
        raw = data
        if features.encoding == "zlib":
            # Bounded: one byte too many makes reshape fail, and a zip bomb is not unpacked further.
            raw = zlib.decompressobj().decompress(data, promised + 1)
        return of_size(np.frombuffer(raw, features.dtype.newbyteorder("<")).reshape(shape), size)
    channels = features.channels
    image = decode_jpeg(data, features, out)
    if image is not None:
        return of_size(image, size)
    with Image.open(io.BytesIO(data), formats=STORED) as picture:
        if picture.width * picture.height > MAX_PIXELS:
            raise ValueError(f"{picture.width}x{picture.height} is above {MAX_PIXELS} pixels")
        stored = (picture.height, picture.width)
        if any(want not in (None, got) for want, got in zip(features.shape, stored, strict=False)):
            raise ValueError(f"image is {stored}, expected {features.shape[:2]}")
        if features.dtype == np.uint16:
            if not picture.mode.startswith("I") or channels != 1:
                raise ValueError(
                    f"mode {picture.mode} is not 16-bit gray; Pillow reads no 16-bit colour"
                )
            return of_size(np.asarray(picture).astype(np.uint16)[..., None], size)
        if picture.mode != MODES[channels]:
            picture = picture.convert(MODES[channels])
        if size and size != stored and channels in (1, 3):  # before the copy, which is then smaller
            picture = fit_picture(picture, size, "center", "area")
        image = np.asarray(picture)
    return of_size(image.reshape(*image.shape[:2], channels), size)


def of_size(image: np.ndarray, size: tuple[int, int] | None) -> np.ndarray:
    """Return an image cropped and resized as by `decode_record`; unchanged if it has the size."""
    if size is None or tuple(size) == image.shape[:2]:
        return image
    return fit(image, size, "center", "area")


def decode_jpeg(
    data: bytes, features: Features, out: np.ndarray | None = None
) -> np.ndarray | None:
    """Return the image of a JPEG file, equal to Pillow's, or None if Pillow must decode or refuse
    it.

    Returns: [height, width, channels] uint8; `out`, if that is its shape.
    """
    if simplejpeg is None or not data.startswith(JPEG) or features.dtype != np.uint8:
        return None
    try:
        height, width, stored, _ = simplejpeg.decode_jpeg_header(data)
        space = SPACES.get((stored, features.channels))
        if space is None or height * width > MAX_PIXELS:
            return None
        wanted_height, wanted_width = features.shape[:2]
        if wanted_height not in (None, height) or wanted_width not in (None, width):
            return None
        shape = height, width, features.channels
        if out is None or out.shape != shape or out.dtype != np.uint8:
            return simplejpeg.decode_jpeg(data, space)
        simplejpeg.decode_jpeg(data, space, buffer=out)
        return out
    except ValueError:  # damaged, perhaps
        return None
