"""Waves: sounds of one length, [samples, channels], 16 bits.

A stored value v stands for v / 32768, so that -32768 is -1 and silence is exactly 0. A picture of a
wave is its spectrogram with the wave below (spectrograms.py); its file is a WAV. A sheet of waves
is played as one WAV with the first of each row.
"""

from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from jaxgan.files.atomic import write_bytes
from jaxgan.media.finite import refuse_not_finite
from jaxgan.media.images import distances
from jaxgan.media.labelled import decode, labelled
from jaxgan.media.medium import Batch, Held, Medium, Reel
from jaxgan.media.sounds import wav_bytes, wav_with_pauses
from jaxgan.media.spectrograms import sound_picture

SIZE = (16384,)  # samples
NOUN = "sounds"
AUGMENTS = ()
READS = ("waves",)
PREPARE = "jaxgan prepare FOLDER TARGET --window={0}"
SCALE, LEAST, MOST = 32768, -32768, 32767
PAUSE = 0.2  # seconds of silence between the sounds of a sheet


def facts(data: ConfigDict, held: Held) -> dict[str, Any]:
    """Return the sampling rate of the waves of a data set, from the data set or the config.

    Raises ValueError if the two disagree, or neither says.
    """
    found, asked = held.manifest.get("rate"), data.rate
    if found and asked not in (None, found):
        raise ValueError(
            f"data.rate = {asked}, but {held.directory} has {found} samples per second: prepare "
            f"it with --rate={asked}, or write data.rate = {found}"
        )
    if not (found or asked):
        raise ValueError(
            f"data.rate = None, and {held.directory} does not say it: write the samples per "
            "second, such as 16000"
        )
    return {"rate": found or asked}


def assumed(config: ConfigDict, channels: int, classes: int) -> dict[str, Any]:
    """Return the channels and bits that waves have."""
    return {"channels": 1, "bits": 16}


def medium(data: ConfigDict) -> Medium:
    """Return the medium of a resolved config's section `data`."""
    return waves((*data.size, data.channels), data.rate, len(data.class_names))


def waves(shape: tuple[int, int], rate: int | None = None, num_classes: int = 0) -> Medium:
    """Return the medium of waves [samples, channels].

    rate: samples per second; None if neither files nor pictures are made.
    """
    stored, spec = labelled(shape, jnp.int16, num_classes)
    return Medium(
        stored=stored,
        spec=spec,
        decode=decode,
        to_float=to_float,
        to_stored=to_stored,
        augment=lambda keys, batch: batch,
        suffix=".wav",
        write=partial(write, rate=rate),
        distances=distances,
        pictures=partial(wave_pictures, rate=rate),
        reel=Reel(".wav", partial(one_after_another, rate=rate)),
    )


def to_float(batch: Batch) -> Batch:
    """Return a batch with stored waves as floats in [-1, 1); conditions are unchanged."""
    floats = jax.tree.map(lambda x: x.astype(jnp.float32) / SCALE, batch.sample)
    return batch._replace(sample=floats)


def to_stored(waves: Any) -> Any:
    """Map [-1, 1] to 16 bits, rounded and clipped; NumPy or JAX arrays.

    Raises ValueError for NumPy waves that are not finite; it names the first one.
    """
    refuse_not_finite(waves, "wave")
    xp = jnp if isinstance(waves, jax.Array) else np
    return xp.clip(xp.round(waves * np.float32(SCALE)), LEAST, MOST).astype(np.int16)


def wave_pictures(samples: np.ndarray, rate: int | None) -> np.ndarray:
    """Return a picture of each stored wave [n, samples, channels]: [n, h, w, 3] uint8."""
    floats = samples.astype(np.float32) / SCALE
    return np.stack([sound_picture(wave, known(rate)) for wave in floats])


def write(path: Path, wave: np.ndarray, rate: int | None) -> None:
    """Write one stored wave as a WAV file."""
    write_bytes(path, wav_bytes(wave, known(rate)))


def one_after_another(samples: np.ndarray, columns: int, rate: int | None) -> bytes:
    """Return a WAV file of the first stored wave of each row, with pauses between."""
    return wav_with_pauses(list(samples[::columns]), known(rate), PAUSE)


def known(rate: int | None) -> int:
    if rate is None:
        raise ValueError("data.rate = None: write the samples per second, such as 16000")
    return rate
