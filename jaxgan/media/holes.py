"""Images, and the same images with a hole in the middle, for inpainting (arXiv 1604.07379).

In a Batch the sample is an image of the data set; the condition is the same image with a gray
middle, half as high and half as wide. The data set holds single images; their labels are ignored.
Holes are cut when images are decoded and again when they become floats: the network never sees the
middle of an image that is translated, whatever it contains.
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
    """Return the medium of images [height, width, channels] and the same images with a hole.

    flip, random_crop: as for images.
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
    """Return images [..., h, w, c] whose middle has the value `gray`; NumPy or JAX arrays."""
    inside = [np.abs(np.arange(n) - (n - 1) / 2) < n / 4 for n in sample.shape[-3:-1]]
    xp = jnp if isinstance(sample, jax.Array) else np
    hole = (inside[0][:, None] & inside[1])[..., None]
    return xp.where(hole, xp.asarray(gray, sample.dtype), sample)


def stored_with_hole(sample: np.ndarray) -> np.ndarray:
    """Return stored images with a hole."""
    return with_hole(sample, np.iinfo(sample.dtype).max // 2)


def decode(record: Any, features: Any, size: tuple[int, int]) -> Batch:
    """Return an image of a data set with these features, and the same image with a hole."""
    sample = images.decode(record, features, size).sample
    return Batch(sample, stored_with_hole(sample))


def to_float(batch: Batch) -> Batch:
    """Return a batch of stored images as floats in [-1, 1]; holes are 0."""
    sample, condition = jax.tree.map(pixels.to_float, tuple(batch))
    return Batch(sample, with_hole(condition, 0.0))


def augment(keys: Streams, batch: Batch, flip: bool, random_crop: float) -> Batch:
    """Return a batch of floats, mirrored and cropped, and holes cut into the result."""
    sample = augmented(keys, batch.sample, flip, random_crop)
    return Batch(sample, with_hole(sample, 0.0))
