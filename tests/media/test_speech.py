"""Speech: which word, and where in it a frame is, of waves whose beginning and end are known."""

import zlib

import numpy as np
import pytest

from jaxgan.media import speech
from jaxgan.media.decode import Features
from tests.media.test_mels import data

WORDS = ("no", "yes", "perhaps")


def medium(**fields):
    return speech.medium(data(class_names=WORDS, **fields))


def test_frames_say_the_word_and_where_in_it_they_are():
    """256 samples in 16 frames; the word sounds from sample 40 to 120: frames 2 to 7."""
    wave = np.zeros((256, 1), np.int16)
    wave[40:121, 0] = 1000
    wave[41:120, 0] = 8  # below a hundredth: a pause inside a word belongs to it
    wave[[5, 200]] = 9
    kind = medium()
    features = Features((256, 1), np.dtype(np.int16), "zlib", "image", "label", WORDS)
    found = kind.decode((zlib.compress(wave.tobytes()), 1), features)
    np.testing.assert_array_equal(found.sample, wave)
    assert found.condition.shape == kind.stored.condition.shape == (16, 4)
    assert found.condition[:, [0, 2]].max() == 0
    np.testing.assert_array_equal(np.flatnonzero(found.condition[:, 1]), range(2, 8))
    np.testing.assert_allclose(found.condition[2:8, 3], np.arange(6) / 5, rtol=1e-6)
    assert kind.silence is None and kind.to_float(found).sample.max() == np.float32(1000 / 32768)
    shown = kind.show_condition(found.condition[None])
    assert shown.shape == (1, 4, 16, 3) and (shown[0, 1, 2:8] == shown.max()).any()


def test_refusals():
    with pytest.raises(ValueError, match=r"data.hop = 100: write a number that divides"):
        medium(hop=100)
    with pytest.raises(ValueError, match="needs words, and the data have one class"):
        speech.medium(data())
    with pytest.raises(ValueError, match="word 3 from frame 0 to 2: write a word from 0 to 2"):
        speech.said(3, 0, 2, 16, 3)
    with pytest.raises(ValueError, match="frames of 0 to 16"):
        speech.said(0, 4, 17, 16, 3)
