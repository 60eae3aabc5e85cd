"""Couples: images of two domains, side by side as one image (CoGAN, arXiv 1606.07536).

From a data set of two domains (domains.py), whose records pair images at random, an example is the
image [height, 2 width, channels] with the first domain's on the left. A generator of couples makes
both images from one draw of its latents; a discriminator judges each half separately. Everything
else treats a couple as an image.

data.size is the size of one half. The halves are cropped and mirrored independently.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from jaxgan.media import domains, images
from jaxgan.media.augment import Streams
from jaxgan.media.medium import Batch, Medium

SIZE, READS, PREPARE = domains.SIZE, domains.READS, domains.PREPARE
facts, assumed = domains.facts, domains.assumed


def medium(data: ConfigDict) -> Medium:
    """Return the medium of a resolved config's section `data`.

    Raises ValueError if the two images differ in their number of channels.
    """
    channels = domains.channels_of_each(data, "the images of a couple are of one kind")
    height, width = data.size
    found = images.images((height, 2 * width, channels), data.bits, len(data.class_names))
    return found._replace(
        decode=partial(decode, size=(height, width)),
        augment=partial(augment, flip=data.flip, random_crop=data.random_crop),
    )


def halves(couples: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Return the images of the first and of the second domain, [..., h, w, c], of couples."""
    width = couples.shape[-2] // 2
    return couples[..., :width, :], couples[..., width:, :]


def decode(record: Any, features: Any, size: tuple[int, int]) -> Batch:
    """Return the couple of one record of a data set of two domains."""
    joined, label = images.decode(record, features, size)
    channels = joined.shape[-1] // 2
    return Batch(np.concatenate([joined[..., :channels], joined[..., channels:]], -2), label)


def augment(keys: Streams, batch: Batch, flip: bool, random_crop: float) -> Batch:
    """Return a batch of floats, each half mirrored and cropped independently."""
    first, second = halves(batch.sample)
    second, first = domains.augment(keys, Batch(second, first), flip, random_crop)
    return batch._replace(sample=jnp.concatenate([first, second], -2))
