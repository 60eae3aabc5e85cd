"""Crop and resize on the host, one image at a time, with Pillow's filters.

    area     shrinking by whole numbers: the mean of each block, exact; shrinking otherwise:
             Pillow's box filter (the mean of the pixels whose centres fall in the output pixel);
             enlarging: Lanczos, because a box would repeat pixels
    lanczos  Lanczos-3, widened when shrinking (no aliasing)
    nearest  the pixel whose centre is nearest; for label maps (maps.py), which cannot be averaged

Each channel is resized separately; 16-bit channels in float32, then rounded and clipped. With
`alpha` the last channel is opacity and weights the others, so that hidden colours do not bleed;
arrays of two or four channels need not have alpha, so the default is off.
"""

import numpy as np
from PIL import Image

METHODS = ("area", "lanczos")
CROPS = ("center", "none")


def fit(
    image: np.ndarray, size: tuple[int, int], crop: str, method: str, alpha: bool = False
) -> np.ndarray:
    """Crop and resize an image.

    Args:
      image: [height, width, channels] uint8 or uint16.
      size: (height, width).
      crop: "center" first cuts the longer side to the aspect ratio of size, equally at both ends;
        "none" squeezes the whole image into size.
      method: "area", "lanczos" or "nearest".
      alpha: the last of two or four channels is opacity.

    Returns:
      [*size, channels] of the same dtype.
    """
    channels = image.shape[-1]
    if image.dtype == np.uint8 and channels in ((1, 2, 3, 4) if alpha else (1, 3)):
        picture = Image.fromarray(image[..., 0] if channels == 1 else image)
        return np.asarray(fit_picture(picture, size, crop, method)).reshape(*size, channels)
    dtype = np.uint8 if image.dtype == np.uint8 else np.float32
    planes = [Image.fromarray(np.ascontiguousarray(image[..., c], dtype)) for c in range(channels)]
    fitted = [np.asarray(fit_picture(plane, size, crop, method)) for plane in planes]
    result = np.stack(fitted, axis=-1)
    if image.dtype == np.uint8:
        return result
    return np.clip(np.rint(result), 0, np.iinfo(image.dtype).max).astype(image.dtype)


def fit_picture(picture: Image.Image, size: tuple[int, int], crop: str, method: str) -> Image.Image:
    """Like `fit`, for a Pillow image; alpha, if there is one, weights the colours."""
    height, width = size
    box = _box(picture, size, crop)
    if box != (0, 0, *picture.size):  # not resize(box=...): Lanczos would see outside the box
        picture = picture.crop(box)
    if picture.size == (width, height):
        return picture
    if method == "nearest":
        return picture.resize((width, height), Image.Resampling.NEAREST)
    if method == "area" and height <= picture.height and width <= picture.width:
        if picture.height % height == 0 and picture.width % width == 0:
            return picture.reduce((picture.width // width, picture.height // height))
        return picture.resize((width, height), Image.Resampling.BOX)
    return picture.resize((width, height), Image.Resampling.LANCZOS)


def _box(picture: Image.Image, size: tuple[int, int], crop: str) -> tuple[int, int, int, int]:
    """Return the kept part, (left, top, right, bottom), to the nearest pixel."""
    width, height = picture.size
    if crop == "none":
        return 0, 0, width, height
    kept_height = min(height, max(1, round(width * size[0] / size[1])))
    kept_width = min(width, max(1, round(height * size[1] / size[0])))
    top, left = (height - kept_height) // 2, (width - kept_width) // 2
    return left, top, left + kept_width, top + kept_height
