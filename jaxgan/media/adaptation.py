"""Two domains of images, of which the first has labels (domain adaptation, arXiv 1505.07818).

`jaxgan prepare A TARGET --domains=B`, with a sub-folder of A for each class, joins the images of
two folders by lot, one record each (domains.py). The label of a record is that of its image of A.
Labels of B are read by nobody and are in no data set.

In a Batch the sample is `Domains(source, target)`, the condition the label of the source. Both
images have the same size, channels and range: they pass the same `to_float`. Each is cut and
mirrored by a draw of its own.
"""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from jaxgan.media import domains, images, pixels
from jaxgan.media.augment import Streams, augmented
from jaxgan.media.domains import Side
from jaxgan.media.medium import Batch, Label, Medium, Spec
from jaxgan.media.pixels import DTYPES, to_stored

SIZE, READS, PREPARE = domains.SIZE, domains.READS, domains.PREPARE
facts, assumed = domains.facts, domains.assumed


class Domains(NamedTuple):
    """An image of either domain: leaves [..., height, width, channels]."""

    source: Any
    target: Any


def medium(data: ConfigDict) -> Medium:
    """Return the medium of a resolved config's section `data`.

    Raises ValueError where the two images have not the same number of channels.
    """
    channels, sources = data.channels, data.source_channels
    if sources is None or 2 * sources != channels:
        raise ValueError(
            f"data.source_channels = {sources} of {channels} channels: a classifier of both "
            "domains takes images of one kind: write `jaxgan prepare A TARGET --domains=B "
            "--channels=3` (or 1)"
        )
    size = tuple(data.size)
    of_images = images.images((*size, sources), data.bits)
    both = lambda dtype: Domains(*2 * [jax.ShapeDtypeStruct((*size, sources), dtype)])
    return Medium(
        stored=Batch(both(DTYPES[data.bits]), jax.ShapeDtypeStruct((), jnp.int32)),
        spec=Spec(both(jnp.float32), Label(len(data.class_names))),
        decode=partial(decode, size=size, source_channels=sources),
        to_float=to_float,
        to_stored=lambda samples: jax.tree.map(partial(to_stored, bits=data.bits), samples),
        augment=partial(augment, flip=data.flip, random_crop=data.random_crop),
        sheet=of_images.sheet,
        suffix=of_images.suffix,
        write=of_images.write,
        distances=of_images.distances,
    )


def decode(record: Any, features: Any, size: tuple[int, int], source_channels: int) -> Batch:
    """Return the two images of a record, and the label of the first."""
    joined, label = images.decode(record, features, size)
    return Batch(Domains(joined[..., :source_channels], joined[..., source_channels:]), label)


def to_float(batch: Batch) -> Batch:
    """Return a batch of stored images as floats in [-1, 1]; labels stay as they are."""
    return batch._replace(sample=jax.tree.map(pixels.to_float, batch.sample))


def augment(keys: Streams, batch: Batch, flip: bool, random_crop: float) -> Batch:
    """Return a batch of floats, each image mirrored and cropped by a draw of its own."""
    source, target = batch.sample
    return batch._replace(
        sample=Domains(
            augmented(Side(keys, "condition"), source, flip, random_crop),
            augmented(Side(keys, "sample"), target, flip, random_crop),
        )
    )
