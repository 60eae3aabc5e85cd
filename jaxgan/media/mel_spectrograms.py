"""Mel spectrograms of waves as MelGAN's authors define them (arXiv 1910.06711), and their inverse.

    M = log10(max(|S| F, 1e-5))        [frames, bins]

S is the short-time Fourier transform with a Hann window of four hops. The wave is extended at both
ends by one and a half hops of reflection, so that a wave of n hops has n frames. F are triangles
over frequency, one per bin, whose corners are evenly spaced in mel from 0 to half the sampling
rate; each is scaled to an area of 1 over the frequencies in Hz. The mel scale is Slaney's (Auditory
Toolbox, 1998), linear below 1,000 Hz and logarithmic above, not HTK's 2595 log10(1 + f / 700). The
scale and the areas are librosa's defaults.

The authors use 22,050 samples per second, a hop of 256 (so a window of 1,024) and 80 bins.

The inverse, without training: the pseudo-inverse of F gives magnitudes (negative ones are set to
0), and the Griffin-Lim algorithm (griffin_lim.py) a wave for them.
"""

from functools import lru_cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.media.griffin_lim import waves_of

FLOOR, SILENCE = 1e-5, -5.0  # of a magnitude; its logarithm
OVERLAP = 4  # hops in a window
ROUNDS = 60
LINEAR, BREAK, STEP = 200 / 3, 1000.0, np.log(6.4) / 27  # Hz per mel; Hz; logarithm per mel


class Mel(NamedTuple):
    """rate: samples per second. hop: samples from one frame to the next. bins: number of frequency
    bins.
    """

    rate: int
    hop: int = 256
    bins: int = 80


def to_mel(hertz: Any) -> np.ndarray:
    """Return frequencies in Slaney's mel.

    >>> to_mel([0, 500, 1000, 6400]).tolist()
    [0.0, 7.5, 15.0, 42.0]
    """
    hertz = np.asarray(hertz, float)
    above = BREAK / LINEAR + np.log(np.maximum(hertz, BREAK) / BREAK) / STEP
    return np.where(hertz < BREAK, hertz / LINEAR, above)


def to_hertz(mel: Any) -> np.ndarray:
    """Return frequencies in Hz; the inverse of `to_mel`."""
    mel = np.asarray(mel, float)
    above = BREAK * np.exp(STEP * (mel - BREAK / LINEAR))
    return np.where(mel < BREAK / LINEAR, mel * LINEAR, above)


def corners(mel: Mel) -> np.ndarray:
    """Return where the bins begin, peak and end, in Hz: bin i at places i, i + 1 and i + 2."""
    return to_hertz(np.linspace(0, to_mel(mel.rate / 2), mel.bins + 2))


def most_bins(mel: Mel) -> int:
    """Return the largest number of bins, mel.bins at most, that all hold a frequency."""
    spacing = mel.rate / (OVERLAP * mel.hop)

    def are_filled(bins: int) -> bool:
        places = corners(mel._replace(bins=bins)) / spacing
        return bool((np.floor(places[:-2]) + 1 < places[2:]).all())

    frequencies = OVERLAP * mel.hop // 2 + 1
    return next(n for n in range(min(mel.bins, frequencies), 0, -1) if are_filled(n))


@lru_cache
def filters(mel: Mel) -> np.ndarray:
    """Return F [2 hop + 1 frequencies, bins] float32."""
    frequencies = np.linspace(0, mel.rate / 2, OVERLAP * mel.hop // 2 + 1)
    places = corners(mel)
    low, middle, high = places[:-2], places[1:-1], places[2:]
    up = (frequencies[:, None] - low) / (middle - low)
    down = (high - frequencies[:, None]) / (high - middle)
    return (np.maximum(0, np.minimum(up, down)) * 2 / (high - low)).astype(np.float32)


def hann(mel: Mel) -> np.ndarray:
    """Return the window [4 hop] float32, periodic: the sample that would repeat the first is left
    out."""
    return np.hanning(OVERLAP * mel.hop + 1)[:-1].astype(np.float32)


def log_mels(waves: Any, mel: Mel) -> Any:
    """Return M [..., n, bins] float32 of waves [..., n hop] in [-1, 1]; NumPy or JAX arrays.

    Raises ValueError unless the waves are a whole number of hops long, at least two.
    """
    t, hop = waves.shape[-1], mel.hop
    if t % hop or t < 2 * hop or hop % 2:
        raise ValueError(
            f"waves of {t} samples with a hop of {hop}: give a multiple of an even hop, two or more"
        )
    xp = jnp if isinstance(waves, jax.Array) else np
    edge = (OVERLAP - 1) * hop // 2
    around = [(0, 0)] * (waves.ndim - 1) + [(edge, edge)]
    spectra = transform(xp.pad(waves, around, mode="reflect"), mel)
    loud = xp.abs(spectra).astype(xp.float32) @ xp.asarray(filters(mel))
    return xp.log10(xp.maximum(loud, np.float32(FLOOR)))


def transform(padded: Any, mel: Mel) -> Any:
    """Return the spectra [..., n, 2 hop + 1] of waves [..., (n + 3) hop]."""
    xp = jnp if isinstance(padded, jax.Array) else np
    parts = padded.reshape(*padded.shape[:-1], -1, mel.hop)
    n = parts.shape[-2] - OVERLAP + 1
    frames = xp.concatenate([parts[..., i : i + n, :] for i in range(OVERLAP)], -1)
    return xp.fft.rfft(frames * xp.asarray(hann(mel)).reshape((1,) * (frames.ndim - 1) + (-1,)))


def inverse(spectra: jax.Array, mel: Mel) -> jax.Array:
    """Return the waves [..., (n + 3) hop] whose spectra are closest to [..., n, 2 hop + 1] by least
    squares."""
    window = jnp.asarray(hann(mel)).reshape((1,) * (spectra.ndim - 1) + (-1,))
    frames = jnp.fft.irfft(spectra, OVERLAP * mel.hop) * window
    squares = jnp.broadcast_to(jnp.square(window), frames.shape)
    return added(frames, mel) / jnp.maximum(added(squares, mel), 1e-3)


def added(frames: jax.Array, mel: Mel) -> jax.Array:
    """Return the overlapped sum of frames [..., n, 4 hop], each one hop after the one before."""
    total: Any = 0.0
    for i in range(OVERLAP):
        part = frames[..., i * mel.hop : (i + 1) * mel.hop]
        around = [(0, 0)] * (frames.ndim - 2) + [(i, OVERLAP - 1 - i), (0, 0)]
        total = total + jnp.pad(part, around)
    return total.reshape(*total.shape[:-2], -1)


@partial(jax.jit, static_argnames=("mel", "rounds"))
def griffin_lim(mels: jax.Array, mel: Mel, rounds: int = ROUNDS) -> jax.Array:
    """Return waves [b, n hop, 1] whose mel spectrograms are close to mels [b, n, bins]."""
    back = np.linalg.pinv(filters(mel).astype(np.float64)).astype(np.float32)
    sizes = jnp.maximum(10.0**mels @ jnp.asarray(back), 0.0)
    found = waves_of(sizes, partial(transform, mel=mel), partial(inverse, mel=mel), rounds)
    edge = (OVERLAP - 1) * mel.hop // 2
    return found[:, edge:-edge, None]
