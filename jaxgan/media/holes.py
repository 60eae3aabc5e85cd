"""Images, and the same with a hole: what a network learns from that fills holes.

Context encoders (arXiv 1604.07379) and CCGAN (arXiv 1611.06430) play the game of pix2pix with them.
In a Batch an image of the data set is the sample; its condition is the image with a rectangle of
half its height and width filled with gray. In the middle where the image is decoded, which
is what sheets and scores see; at a place that is drawn for each image in training.

To fill a hole of one's own, paint it in this gray, (128, 128, 128), and translate the image.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from jaxgan.media import images, pairs, pixels
from jaxgan.media.augment import Streams, augmented
from jaxgan.media.medium import Batch, Medium, Spec
from jaxgan.media.pixels import DTYPES

SIZE, READS, PREPARE = images.SIZE, images.READS, images.PREPARE


def medium(data: ConfigDict) -> Medium:
    """Return the medium of a resolved config's section `data`."""
    return holes((*data.size, data.channels), data.bits, data.flip, data.random_crop)


def holes(
    shape: tuple[int, int, int], bits: int = 8, flip: bool = False, random_crop: float = 1.0
) -> Medium:
    """Return the medium of images [height, width, channels] and the same with a hole.

    flip, random_crop: as of images.

    Raises ValueError for images too small for one.
    """
    height, width, _ = shape
    if min(height, width) < 4:
        raise ValueError(f"data.size = {height} x {width}: write 4 x 4 or larger")
    of_images = images.images(shape, bits)
    both = lambda dtype: Batch(*2 * [jax.ShapeDtypeStruct(shape, dtype)])
    return of_images._replace(
        stored=both(DTYPES[bits]),
        spec=Spec(*both(jnp.float32)),
        decode=partial(decode, size=(height, width)),
        to_float=pairs.to_float,
        augment=partial(augment, flip=flip, random_crop=random_crop, bits=bits),
    )


def fill(bits: int) -> int:
    """Return the gray of a hole, as stored."""
    return 1 << bits - 1


def decode(record: Any, features: Any, size: tuple[int, int]) -> Batch:
    """Return an image of a data set with these features, and the same with a hole in its middle."""
    image = images.decode(record, features, size).sample
    (h, w), found = size, image.copy()
    top, left = (h - h // 2) // 2, (w - w // 2) // 2
    found[top : top + h // 2, left : left + w // 2] = fill(8 * image.dtype.itemsize)
    return Batch(image, found)


def holed(key: jax.Array, samples: jax.Array, bits: int) -> jax.Array:
    """Return float images [..., h, w, c] with a hole each, at a place drawn uniformly."""
    *leading, h, w, _ = samples.shape
    corners = []
    for name, side in zip(jax.random.split(key), (h, w), strict=True):
        corners.append(jax.random.randint(name, (*leading, 1), 0, side - side // 2 + 1))
    inside = [
        (jnp.arange(side) >= corner) & (jnp.arange(side) < corner + side // 2)
        for side, corner in zip((h, w), corners, strict=True)
    ]
    hole = inside[0][..., :, None, None] & inside[1][..., None, :, None]
    gray = pixels.to_float(np.array(fill(bits), DTYPES[bits]))
    return jnp.where(hole, gray, samples)


def augment(keys: Streams, batch: Batch, flip: bool, random_crop: float, bits: int) -> Batch:
    """Return a batch of floats, mirrored and cropped, with a hole in each result."""
    whole = augmented(keys, batch.sample, flip, random_crop)
    return Batch(whole, holed(keys["hole"], whole, bits))
