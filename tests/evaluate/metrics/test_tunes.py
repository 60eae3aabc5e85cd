"""The measures of tunes, by hand."""

import numpy as np
import pytest

from jaxgan.evaluate.evaluation import joined
from jaxgan.evaluate.metrics import tunes
from jaxgan.evaluate.metrics.metric import Inputs
from tests.data.made_media import melody

C_MAJOR = np.array([60, 62, 64, 65, 67, 69, 71, 72])


def test_scales():
    assert tunes.scale_consistency(C_MAJOR) == 1.0
    assert tunes.scale_consistency(C_MAJOR - 37) == 1.0  # another key, other octaves
    assert tunes.scale_consistency(np.array([57, 59, 60, 62, 64, 65, 68])) == 1.0  # harmonic minor
    chromatic = np.arange(48, 72)
    assert tunes.scale_consistency(chromatic) == pytest.approx(7 / 12)
    assert tunes.scale_consistency(np.append(C_MAJOR[:7], 66)) == pytest.approx(7 / 8)


def test_span_polyphony_and_repetitions():
    assert tunes.tone_span(C_MAJOR) == 12
    assert tunes.polyphony(np.array([0, 0, 5, 0, 0, 3])) == pytest.approx(5 / 6)
    assert tunes.polyphony(np.array([0, 1, 2])) == 0.0  # the first gap is of no note
    assert tunes.repetitions(np.array([1, 2, 3, 1, 2, 3])) == 1
    assert tunes.repetitions(np.array([1, 2, 3, 1, 2, 3, 1, 2, 3])) == 3 + 2  # and 2 3 1, 3 1 2
    assert tunes.repetitions(np.array([7, 7, 7, 7])) == 0  # runs that overlap do not count
    assert tunes.repetitions(np.arange(20)) == 0


def stored(pitches):
    notes = np.zeros((1, len(pitches), 4), np.int16)
    notes[0, :, 1], notes[0, :, 2], notes[0, :, 3] = 24, pitches, 90
    notes[0, 1:, 0] = 24
    return notes, np.zeros(1, np.int32)


def test_the_metric_stands_beside_the_real_ones():
    both = {"fake_pixels": stored(np.arange(60, 68)), "real_pixels": stored(C_MAJOR)}
    for name, part in both.items():
        np.testing.assert_array_equal(tunes.as_stored(joined([part])), both[name][0])
    found = tunes.compute(Inputs(**{n: joined([x]) for n, x in both.items()})).values
    assert list(found) == list(tunes.TUNES.gives)
    assert found["tone_span"] == 7 and found["tone_span_real"] == 12
    assert found["scale_consistency_real"] == 1.0 and found["polyphony"] == 0
    # Steps of the real one: 2 five times, 1 twice, of seven; of the other one 1 alone.
    assert found["intervals"] == pytest.approx(5 / 7)


def test_made_melodies_are_in_c_major_and_come_again():
    """What tests/data/made_media.py writes, which configs/crnngan_tunes.py is trained on."""
    for beats in (3, 4):
        notes = melody(beats, np.random.default_rng(beats))
        assert len(notes) == 96 and set(notes[:, 2] % 12) <= set(C_MAJOR % 12)
        assert tunes.repetitions(notes[:, 2]) > 0
        starts = notes[:, 0]
        assert (np.diff(starts) >= 0).all() and (np.diff(starts) == 0).any()
        first = notes[starts < 24 * beats]
        again = notes[(starts >= 48 * beats) & (starts < 72 * beats)]
        np.testing.assert_array_equal(first[:, 1:], again[:, 1:])
