"""Log spectrograms of waves, for networks that make images (SpecGAN, arXiv 1802.04208).

A wave of n^2 samples becomes n times n numbers: the short-time Fourier transform with a Hann window
of 2 n samples and a hop of n, with silence after the last sample, without the highest frequency.
For 16,384 samples: a window of 256, 128 frames, 128 frequencies. Networks see

    x = (log(|S| + data.floor) - m) / r        in [-1, 1]

where m and r follow from the possible range of |S|: 0 to the window's sum. The floor, 1e-6 in the
paper, determines what counts as silence: if much of a recording is digital silence, a higher floor
leaves more of the range to audible sound. A wave is recovered by 16 rounds of the Griffin-Lim
algorithm (griffin_lim.py). Records, files, pictures and players are from waves.py: what is stored
is the sound.

Deviation: the paper normalises each frequency by its mean and three standard deviations over the
data, and clips. Here all frequencies have one scale, which needs no data and loses nothing.
"""

import math
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from jaxgan.media import waves
from jaxgan.media.griffin_lim import waves_of
from jaxgan.media.medium import Batch, Medium

SIZE, AUGMENTS, READS, PREPARE = waves.SIZE, waves.AUGMENTS, waves.READS, waves.PREPARE
facts, assumed, NOUN = waves.facts, waves.assumed, waves.NOUN
FLOOR, ROUNDS = 1e-6, 16


def medium(data: ConfigDict) -> Medium:
    """Return the medium of a resolved config's section `data`: waves, seen as spectrograms."""
    sounds = waves.medium(data)
    (samples, channels), side = sounds.stored.sample.shape, math.isqrt(data.size[0])
    if side * side != samples or side < 4 or channels != 1:
        raise ValueError(
            f"data.size = {data.size} of {channels} channels with data.medium = "
            "'log_spectrograms': write a square number of samples of one, such as (4096,) or "
            "(16384,)"
        )
    seen = jax.ShapeDtypeStruct((side, side, 1), jnp.float32)
    return sounds._replace(
        spec=sounds.spec._replace(sample=seen),
        to_float=partial(to_float, floor=data.floor),
        to_stored=partial(to_stored, floor=data.floor),
    )


def to_float(batch: Batch, floor: float = FLOOR) -> Batch:
    """Return a batch of stored waves as log spectrograms; labels are unchanged."""
    floats = waves.to_float(batch)
    return floats._replace(sample=spectrograms(floats.sample, floor))


def to_stored(samples: Any, floor: float = FLOOR) -> Any:
    """Return log spectrograms [n, time, frequency, 1] as stored waves; numpy or JAX arrays."""
    found = sounds_of(jnp.asarray(samples), floor)
    return waves.to_stored(found if isinstance(samples, jax.Array) else np.asarray(found))


def spectrograms(sounds: jax.Array, floor: float = FLOOR) -> jax.Array:
    """Return the log spectrograms [..., n, n, 1] of waves [..., n^2, 1], in [-1, 1]."""
    spectra = transform(sounds[..., 0], math.isqrt(sounds.shape[-2]))[..., :-1]
    middle, reach = scale(spectra.shape[-1], floor)
    return ((jnp.log(jnp.abs(spectra) + floor) - middle) / reach)[..., None]


@partial(jax.jit, static_argnames=("floor", "rounds"))
def sounds_of(samples: jax.Array, floor: float = FLOOR, rounds: int = ROUNDS) -> jax.Array:
    """Return waves [b, n^2, 1] whose log spectrograms are close to samples [b, n, n, 1]."""
    n = samples.shape[1]
    middle, reach = scale(n, floor)
    sizes = jnp.exp(samples[..., 0] * reach + middle) - floor
    sizes = jnp.pad(jnp.maximum(sizes, 0.0), ((0, 0), (0, 0), (0, 1)))  # of the highest frequency
    found = waves_of(sizes, partial(transform, n=n), partial(inverse, n=n), rounds)
    return found[..., None]


def scale(n: int, floor: float) -> tuple[float, float]:
    """Return the middle, and half the width, of the range of log(|S| + floor) with windows of 2 n
    samples."""
    low, high = math.log(floor), math.log(window(n).sum() + floor)
    return (low + high) / 2, (high - low) / 2


def window(n: int) -> np.ndarray:
    """Return the Hann window of 2 n samples; two copies that overlap by half add up to 1."""
    return np.hanning(2 * n + 1)[:-1].astype(np.float32)


def transform(sounds: jax.Array, n: int) -> jax.Array:
    """Return the spectra [..., t / n, n + 1] of waves [..., t], with a hop of n samples."""
    parts = sounds.reshape(*sounds.shape[:-1], -1, n)
    following = jnp.concatenate([parts[..., 1:, :], jnp.zeros_like(parts[..., :1, :])], -2)
    frames = jnp.concatenate([parts, following], -1)
    shape = (1,) * (frames.ndim - 1)
    return jnp.fft.rfft(frames * jnp.asarray(window(n)).reshape(*shape, -1))


def inverse(spectra: jax.Array, n: int) -> jax.Array:
    """Return the waves [..., t] whose spectra are closest to [..., t / n, n + 1] by least
    squares."""
    shape = (1,) * (spectra.ndim - 1)
    w = jnp.asarray(window(n)).reshape(*shape, -1)
    frames = jnp.fft.irfft(spectra, 2 * n) * w
    first, second = frames[..., :n], frames[..., n:]
    before = jnp.concatenate([jnp.zeros_like(second[..., :1, :]), second[..., :-1, :]], -2)
    squares = jnp.square(w)
    # Nothing overlaps with the start of the first window, and its first sample has weight 0.
    alone = jnp.arange(spectra.shape[-2]).reshape(*shape[:-1], -1, 1) == 0
    total = squares[..., :n] + jnp.where(alone, 0.0, squares[..., n:])
    sounds = (first + before) / jnp.maximum(total, 1e-3)
    return sounds.reshape(*sounds.shape[:-2], -1)
