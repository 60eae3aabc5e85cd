"""Crop and resize on the host, one image at a time, with Pillow's filters.

    area     shrinking by whole numbers: the mean of each block, exact; shrinking otherwise:
             Pillow's box filter (the mean of the pixels whose centres fall in the output pixel);
             enlarging: Lanczos, because a box would repeat pixels
    lanczos  Lanczos-3, widened when shrinking (no aliasing)

Each channel is resized on its own; 16-bit channels in float32, rounded and clipped. With `alpha`
the last channel is opacity and weighs the others, so that hidden colours do not bleed; arrays of
two or four channels need not have any, so the default is off.
"""

import numpy as np
from PIL import Image

METHODS = ("area", "lanczos")
CROPS = ("center", "none")


def fit(
    image: np.ndarray, size: tuple[int, int], crop: str, method: str, alpha: bool = False
) -> np.ndarray:
    """Bring an image to size, [height, width, channels] of the same dtype.

    crop "center" first cuts the longer side to the aspect ratio of size, equally on both ends;
    "none" squeezes the whole image into size.
    """
    if crop == "center":
        image = center_crop(image, size)
    return resize(image, size, method, alpha)


def center_crop(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Cut the longer side so that height / width is that of size, to the nearest pixel."""
    height, width = image.shape[:2]
    kept_height = min(height, max(1, round(width * size[0] / size[1])))
    kept_width = min(width, max(1, round(height * size[1] / size[0])))
    top, left = (height - kept_height) // 2, (width - kept_width) // 2
    return image[top : top + kept_height, left : left + kept_width]


def resize(
    image: np.ndarray, size: tuple[int, int], method: str, alpha: bool = False
) -> np.ndarray:
    """Resize [height, width, channels] uint8 or uint16 to size = (height, width)."""
    height, width, channels = image.shape
    if (height, width) == tuple(size):
        return image
    whole = (1, 2, 3, 4) if alpha else (1, 3)
    if image.dtype == np.uint8 and channels in whole:  # Pillow weighs by alpha in LA and RGBA
        picture = Image.fromarray(image[..., 0] if channels == 1 else image)
        return np.asarray(_scale(picture, size, method)).reshape(*size, channels)
    mode = None if image.dtype == np.uint8 else np.float32
    planes = [Image.fromarray(np.asarray(image[..., c], mode)) for c in range(channels)]
    result = np.stack([np.asarray(_scale(plane, size, method)) for plane in planes], axis=-1)
    if image.dtype == np.uint8:
        return result
    return np.clip(np.rint(result), 0, np.iinfo(image.dtype).max).astype(image.dtype)


def _scale(picture: Image.Image, size: tuple[int, int], method: str) -> Image.Image:
    (height, width), (old_width, old_height) = size, picture.size
    shrinks = height <= old_height and width <= old_width
    if method == "area" and shrinks:
        if old_height % height == 0 and old_width % width == 0:
            return picture.reduce((old_width // width, old_height // height))
        return picture.resize((width, height), Image.Resampling.BOX)
    return picture.resize((width, height), Image.Resampling.LANCZOS)
