"""Two domains of images, of which the first has labels (domain adaptation, arXiv 1505.07818).

`jaxgan prepare A TARGET --domains=B`, where A has a sub-folder for each class, pairs the images of
the two folders at random, one pair per record (domains.py). The label of a record is the label of
its image from A. Labels of B are neither read nor stored.

In a Batch the sample is `Domains(source, target)`, the condition is the label of the source. Both
images have the same size, channels and range, and pass through the same `to_float`. Each is cropped
and mirrored independently.
"""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from jaxgan.media import domains, images
from jaxgan.media.augment import Streams
from jaxgan.media.medium import Batch, Label, Medium, Spec
from jaxgan.media.pixels import DTYPES, to_stored

SIZE, READS, PREPARE = domains.SIZE, domains.READS, domains.PREPARE
facts, assumed = domains.facts, domains.assumed


class Domains(NamedTuple):
    """An image of each domain: leaves [..., height, width, channels]."""

    source: Any
    target: Any


def medium(data: ConfigDict) -> Medium:
    """Return the medium of a resolved config's section `data`.

    Raises ValueError if the two images differ in their number of channels.
    """
    why = "a classifier of both domains takes images of one kind"
    channels, size = domains.channels_of_each(data, why), tuple(data.size)
    of_images = images.images((*size, channels), data.bits)
    both = lambda dtype: Domains(*2 * [jax.ShapeDtypeStruct((*size, channels), dtype)])
    return of_images._replace(
        stored=Batch(both(DTYPES[data.bits]), jax.ShapeDtypeStruct((), jnp.int32)),
        spec=Spec(both(jnp.float32), Label(len(data.class_names))),
        decode=partial(decode, size=size, source_channels=channels),
        to_stored=lambda samples: jax.tree.map(partial(to_stored, bits=data.bits), samples),
        augment=partial(augment, flip=data.flip, random_crop=data.random_crop),
    )


def decode(record: Any, features: Any, size: tuple[int, int], source_channels: int) -> Batch:
    """Return the two images of a record, and the label of the first."""
    joined, label = images.decode(record, features, size)
    return Batch(Domains(joined[..., :source_channels], joined[..., source_channels:]), label)


def augment(keys: Streams, batch: Batch, flip: bool, random_crop: float) -> Batch:
    """Return a batch of floats, each image mirrored and cropped independently."""
    source, target = batch.sample
    target, source = domains.augment(keys, Batch(target, source), flip, random_crop)
    return batch._replace(sample=Domains(source, target))
