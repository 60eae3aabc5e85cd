"""Next frames: the condition is the first frames of a clip, the sample is the frames after them.

Another view of prepared clips (`jaxgan prepare FOLDER TARGET --frames=N`), N = data.size[0]: the
first `data.context` frames are given, the others are to be predicted. Labels are ignored. Both
parts are clips, [frames, height, width, channels], stored as uint8.

A picture shows the frames of a sample side by side, and above them as many of the last given
frames; if there are fewer, the first one is repeated in front.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from jaxgan.media import clips, pairs
from jaxgan.media.augment import Streams
from jaxgan.media.decode import decode_record
from jaxgan.media.medium import Batch, Medium, Spec

SIZE, AUGMENTS = clips.SIZE, clips.AUGMENTS
READS, PREPARE, NOUN, facts = clips.READS, clips.PREPARE, clips.NOUN, clips.facts


def medium(data: ConfigDict) -> Medium:
    """Return the medium of a resolved config's section `data`."""
    of_clips = clips.medium(data)
    frames, context = data.size[0], data.context
    if not 0 < context < frames:
        raise ValueError(
            f"data.context = {context} of clips of {frames} frames: write 1 to {frames - 1}"
        )
    return next_frames(of_clips.stored.sample.shape, context, data.flip)


def next_frames(shape: tuple[int, ...], context: int, flip: bool = False) -> Medium:
    """Return the medium of clips [frames, height, width, channels] of which `context` frames are
    given.

    flip: mirror clips in training with probability 1/2, left to right.
    """
    frames, *rest = shape
    both = lambda dtype: Batch(
        jax.ShapeDtypeStruct((frames - context, *rest), dtype),
        jax.ShapeDtypeStruct((context, *rest), dtype),
    )
    return clips.clips(shape)._replace(
        stored=both(jnp.uint8),
        spec=Spec(*both(jnp.float32)),
        decode=partial(decode, context=context),
        to_float=pairs.to_float,
        augment=partial(augment, flip=flip),
        show_condition=partial(shown, count=frames - context),
        guess=partial(guess, count=frames - context),
    )


def decode(record: Any, features: Any, context: int) -> Batch:
    """Return the two parts of one record of a data set of clips with these features."""
    clip = decode_record(record[0], features)
    return Batch(clip[context:], clip[:context])


def augment(keys: Streams, batch: Batch, flip: bool) -> Batch:
    """Return a batch of float clips; given and following frames of a clip are mirrored together."""
    if not flip:
        return batch
    whole = jnp.concatenate([batch.condition, batch.sample], -4)
    mirrored = clips.augment(keys, Batch(whole), flip).sample
    context = batch.condition.shape[-4]
    return Batch(mirrored[..., context:, :, :, :], mirrored[..., :context, :, :, :])


def guess(conditions: np.ndarray, count: int) -> np.ndarray:
    """Repeat the last given frame of [n, k, h, w, c] `count` times: [n, count, h, w, c]."""
    return np.repeat(np.asarray(conditions)[:, -1:], count, 1)


def shown(conditions: np.ndarray, count: int) -> np.ndarray:
    """Return given frames [n, k, h, w, c] as a strip that is as long as one of `count` frames."""
    missing = max(count - conditions.shape[1], 0)
    padded = np.concatenate([np.repeat(conditions[:, :1], missing, 1), conditions], 1)
    return clips.strips(padded[:, -count:])
