"""Pairs of images: a picture, and the source that it should be made from (arXiv 1611.07004).

A data set holds a pair as one array [height, width, channels]: the source's channels first, then
the picture's (`jaxgan prepare A TARGET --pairs=B`). So a pair is cropped, resized and mirrored as
one, and its images stay aligned. In a Batch the picture is the sample, its source the condition.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from jaxgan.media import images, pixels
from jaxgan.media.augment import Streams, augmented
from jaxgan.media.medium import Batch, Held, Medium, Spec
from jaxgan.media.pixels import DTYPES

SIZE = (64, 64)  # height, width
READS = ("pairs", "images")  # images with data.source_channels
PREPARE = "jaxgan prepare A TARGET --pairs=B"


def facts(data: ConfigDict, held: Held) -> dict[str, Any]:
    """Return how many channels of a pair belong to its source, from the data set or the config.

    Raises ValueError if the two disagree, or neither says.
    """
    found, asked = held.manifest.get("source_channels"), data.source_channels
    if found and asked not in (None, found):
        raise ValueError(
            f"data.source_channels = {asked}, but the sources in {held.directory} have {found}: "
            "leave it out"
        )
    if not (found or asked):
        raise ValueError(
            f"data.name = {data.name!r} holds no {data.medium}: make some with `jaxgan prepare A "
            f"TARGET --{data.medium}=B`, or write data.source_channels where its arrays hold both "
            "images"
        )
    return {"source_channels": found or asked}


def assumed(config: ConfigDict, channels: int, classes: int) -> dict[str, Any]:
    """Return the channels of a pair of images with this many channels each."""
    return {"channels": 2 * channels, "source_channels": channels}


def medium(data: ConfigDict) -> Medium:
    """Return the medium of a resolved config's section `data`."""
    shape = (*data.size, data.channels)
    return pairs(shape, data.source_channels, data.bits, data.flip, data.random_crop)


def pairs(
    shape: tuple[int, int, int],
    source_channels: int | None,
    bits: int = 8,
    flip: bool = False,
    random_crop: float = 1.0,
) -> Medium:
    """Return the medium of pairs whose joined arrays are [height, width, channels].

    source_channels: how many of the channels, the first ones, are the source's.
    flip, random_crop: as for images, drawn once for both images of a pair.

    Raises ValueError if no channel is left for the picture, or none is the source's.
    """
    if source_channels is None:
        raise ValueError(
            "data.source_channels = None with data.medium = 'pairs': write how many of the "
            f"{shape[-1]} channels are the source's, or `jaxgan prepare A TARGET --pairs=B`"
        )
    if not 0 < source_channels < shape[-1]:
        raise ValueError(
            f"data.source_channels = {source_channels} of {shape[-1]} channels leaves none for "
            f"{'the picture' if source_channels else 'the source'}: a pair has channels of both"
        )
    size, channels = shape[:2], shape[-1] - source_channels
    of_pictures = images.images((*size, channels), bits)
    both = lambda dtype: Batch(
        jax.ShapeDtypeStruct((*size, channels), dtype),
        jax.ShapeDtypeStruct((*size, source_channels), dtype),
    )
    return of_pictures._replace(
        stored=both(DTYPES[bits]),
        spec=Spec(*both(jnp.float32)),
        decode=partial(decode, size=size, source_channels=source_channels),
        to_float=to_float,
        augment=partial(augment, flip=flip, random_crop=random_crop),
    )


def decode(record: Any, features: Any, size: tuple[int, int], source_channels: int) -> Batch:
    """Return the two images of one record of a data set with these features."""
    joined = images.decode(record, features, size).sample
    return Batch(joined[..., source_channels:], joined[..., :source_channels])


def to_float(batch: Batch) -> Batch:
    """Return a batch of stored pairs as floats in [-1, 1]."""
    return jax.tree.map(pixels.to_float, batch)


def augment(keys: Streams, batch: Batch, flip: bool, random_crop: float) -> Batch:
    """Return a batch of float pairs, mirrored and cropped, both images of a pair alike."""
    joined = jnp.concatenate([batch.condition, batch.sample], -1)
    joined = augmented(keys, joined, flip, random_crop)
    channels = batch.condition.shape[-1]
    return Batch(joined[..., channels:], joined[..., :channels])
