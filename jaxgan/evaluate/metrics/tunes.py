"""How tunes are composed: the four measures of C-RNN-GAN (arXiv 1611.09904), beside the real ones.

    scale_consistency  share of the notes that lie in one scale, the best of twelve keys in major,
                       natural minor and harmonic minor
    tone_span          semitones from the lowest to the highest note
    polyphony          share of the notes that begin together with another
    repetitions        pairs of equal runs of three notes that do not overlap, ignoring their times
    intervals          total variation distance of the steps from note to note, in semitones, to the
                       reference's: 0 for equal distributions, 1 for no step in common

Each of the first four is the mean over tunes, and is also given as *_real for the reference.
Deviations: the authors' script counts runs of every length; three is one of them. It does not count
notes below a key's first note as part of the key; here a key contains them in every octave.
"""

import numpy as np

from jaxgan.evaluate.metrics.metric import Inputs, Labelled, Metric, Scores, needed
from jaxgan.media import waves

SCALES = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "natural minor": (0, 2, 3, 5, 7, 8, 10),
    "harmonic minor": (0, 2, 3, 5, 7, 8, 11),
}
KEYS = np.zeros((12 * len(SCALES), 12), bool)  # [keys, pitch classes]
for _number, _steps in enumerate(SCALES.values()):
    for _first in range(12):
        KEYS[12 * _number + _first, (np.array(_steps) + _first) % 12] = True
RUN = 3  # notes


def scale_consistency(pitches: np.ndarray) -> float:
    """Return the share of pitches [n] that lie in the key with most of them."""
    return float(KEYS[:, pitches % 12].mean(1).max())


def tone_span(pitches: np.ndarray) -> int:
    """Return the highest of pitches [n] minus the lowest."""
    return int(pitches.max() - pitches.min())


def polyphony(gaps: np.ndarray) -> float:
    """Return the share of notes that begin together with another.

    gaps: [n] times since the previous note began.
    """
    with_before = gaps[1:] == 0
    return float((np.append(with_before, False) | np.append(False, with_before)).mean())


def repetitions(pitches: np.ndarray, run: int = RUN) -> int:
    """Return the number of pairs of equal runs of pitches [n] that do not overlap."""
    if len(pitches) < 2 * run:
        return 0
    runs = np.lib.stride_tricks.sliding_window_view(pitches, run)
    same = (runs[:, None] == runs[None]).all(-1)
    return int(np.triu(same, run).sum())


def interval_shares(tunes: np.ndarray) -> np.ndarray:
    """Return the shares of the steps -127 to 127 from note to note in tunes [n, notes, 4]."""
    steps = np.diff(tunes[:, :, 2], axis=1).ravel()
    return np.bincount(steps + 127, minlength=255) / len(steps)


def measures(tunes: np.ndarray) -> dict[str, float]:
    """Return the first four measures, for stored tunes [n, notes, 4]."""
    mean = lambda values: float(np.mean(list(values)))
    return {
        "scale_consistency": mean(scale_consistency(tune[:, 2]) for tune in tunes),
        "tone_span": mean(tone_span(tune[:, 2]) for tune in tunes),
        "polyphony": mean(polyphony(tune[:, 0]) for tune in tunes),
        "repetitions": mean(repetitions(tune[:, 2]) for tune in tunes),
    }


def compute(inputs: Inputs) -> Scores:
    made, real = (as_stored(needed(x)) for x in (inputs.fake_pixels, inputs.real_pixels))
    values = measures(made)
    values |= {f"{name}_real": value for name, value in measures(real).items()}
    apart = np.abs(interval_shares(made) - interval_shares(real)).sum() / 2
    return Scores(values | {"intervals": float(apart)})


def as_stored(found: Labelled) -> np.ndarray:
    """Return tunes as stored, int64. (features.as_floats converts 16-bit data as waves.)"""
    return waves.to_stored(found[0]).astype(np.int64)


NAMES = ("scale_consistency", "tone_span", "polyphony", "repetitions")
TUNES = Metric(
    compute,
    gives=(*NAMES, *(f"{name}_real" for name in NAMES), "intervals"),
    needs=("pixels", "events"),
)
