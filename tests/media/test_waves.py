"""The medium of waves: stored values, pictures, files; refusals of what it does not do."""

import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.config import check, default_config
from jaxgan.files.errors import one_line
from jaxgan.media import spectrograms
from jaxgan.media.medium import Batch, Label
from jaxgan.media.sounds import inspect_sound, read_sound
from jaxgan.media.waves import waves
from jaxgan.training.run import with_facts


def config_of(**fields):
    config = default_config("tests.media.dense")
    config.data.update(medium="waves", size=(64,))
    config.train.batch = 8
    config.update_from_flattened_dict(fields)
    return with_facts(config, channels=1, bits=16, rate=8000, class_names=("a", "b"))


def test_every_stored_value_comes_back():
    kind = waves((256, 1), 8000, 3)
    values = np.arange(-32768, 32768).astype(np.int16).reshape(256, 256, 1)
    for array in (np.asarray, jnp.asarray):
        floats = kind.to_float(Batch(array(values))).sample
        assert floats.dtype == kind.spec.sample.dtype and float(floats.min()) == -1.0
        back = kind.to_stored(floats)
        assert back.dtype == kind.stored.sample.dtype == np.int16
        np.testing.assert_array_equal(back, values)
    np.testing.assert_array_equal(kind.to_stored(np.array([[2.0, -2.0]])), [[32767, -32768]])
    assert kind.spec.condition == Label(3)
    with pytest.raises(ValueError, match="wave 1 of 2 is not finite"):
        kind.to_stored(np.array([[0.0], [np.nan]]))


def test_files_and_reels_play_what_was_stored(tmp_path):
    kind = waves((100, 2), 8000)
    stored = np.random.default_rng(0).integers(-9, 9, (6, 100, 2)).astype(np.int16)
    kind.write(tmp_path / "a.wav", stored[4])
    np.testing.assert_array_equal(read_sound(tmp_path / "a.wav") * 32768, stored[4])
    (tmp_path / "b.wav").write_bytes(kind.reel.encode(stored, 3))
    assert inspect_sound(tmp_path / "b.wav").rate == 8000
    played = read_sound(tmp_path / "b.wav") * 32768
    pause = np.zeros((1600, 2))  # 0.2 s
    np.testing.assert_array_equal(played, np.concatenate([stored[0], pause, stored[3]]))


def test_a_tone_stands_at_its_pitch_and_at_its_level():
    """A sine of amplitude a has 20 log10(a) dB in the bin of its frequency."""
    t = np.arange(4096) / 8000
    for frequency, amplitude in ((1000, 1.0), (2500, 0.1)):
        levels = spectrograms.decibels(amplitude * np.sin(2 * np.pi * frequency * t))
        place = round(frequency * 512 / 8000)
        assert (levels.argmax(1) == place).all()
        np.testing.assert_allclose(levels.max(1), 20 * np.log10(amplitude), atol=0.1)
    rows = spectrograms.pitches(8000)
    assert rows[0] == 0 and rows[-1] == pytest.approx(4000)
    mel = 2595 * np.log10(1 + rows / 700)
    np.testing.assert_allclose(np.diff(mel), np.diff(mel)[0])


def test_pictures_show_pitch_and_loudness():
    kind = waves((4096, 1), 8000)
    t = np.arange(4096) / 8000
    low, high = (np.sin(2 * np.pi * f * t) for f in (300, 3000))
    samples = kind.to_stored(np.stack([low, high, 0 * t])[..., None])
    shown = kind.pictures(samples).astype(int)
    assert shown.shape == (3, 100, 132, 3) and shown.dtype == int
    rows = shown[:, 2:66, 2:-2].sum((2, 3)).argmax(1)
    assert rows[0] > rows[1]  # the lower tone stands lower
    below = shown[:, 66:98, 2:-2, 2] == 255
    assert below[0].all() and below[2].sum() == 128  # full scale, and a line of silence
    sheet = np.asarray(kind.sheet(samples[[0, 1, 2, 0]], 2))
    np.testing.assert_array_equal(sheet[:100, 132:], shown[1])
    np.testing.assert_array_equal(sheet[100:, :132], shown[2])


@pytest.mark.parametrize("samples", [1, 100, 16384])
def test_waves_of_any_length_have_pictures_of_one_size(samples):
    kind = waves((samples, 1), 16000)
    assert kind.pictures(np.zeros((2, samples, 1), np.int16)).shape == (2, 100, 132, 3)


def test_a_size_of_images_is_refused():
    check(config_of(), 1)
    line = r"data.size = \(8, 8\) with data.medium = 'waves': write one number, such as \(16384,\)"
    with pytest.raises(ValueError, match=line) as error:
        check(config_of(**{"data.size": (8, 8)}), 1)
    assert one_line(error.value) == str(error.value)


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"data.flip": True}, "data.flip = True with data.medium = 'waves': .* write False"),
        ({"data.random_crop": 0.5}, "data.random_crop = 0.5 .* write 1.0"),
    ],
)
def test_what_would_change_a_sound_is_refused(fields, line):
    check(config_of(), 1)
    with pytest.raises(ValueError, match=line):
        check(config_of(**fields), 1)


def test_a_wave_without_a_rate_has_no_file(tmp_path):
    with pytest.raises(ValueError, match=r"data\.rate = None: write the samples per second"):
        waves((8, 1)).write(tmp_path / "a.wav", np.zeros((8, 1), np.int16))
