"""Clips with poses: each frame is to be made from the stick figure beside it (arXiv 1808.07371).

A data set holds clips [frames, height, 2 width, channels] of films whose left half shows the pose
and whose right half the picture (`jaxgan prepare FILMS TARGET --frames=2`). In a Batch the pictures
are the sample and the poses the condition, both [frames, height, width, channels]. data.size is the
size of the joined clips, with both halves.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from jaxgan.media import clips, pairs
from jaxgan.media.decode import decode_record
from jaxgan.media.medium import Batch, Medium, Spec

SIZE = (2, 64, 128)  # frames, height, width of pose and picture together
AUGMENTS, READS = clips.AUGMENTS, clips.READS
PREPARE, NOUN = clips.PREPARE, clips.NOUN


def medium(data: ConfigDict) -> Medium:
    """Return the medium of a resolved config's section `data`.

    Raises ValueError for a width that cannot be halved.
    """
    frames, height, width = data.size
    if width % 2:
        raise ValueError(
            f"data.size = {data.size} with data.medium = 'posed_clips': write an even width, that "
            f"of pose and picture together, such as {SIZE}"
        )
    return posed_clips((frames, height, width // 2, data.channels), data.flip)


def posed_clips(shape: tuple[int, int, int, int], flip: bool = False) -> Medium:
    """Return the medium of clips whose poses and pictures are [frames, height, width, channels].

    flip: mirror clips in training with probability 1/2, left to right, poses and pictures alike.
    """
    of_pictures = clips.clips(shape)
    both = lambda dtype: Batch(*2 * [jax.ShapeDtypeStruct(shape, dtype)])
    return of_pictures._replace(
        stored=both(jnp.uint8),
        spec=Spec(*both(jnp.float32)),
        decode=decode,
        to_float=pairs.to_float,
        augment=partial(augment, flip=flip),
        show_condition=clips.strips,
    )


def decode(record: Any, features: Any) -> Batch:
    """Return pictures and poses of one record of a data set with these features."""
    joined = decode_record(record[0], features)
    width = joined.shape[-2] // 2
    return Batch(joined[..., width:, :], joined[..., :width, :])


def augment(keys: Any, batch: Batch, flip: bool) -> Batch:
    """Return a batch of floats, mirrored with probability 1/2 if `flip`, poses and pictures
    alike."""
    joined = jnp.concatenate([batch.condition, batch.sample], -1)
    joined = clips.augment(keys, Batch(joined), flip).sample
    channels = batch.condition.shape[-1]
    return Batch(joined[..., channels:], joined[..., :channels])
