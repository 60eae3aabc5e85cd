"""Images, and the same images in low resolution, for super-resolution (arXiv 1609.04802).

In a Batch the sample is an image of the data set; the condition is the image with sides shrunk by
the factor `data.scale` (bicubic.py) and rounded to what a file would hold. The data set holds
single images; their labels are ignored. The small image is made when the large one is decoded, and
again on the device after cropping and mirroring.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from jaxgan.media import images, pairs, pixels
from jaxgan.media.augment import Streams, augmented
from jaxgan.media.bicubic import resized
from jaxgan.media.medium import Batch, Medium, Spec
from jaxgan.media.pixels import DTYPES, to_stored

SIZE, READS, PREPARE = images.SIZE, images.READS, images.PREPARE
SCALES = (2, 4, 8)


def medium(data: ConfigDict) -> Medium:
    """Return the medium of a resolved config's section `data`."""
    shape = (*data.size, data.channels)
    return low_resolution(shape, data.scale, data.bits, data.flip, data.random_crop)


def low_resolution(
    shape: tuple[int, int, int],
    scale: int = 4,
    bits: int = 8,
    flip: bool = False,
    random_crop: float = 1.0,
) -> Medium:
    """Return the medium of images [height, width, channels] and the same at 1 / scale of the size.

    flip, random_crop: as for images.

    Raises ValueError for a scale that is not one of SCALES or does not divide the sides.
    """
    height, width, channels = shape
    if scale not in SCALES:
        raise ValueError(f"data.scale = {scale}: write one of {', '.join(map(str, SCALES))}")
    if height % scale or width % scale:
        raise ValueError(
            f"data.scale = {scale} does not divide data.size = {height} x {width}: write a size "
            "that it divides"
        )
    of_images = images.images(shape, bits)
    both = lambda dtype: Batch(
        jax.ShapeDtypeStruct(shape, dtype),
        jax.ShapeDtypeStruct((height // scale, width // scale, channels), dtype),
    )
    return of_images._replace(
        stored=both(DTYPES[bits]),
        spec=Spec(*both(jnp.float32)),
        decode=partial(decode, size=(height, width), scale=scale, bits=bits),
        to_float=pairs.to_float,
        augment=partial(augment, flip=flip, random_crop=random_crop, scale=scale, bits=bits),
    )


def shrunk(large: Any, scale: int, bits: int) -> Any:
    """Return float images [..., h, w, c] in [-1, 1] as stored images with sides of 1 / scale."""
    height, width = large.shape[-3:-1]
    return to_stored(resized(large, (height // scale, width // scale)), bits)


def decode(record: Any, features: Any, size: tuple[int, int], scale: int, bits: int) -> Batch:
    """Return an image of a data set with these features, and the small one."""
    large = images.decode(record, features, size).sample
    return Batch(large, shrunk(pixels.to_float(large), scale, bits))


def augment(
    keys: Streams, batch: Batch, flip: bool, random_crop: float, scale: int, bits: int
) -> Batch:
    """Return a batch of floats, mirrored and cropped, with small images made from the result."""
    if not flip and random_crop == 1:
        return batch
    large = augmented(keys, batch.sample, flip, random_crop)
    return Batch(large, pixels.to_float(shrunk(large, scale, bits)))
