"""Images, and the same with a hole in the middle: what inpainting learns from (arXiv 1604.07379).

In a Batch an image of the data set is the sample; its condition is the image whose middle, half of
either side, is gray. The data set is one of single images, of which labels are left aside. Holes
are made where images are decoded and, again, where they become floats: whatever is in the middle of
an image that is translated, the network does not see it.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from jaxgan.media import images, pixels
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
    """
    of_images = images.images(shape, bits)
    both = lambda dtype: Batch(*2 * [jax.ShapeDtypeStruct(shape, dtype)])
    return of_images._replace(
        stored=both(DTYPES[bits]),
        spec=Spec(*both(jnp.float32)),
        decode=partial(decode, size=shape[:2]),
        to_float=to_float,
        augment=partial(augment, flip=flip, random_crop=random_crop),
        show_condition=stored_with_hole,
    )


def with_hole(sample: Any, gray: Any) -> Any:
    """Return images [..., h, w, c] whose middle has one value; numpy or JAX arrays."""
    inside = [np.abs(np.arange(n) - (n - 1) / 2) < n / 4 for n in sample.shape[-3:-1]]
    xp = jnp if isinstance(sample, jax.Array) else np
    hole = (inside[0][:, None] & inside[1])[..., None]
    return xp.where(hole, xp.asarray(gray, sample.dtype), sample)


def stored_with_hole(sample: np.ndarray) -> np.ndarray:
    """Return stored images with a hole."""
    return with_hole(sample, np.iinfo(sample.dtype).max // 2)


def decode(record: Any, features: Any, size: tuple[int, int]) -> Batch:
    """Return an image of a data set with these features, and the same with a hole."""
    sample = images.decode(record, features, size).sample
    return Batch(sample, stored_with_hole(sample))


def to_float(batch: Batch) -> Batch:
    """Return a batch of stored images as floats in [-1, 1]; holes are 0."""
    sample, condition = jax.tree.map(pixels.to_float, tuple(batch))
    return Batch(sample, with_hole(condition, 0.0))


def augment(keys: Streams, batch: Batch, flip: bool, random_crop: float) -> Batch:
    """Return a batch of floats, mirrored and cropped, with holes in the result."""
    sample = augmented(keys, batch.sample, flip, random_crop)
    return Batch(sample, with_hole(sample, 0.0))
