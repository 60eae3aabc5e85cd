"""Pictures of sounds: how loud each pitch is over time, and below it the wave itself.

The spectrogram is |STFT|^2 with a Hann window in decibels, 0 dB a sine at full scale, shown from
-80 dB (black) to 0; pitches are evenly spaced in mel, 2595 log10(1 + f / 700), up to half the rate.
"""

import numpy as np

WIDTH, PITCHES, BELOW, MARGIN = 128, 64, 32, 2  # pixels
WINDOW, LEAST = 256, -80.0  # samples; decibels
COLORS = np.array([[0, 0, 4], [81, 18, 124], [183, 55, 121], [252, 137, 97], [252, 253, 191]])
WAVE = (110, 161, 255)


def decibels(samples: np.ndarray, columns: int = WIDTH) -> np.ndarray:
    """Return the spectrum at evenly spaced times: [columns, WINDOW + 1] float64.

    samples: [n] in [-1, 1]; shorter ones are padded with silence. Bin k is at k rate / (2 WINDOW)
      Hz.
    """
    samples = np.pad(samples.astype(np.float64), (0, max(WINDOW - len(samples), 0)))
    starts = np.linspace(0, len(samples) - WINDOW, columns).round().astype(int)
    window = np.hanning(WINDOW + 1)[:-1]
    frames = samples[starts[:, None] + np.arange(WINDOW)] * window
    power = np.abs(np.fft.rfft(frames, 2 * WINDOW)) ** 2 / (window.sum() / 2) ** 2
    return 10 * np.log10(np.maximum(power, 1e-12))


def pitches(rate: int) -> np.ndarray:
    """Return the frequencies [PITCHES] in Hz, evenly spaced in mel, lowest first."""
    highest = 2595 * np.log10(1 + rate / 2 / 700)
    return 700 * (10 ** (np.linspace(0, highest, PITCHES) / 2595) - 1)


def sound_picture(samples: np.ndarray, rate: int) -> np.ndarray:
    """Return the picture of a sound [n, channels] in [-1, 1]: [h, w, 3] uint8, in a white frame.

    Several channels are averaged.
    """
    mono = samples.mean(-1)
    bins = np.arange(WINDOW + 1) * rate / (2 * WINDOW)
    levels = np.stack([np.interp(pitches(rate), bins, frame) for frame in decibels(mono)])
    share = np.clip(1 - levels / LEAST, 0, 1).T[::-1]  # the lowest pitch at the bottom
    picture = np.concatenate([coloured(share), wave_picture(mono)]).round().astype(np.uint8)
    margins = ((MARGIN, MARGIN), (MARGIN, MARGIN), (0, 0))
    return np.pad(picture, margins, constant_values=255)


def coloured(share: np.ndarray) -> np.ndarray:
    """Return numbers [h, w] from 0 to 1 as colours from black to white, [h, w, 3] float64."""
    anchors = np.linspace(0, 1, len(COLORS))
    return np.stack([np.interp(share, anchors, color) for color in COLORS.T], -1)


def wave_picture(samples: np.ndarray) -> np.ndarray:
    """Return the wave [n] as [BELOW, WIDTH, 3]: each column covers its samples' minimum to
    maximum."""
    bounds = np.linspace(0, len(samples), WIDTH + 1).round().astype(int)
    firsts = np.minimum(bounds[:-1], len(samples) - 1)
    lasts = np.maximum(bounds[1:], firsts + 1)
    parts = [samples[a:b] for a, b in zip(firsts, lasts, strict=True)]
    place = lambda value: np.clip(np.round((1 - value) / 2 * (BELOW - 1)), 0, BELOW - 1)
    top, bottom = (np.array([place(f(part)) for part in parts]) for f in (np.max, np.min))
    rows = np.arange(BELOW)[:, None]
    return np.where(((rows >= top) & (rows <= bottom))[..., None], WAVE, COLORS[0])
