"""Image files of every kind to arrays, for `jaxgan prepare`. Trusts nothing in a file.

EXIF rotation is applied. Palettes, CMYK, bilevel and YCbCr are converted. Alpha is kept if two or
four channels are asked for, else the image is laid on a background. Of an animation the first frame
is used. 16-bit gray keeps its bits if asked for. Colour profiles are ignored. Pillow reads 16-bit
colour at 8 bits, so it is rejected if 16 are asked for: provide such images as arrays.
"""

import dataclasses
import io
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageFile, ImageOps

from jaxgan.files import limits
from jaxgan.files.errors import one_line
from jaxgan.media.decode import MAX_PIXELS, MODES

MAX_FILE_BYTES = 1 << 27  # bytes; several files are in memory at a time
SUFFIXES = (".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".bmp", ".gif", ".tif", ".tiff")
SUFFIXES += (".ppm", ".pgm", ".pbm", ".tga")
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM", "TGA")
WHITE = (255, 255, 255)
Image.init()  # once, here: loading Pillow's plugins is not thread-safe


class BadImageError(ValueError):
    """An image that is rejected; the message is the reason, without the file's name."""


@dataclasses.dataclass(frozen=True)
class Kind:
    """What a file's header says.

    height, width: after EXIF rotation. channels: including alpha. bits: what can be read of each
    channel, 8 or 16. is_deep_colour: the file has 16-bit colour, of which only 8 bits can be read.
    """

    height: int
    width: int
    channels: int
    bits: int
    is_deep_colour: bool = False


def inspect(source: bytes | Path) -> Kind:
    """Read the header only. Raises BadImageError."""
    with _open(source) as picture:
        raw, is_deep = raw_mode(picture), _is_deep_colour(picture)
        try:  # for a PNG this loads the picture, which loses the raw mode
            turned = picture.getexif().get(0x0112, 1) >= 5  # orientations 5 to 8 swap the sides
        except Exception as error:  # Pillow raises many kinds on damaged EXIF; so will read_picture
            limits.pass_on(error)
            turned = False
        width, height = picture.size[::-1] if turned else picture.size
        gray = picture.mode[0] in "1LIF" and picture.mode != "LAB"
        gray |= raw.startswith("LA;16")  # which Pillow opens as RGBA
        bits = 16 if picture.mode.startswith("I") else 8
        channels = (1 if gray else 3) + _has_alpha(picture)
        return Kind(height, width, channels, bits, is_deep)


def read_picture(
    source: bytes | Path,
    channels: int,
    bits: int = 8,
    background: tuple[int, int, int] = WHITE,
) -> np.ndarray:
    """Decode a file.

    Args:
      source: the bytes of a file, or its path.
      channels: 1 gray, 2 gray and alpha, 3 RGB, 4 RGBA.
      bits: 8 or 16; values are rescaled between the two.
      background: the colour behind transparent pixels if channels is 1 or 3.

    Returns:
      [height, width, channels] uint8 or uint16.

    Raises:
      BadImageError: empty, truncated, damaged, too large, not an image, or 16-bit colour if bits is
        16.
    """
    with _open(source) as picture:
        if bits == 16 and _is_deep_colour(picture):
            raise BadImageError(
                "16-bit colour, of which Pillow reads 8 bits; give such images as uint16 arrays"
            )
        try:
            return _pixels(picture, channels, bits, background)
        except BadImageError:
            raise
        except Exception as error:  # Pillow raises many kinds on damaged bytes
            limits.pass_on(error)
            raise BadImageError(one_line(error)) from error


def count_frames(source: bytes | Path) -> int:
    """Return the number of frames of a file; 1 for a still image. Raises BadImageError."""
    with _open(source) as picture:
        try:
            return int(getattr(picture, "n_frames", 1))
        except Exception as error:  # Pillow raises many kinds on damaged bytes
            limits.pass_on(error)
            raise BadImageError(one_line(error)) from error


def frames(
    source: bytes | Path,
    places: Iterable[int],
    channels: int,
    background: tuple[int, int, int] = WHITE,
) -> Iterator[np.ndarray]:
    """Yield the frames of an animation at these indices, each [height, width, channels] uint8.

    channels, background: as in `read_picture`. Raises BadImageError.
    """
    with _open(source) as picture:
        for place in places:
            try:
                picture.seek(place)
                found = _pixels(picture.copy(), channels, 8, background)
            except BadImageError:
                raise
            except Exception as error:  # Pillow raises many kinds on damaged bytes
                limits.pass_on(error)
                raise BadImageError(one_line(error)) from error
            yield found


def is_plain_jpeg(source: bytes | Path, shape: tuple[int, ...]) -> bool:
    """Return whether a file is a JPEG of exactly this shape, without metadata that changes how it
    looks."""
    with _open(source) as picture:
        return (
            picture.format == "JPEG"
            and (picture.height, picture.width, len(picture.getbands())) == shape
            and picture.mode in ("L", "RGB")
            and not {"exif", "icc_profile", "comment", "xmp"} & set(picture.info)
        )


def _open(source: bytes | Path) -> ImageFile.ImageFile:
    size = source.stat().st_size if isinstance(source, Path) else len(source)
    if size == 0:
        raise BadImageError("empty file")
    if size > MAX_FILE_BYTES:
        raise BadImageError(f"{size} bytes, more than {MAX_FILE_BYTES}")
    try:
        file = source if isinstance(source, Path) else io.BytesIO(source)
        picture = Image.open(file, formats=FORMATS)
    except Image.UnidentifiedImageError as error:
        raise BadImageError("not an image, or damaged at its start") from error
    except Exception as error:
        limits.pass_on(error)
        raise BadImageError(one_line(error)) from error
    if picture.width * picture.height > MAX_PIXELS:
        picture.close()
        raise BadImageError(f"{picture.width}x{picture.height} is above {MAX_PIXELS} pixels")
    return picture


def _pixels(picture: Image.Image, channels: int, bits: int, background: tuple) -> np.ndarray:
    picture.load()
    picture = ImageOps.exif_transpose(picture)
    if picture.mode.startswith("I"):
        image = np.asarray(picture)
        if image.min() < 0 or image.max() > 65535:
            raise BadImageError("32-bit integers outside [0, 65535]")
        image = image[..., None].astype(np.uint16)
        return _expand(image if bits == 16 else _to_eight_bits(image), channels)
    if picture.mode == "F":
        raise BadImageError("floating point pixels; give such images as uint16 arrays")
    if _has_alpha(picture) and channels in (1, 3):
        picture = picture.convert("RGBA")
        under = Image.new("RGBA", picture.size, (*background, 255))
        picture = Image.alpha_composite(under, picture)
    image = np.asarray(picture.convert(MODES[channels]))
    image = image.reshape(*image.shape[:2], channels)
    return image.astype(np.uint16) * np.uint16(257) if bits == 16 else image


def raw_mode(picture: Image.Image) -> str:
    """Return how an unloaded file stores its pixels, in Pillow's notation, such as "RGB;16B"; ""
    for an image that is loaded."""
    tiles = getattr(picture, "tile", ())
    arguments = tiles[0][3] if tiles else ""
    first = arguments[0] if isinstance(arguments, tuple) and arguments else arguments
    return first if isinstance(first, str) else ""


def _is_deep_colour(picture: ImageFile.ImageFile) -> bool:
    if picture.mode.startswith("I"):
        return False
    if picture.format == "PPM":  # its arguments are the mode and the largest value
        arguments = picture.tile[0][3] if picture.tile else ()
        largest = arguments[-1] if isinstance(arguments, tuple) and arguments else 0
        return isinstance(largest, int) and largest > 255
    return picture.format in ("PNG", "TIFF") and ";16" in raw_mode(picture)


def _has_alpha(picture: Image.Image) -> bool:
    return picture.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in picture.info


def _to_eight_bits(image: np.ndarray) -> np.ndarray:
    return ((image.astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8)


def _expand(gray: np.ndarray, channels: int) -> np.ndarray:
    """Repeat gray to colour; add full opacity if alpha is asked for."""
    color = np.repeat(gray, 1 if channels < 3 else 3, axis=-1)
    if channels in (1, 3):
        return color
    opaque = np.full_like(gray, np.iinfo(gray.dtype).max)
    return np.concatenate([color, opaque], axis=-1)
