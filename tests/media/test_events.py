"""The medium of events: units, the way back, pictures, sounds, files; refusals."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.config import check, default_config
from jaxgan.game.keys import Keys
from jaxgan.media import tones
from jaxgan.media.events import assumed, events, events_of, notes_of
from jaxgan.media.medium import Batch
from jaxgan.media.midi import Tune, read_midi
from jaxgan.media.sounds import inspect_sound, read_sound
from jaxgan.training.run import with_facts


def test_units_are_beats_octaves_and_shares_of_127():
    kind = events(2, 3)
    stored = np.array([[[24, 12, 81, 127], [0, 36, 57, 1]]], np.int16)
    for array in (np.asarray, jnp.asarray):
        floats = kind.to_float(Batch(array(stored))).sample
        np.testing.assert_allclose(floats[0, 0], [1.0, 0.5, 1.0, 1.0])  # 880 Hz
        np.testing.assert_allclose(floats[0, 1], [0.0, 1.5, -1.0, 1 / 127], rtol=1e-6)
    frequencies = 440.0 * 2.0 ** np.asarray(floats)[0, :, 2]
    np.testing.assert_allclose(frequencies, [880.0, 220.0])


def test_every_stored_value_comes_back():
    kind, rng = events(64), np.random.default_rng(0)
    stored = rng.integers([0, 1, 0, 1], [32768, 32768, 128, 128], (50, 64, 4)).astype(np.int16)
    for array in (np.asarray, jnp.asarray):
        np.testing.assert_array_equal(
            kind.to_stored(kind.to_float(Batch(array(stored))).sample), stored
        )
    wild = kind.to_stored(np.array([[[-1.0, 0.0, 99.0, 0.0], [1e9, 1e9, -99.0, 2.0]]]))
    assert wild.tolist() == [[[0, 1, 127, 1], [32767, 32767, 0, 127]]]
    with pytest.raises(ValueError, match="tune 1 of 2 is not finite"):
        kind.to_stored(np.array([[[0.0] * 4], [[np.nan] * 4]]))


def test_numbers_are_spread_over_what_rounds_to_them():
    kind, rng = events(64), np.random.default_rng(0)
    stored = rng.integers([1, 1, 1, 1], [200, 200, 127, 127], (50, 64, 4)).astype(np.int16)
    floats = kind.to_float(Batch(jnp.asarray(stored)))
    moved = kind.augment(Keys(jax.random.key(0)), floats).sample
    np.testing.assert_array_equal(kind.to_stored(moved), stored)
    units = np.asarray(moved - floats.sample) * [24, 24, 12, 127]
    np.testing.assert_allclose(units.std((0, 1)), 12**-0.5, rtol=0.05)


def test_times_are_rounded_once():
    """Gaps of a third of a tick: no rounding adds up, and the last note is where it was."""
    start = np.arange(0, 4000, 7)
    notes = np.stack([start, start * 0 + 30, start * 0 + 60, start * 0 + 80], -1)
    found = notes_of(events_of(Tune(480, notes)))
    assert np.abs(found[:, 0] - start * 24 / 480).max() <= 0.5
    assert found[:, 1:].tolist() == [[2, 60, 80]] * len(start)


def test_a_file_of_a_tune_holds_its_notes(tmp_path):
    kind = events(4)
    tune = np.array([[0, 24, 60, 90], [24, 24, 62, 80], [0, 12, 65, 70], [24, 48, 60, 60]])
    kind.write(tmp_path / "a.mid", tune.astype(np.int16))
    found = read_midi((tmp_path / "a.mid").read_bytes())
    np.testing.assert_array_equal(events_of(found), tune)
    # As on a keyboard: a pitch that begins again ends, and sounds once at a time.
    same = np.array([[0, 99, 60, 90], [0, 24, 60, 80], [10, 50, 60, 70], [2, 9, 61, 60]])
    kind.write(tmp_path / "b.mid", same.astype(np.int16))
    found = read_midi((tmp_path / "b.mid").read_bytes()).notes
    assert found.tolist() == [[0, 10, 60, 90], [10, 50, 60, 70], [12, 9, 61, 60]]


def test_a_piano_roll_shows_pitch_time_and_loudness():
    tunes = np.array([[[0, 32, 60, 127], [96, 32, 72, 1]]], np.int16)
    (roll,) = events(2).pictures(tunes)
    rows, columns = np.nonzero(roll[..., 0] < 200)
    low, high = 2 * (108 - 60), 2 * (108 - 72)  # two pixels a key from the highest, 108
    assert set(rows) == {low, low + 1, high, high + 1}
    assert columns[rows == low].tolist() == list(range(48))  # a quarter of 192 pixels
    assert columns[rows == high].tolist() == list(range(144, 192))
    assert roll[low, 0] == 1 and roll[high, 150] == 190
    assert events(2).sheet(np.repeat(tunes, 4, 0), 2).size == (384, 352)
    beyond = events(1).pictures(np.array([[[0, 9, 127, 99]], [[0, 9, 0, 99]]], np.int16))
    assert beyond[0, 0, 0] < 200 and beyond[1, -1, 0] < 200


def test_a_tune_is_heard_at_its_pitches(tmp_path):
    """A note of 440 Hz for two beats is a second whose strongest frequency is 440 Hz."""
    kind = events(1)
    stored = np.array([[[0, 48, 69, 100]], [[0, 48, 57, 100]]], np.int16)
    (tmp_path / "a.wav").write_bytes(kind.reel.encode(stored, 1))
    assert inspect_sound(tmp_path / "a.wav").rate == tones.RATE
    heard = read_sound(tmp_path / "a.wav")[:, 0]
    pause = round(0.5 * tones.RATE)
    first, second = heard[: tones.RATE], heard[tones.RATE + 1 + pause :][: tones.RATE]
    for part, frequency in ((first, 440), (second, 220)):
        assert np.abs(np.fft.rfft(part)).argmax() == frequency
        assert abs(np.abs(part).max() - 0.9) < 1e-3
    late = np.array([[[0, 9, 60, 9], [32767, 32767, 60, 9]]], np.int16)
    assert len(tones.sound(notes_of(late[0]), 24)) < 16 * tones.RATE


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("size", (8, 8), r"data.size = \(8, 8\) with data.medium = 'events': write one number"),
        ("flip", True, "data.flip = True with data.medium = 'events': .* write False"),
        ("random_crop", 0.5, "data.random_crop = 0.5 .* write 1.0"),
    ],
)
def test_what_only_images_have_is_refused(field, value, words):
    config = default_config("crnngan", "crnngan")
    config.data.update(medium="events", size=(8,))
    config.train.batch = 8
    config.data[field] = value
    with pytest.raises(ValueError, match=words):
        check(with_facts(config, class_names=("a",), **assumed(config, 3, 1)), 1)
