"""Waves and their mel spectrograms, for vocoders (MelGAN, arXiv 1910.06711).

In a Batch the sample is a wave of the data set, the condition its mel spectrogram
(mel_spectrograms.py) [frames, bins] float32. The data set holds waves (`jaxgan prepare FOLDER
TARGET --window=N`); their labels are ignored. The spectrogram is computed when the wave is decoded,
and again on the device after its loudness was changed: in training each wave is multiplied by
0.95 U(0.3, 1). With --normalise=peak, which scales each file's largest sample to 1, this is the
authors' range.

Sound files that are translated keep their loudness. Their sampling rate must be the training's:
any other would shift every pitch, and is refused.
"""

from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from jaxgan.files import limits
from jaxgan.files.errors import one_line
from jaxgan.media import waves
from jaxgan.media.augment import Streams
from jaxgan.media.decode import decode_record
from jaxgan.media.medium import Batch, Medium, Spec
from jaxgan.media.mel_spectrograms import SILENCE, Mel, log_mels, most_bins
from jaxgan.media.sounds import inspect_sound, read_sound
from jaxgan.media.spectrograms import coloured

SIZE, AUGMENTS, READS, PREPARE = waves.SIZE, waves.AUGMENTS, waves.READS, waves.PREPARE
facts, assumed, NOUN = waves.facts, waves.assumed, waves.NOUN
LOUDNESS = (0.3 * 0.95, 0.95)  # peak of a wave in training
LOUD = 1.5  # shown as white in a picture


def medium(data: ConfigDict) -> Medium:
    """Return the medium of a resolved config's section `data`.

    Raises ValueError for waves that are not a whole number of hops, or have several channels, and
    for bins without a frequency.
    """
    sounds, (samples,), hop = waves.medium(data), data.size, data.hop
    if data.channels != 1:
        raise ValueError(
            f"data.medium = 'mels' with {data.channels} channels: prepare sounds of one"
        )
    if hop % 2 or samples % hop or samples < 2 * hop:
        raise ValueError(
            f"data.hop = {hop}: write an even number that goes into data.size = {samples}, twice "
            "or more"
        )
    mel = settings(data)
    most = most_bins(mel)
    if mel.bins > most:
        raise ValueError(
            f"data.mel_bins = {mel.bins}: with data.hop = {hop} and {mel.rate} samples per second "
            f"some hold no frequency: write {most} or less, or a larger data.hop"
        )
    return mels(sounds, mel)


def settings(data: ConfigDict) -> Mel:
    """Return the settings of the spectrograms of a config's data."""
    return Mel(waves.known(data.rate), data.hop, data.mel_bins)


def mels(sounds: Medium, mel: Mel) -> Medium:
    """Return the medium of waves [samples, 1] with their mel spectrograms [samples / hop, bins]."""
    frames = sounds.stored.sample.shape[0] // mel.hop
    condition = jax.ShapeDtypeStruct((frames, mel.bins), jnp.float32)
    return sounds._replace(
        stored=Batch(sounds.stored.sample, condition),
        spec=Spec(sounds.spec.sample, condition),
        decode=partial(decode, mel=mel),
        to_float=waves.to_float,
        augment=partial(augment, mel=mel),
        show_condition=mel_pictures,
        silence=SILENCE,
    )


def decode(record: Any, features: Any, mel: Mel) -> Batch:
    """Return the wave of one record of a data set with these features, and its spectrogram."""
    wave = decode_record(record[0], features)
    return Batch(wave, log_mels(wave[..., 0].astype(np.float32) / waves.SCALE, mel))


def augment(keys: Streams, batch: Batch, mel: Mel) -> Batch:
    """Return a batch of floats, each wave at its own random loudness, with its spectrogram."""
    shape, (least, most) = batch.sample.shape[:-2], LOUDNESS
    gains = jax.random.uniform(keys["loudness"], shape, minval=least, maxval=most)
    wave = batch.sample * gains[..., None, None]
    return Batch(wave, log_mels(wave[..., 0], mel))


def sound(path: Path, mel: Mel) -> np.ndarray:
    """Return the wave of a sound file, [samples] float32, averaged over channels.

    Raises ValueError for a file whose rate differs from the training's, or that cannot be read.
    """
    refuse_rate(path, mel)
    try:
        return read_sound(path).mean(1)
    except (ValueError, OSError) as error:
        limits.pass_on(error)
        raise ValueError(f"{path} cannot be read ({one_line(error)}): remove it") from error


def refuse_rate(path: Path, mel: Mel) -> None:
    """Raise ValueError for a sound file of another sampling rate."""
    rate = inspect_sound(path).rate
    if rate != mel.rate:
        raise ValueError(
            f"{path} has {rate} samples per second, the training had {mel.rate}: resample the file"
        )


def padded(wave: np.ndarray, mel: Mel) -> np.ndarray:
    """Return a wave [samples] padded with silence to a whole number of hops, at least two."""
    frames = max(-(-len(wave) // mel.hop), 2)
    return np.pad(wave, (0, frames * mel.hop - len(wave)))


def mel_pictures(mels: np.ndarray) -> np.ndarray:
    """Return a picture of each spectrogram [n, frames, bins]: [n, bins, frames, 3] uint8, the
    lowest pitch at the bottom."""
    share = np.clip((mels - SILENCE) / (LOUD - SILENCE), 0, 1)
    return np.stack([coloured(part.T[::-1]).round().astype(np.uint8) for part in share])
