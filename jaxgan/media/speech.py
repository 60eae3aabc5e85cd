"""Spoken words with their timing: training data for speech (GAN-TTS, arXiv 1909.11646).

In a Batch the sample is a wave of the data set. Its condition [frames, classes + 1] float32 tells
for every frame of `data.hop` samples which word is being spoken (one-hot) and, last, the position
of the frame within the word, from 0 at its beginning to 1 at its end. In silence all are 0. The
data set holds waves (`jaxgan prepare FOLDER TARGET --window=N`) of one word each, whose class is
its label.

Deviation: the paper's conditions are 567 linguistic features every 5 ms from a text analysis
(phonemes and their lengths, pitch). Here they are the part that a labelled recording provides: the
word, and its beginning and end, between which the wave exceeds a hundredth of its peak.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from jaxgan.media import waves
from jaxgan.media.decode import decode_record
from jaxgan.media.medium import Batch, Medium, Spec
from jaxgan.media.spectrograms import coloured

SIZE, AUGMENTS, READS, PREPARE = waves.SIZE, waves.AUGMENTS, waves.READS, waves.PREPARE
facts, assumed, NOUN = waves.facts, waves.assumed, waves.NOUN
QUIET = 0.01  # of a wave's peak


def medium(data: ConfigDict) -> Medium:
    """Return the medium of a resolved config's section `data`.

    Raises ValueError for waves that are not a whole number of frames, or data without several
    words.
    """
    sounds, (samples,), hop, classes = waves.medium(data), data.size, data.hop, data.class_names
    if samples % hop:
        raise ValueError(f"data.hop = {hop}: write a number that divides data.size = {samples}")
    if len(classes) < 2:
        raise ValueError(
            "data.medium = 'speech' needs words, and the data have one class: prepare a folder "
            "with a sub-folder for each word"
        )
    return speech(sounds, hop, len(classes))


def speech(sounds: Medium, hop: int, classes: int) -> Medium:
    """Return the medium of waves [samples, channels] that say one of `classes` words each."""
    frames = sounds.stored.sample.shape[0] // hop
    condition = jax.ShapeDtypeStruct((frames, classes + 1), jnp.float32)
    return sounds._replace(
        stored=Batch(sounds.stored.sample, condition),
        spec=Spec(sounds.spec.sample, condition),
        decode=partial(decode, hop=hop, classes=classes),
        to_float=waves.to_float,
        show_condition=pictures_of,
    )


def decode(record: Any, features: Any, hop: int, classes: int) -> Batch:
    """Return the wave of one record of a data set with these features, and its condition."""
    wave, frames = decode_record(record[0], features), features.shape[0] // hop
    loud = np.abs(wave.astype(np.float32)).max(1)
    first, last = np.flatnonzero(loud >= QUIET * loud.max())[[0, -1]] // hop
    return Batch(wave, said(int(record[1]), int(first), int(last) + 1, frames, classes))


def said(word: int, begin: int, end: int, frames: int, classes: int) -> np.ndarray:
    """Return the condition [frames, classes + 1] of one word from frame `begin` up to `end`.

    >>> said(1, 1, 4, 5, 2).T.tolist()
    [[0.0, 0.0, 0.0, 0.0, 0.0], [0.0, 1.0, 1.0, 1.0, 0.0], [0.0, 0.0, 0.5, 1.0, 0.0]]
    """
    if not (0 <= word < classes and 0 <= begin < end <= frames):
        raise ValueError(
            f"word {word} from frame {begin} to {end}: write a word from 0 to {classes - 1}, and "
            f"frames of 0 to {frames}"
        )
    found = np.zeros((frames, classes + 1), np.float32)
    found[begin:end, word] = 1
    found[begin:end, -1] = np.linspace(0, 1, end - begin)
    return found


def pictures_of(conditions: np.ndarray) -> np.ndarray:
    """Return a picture of each condition [n, frames, k]: [n, k, frames, 3] uint8."""
    return np.stack([coloured(x.T).round().astype(np.uint8) for x in conditions])
