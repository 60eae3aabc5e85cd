"""Survey of the headers of all images, for what `prepare` was not told: size, channels, bits."""

import collections
import sys
from collections.abc import Callable, Iterable, Sequence

from jaxgan.data.prepare.folders import Source
from jaxgan.data.prepare.write import ImageFormat
from jaxgan.media.image_files import Kind

Size = tuple[int, int]


def stored_format(
    images: Source,
    size: Size | None,
    channels: int | None,
    bits: int | None,
    encoding: str,
    quality: int,
    kinds: Callable[[], Iterable[Kind | Exception]],
) -> ImageFormat:
    """Return the format of every stored image.

    Args:
      size, channels, bits: as requested; None is determined from the images.
      kinds: reads the headers; called only if files leave something open.

    Raises:
      ValueError: mixed sizes and no size given, or a request that the images cannot meet.
    """
    if images.shape is not None and images.dtype is not None:  # arrays: nothing is converted
        if images.medium != "images":
            return ImageFormat(images.shape, str(images.dtype), "zlib")
        height, width, own_channels = images.shape
        natural_bits = 8 * images.dtype.itemsize
        for name, asked, own in (
            ("channels", channels, own_channels),
            ("bits", bits, natural_bits),
        ):
            if asked not in (None, own):
                raise ValueError(f"{name} is {asked}, but the arrays have {own}; leave it out")
        size = size or (height, width)
        return ImageFormat((*size, own_channels), f"uint{natural_bits}", encoding, quality)
    if channels not in (None, 1, 2, 3, 4):
        raise ValueError(
            f"channels is {channels}; image files hold 1, 2, 3 or 4, arrays any number"
        )
    if size is None or channels is None or bits is None:
        found = [kind for kind in kinds() if isinstance(kind, Kind)]
        size = size or only_size(found)
        if channels is None:
            channels = 3 if any(kind.channels >= 3 for kind in found) else 1
            with_alpha = sum(kind.channels in (2, 4) for kind in found)
            if with_alpha:
                print(
                    f"{with_alpha} images have transparent pixels, which are laid on the "
                    f"background; write --channels={channels + 1} to keep them",
                    file=sys.stderr,
                )
        deep = sum(kind.is_deep_colour for kind in found)
        if deep:
            print(
                f"{deep} images have 16-bit colour, of which 8 bits are read; give them as uint16 "
                "arrays (.npz, .h5) to keep all",
                file=sys.stderr,
            )
        bits = bits or (16 if found and all(kind.bits == 16 for kind in found) else 8)
    return ImageFormat((*size, channels), f"uint{bits}", encoding, quality)


def only_size(found: Sequence[Kind]) -> Size:
    """Return the size of all images; ValueError if there are several."""
    sizes = collections.Counter((kind.height, kind.width) for kind in found)
    if not sizes:
        raise ValueError("no image can be read; is this the right folder?")
    if len(sizes) > 1:
        most = ", ".join(f"{h}x{w} ({count:,})" for (h, w), count in sizes.most_common(3))
        raise ValueError(
            f"images have {len(sizes):,} sizes (height x width), such as {most}; write one for "
            "all: --size=128 or --size=HEIGHTxWIDTH"
        )
    return next(iter(sizes))
