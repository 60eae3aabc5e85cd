"""Mel spectrograms against numpy in loops: Slaney's mel, the filters, frames, the way back."""

import zlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from ml_collections import ConfigDict

from jaxgan.data.description import Features
from jaxgan.media import mel_spectrograms, mels
from jaxgan.media.medium import Batch
from jaxgan.media.mel_spectrograms import (
    Mel,
    filters,
    griffin_lim,
    log_mels,
    most_bins,
    to_hertz,
    to_mel,
)
from jaxgan.media.sounds import wav_bytes
from tests.media.test_log_spectrograms import sounds

AUTHORS = Mel(22_050)
SMALL = Mel(8000, 16, 12)


def slaney(hertz):
    """Slaney's definition: 3 mel for 200 Hz, from 1 kHz on 27 for a factor of 6.4."""
    return 3 * hertz / 200 if hertz < 1000 else 15 + 27 * np.log(hertz / 1000) / np.log(6.4)


def test_mel_is_slaneys_and_not_htks():
    hertz = np.array([0.0, 60, 999, 1000, 1001, 6400, 11_025])
    np.testing.assert_allclose(to_mel(hertz), [slaney(x) for x in hertz], rtol=1e-12)
    np.testing.assert_allclose(to_hertz(to_mel(hertz)), hertz, atol=1e-9)
    assert abs(to_mel(440) - 2595 * np.log10(1 + 440 / 700)) > 400


def test_filters_of_the_authors_by_loops():
    """librosa.filters.mel(sr=22050, n_fft=1024, n_mels=80, fmin=0, fmax=11025) as it is defined:
    triangles between neighbouring mels, of area 1 in Hz."""
    edges, expected = to_hertz(np.linspace(0, slaney(11_025), 82)), np.zeros((513, 80))
    for m in range(80):
        low, middle, high = edges[m : m + 3]
        for k in range(513):
            f = k * 22_050 / 1024
            if low < f <= middle:
                expected[k, m] = (f - low) / (middle - low)
            elif middle < f < high:
                expected[k, m] = (high - f) / (high - middle)
        expected[:, m] *= 2 / (high - low)
    found = filters(AUTHORS)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-9)
    # Wide ones are sampled often enough for their area to show: 22,050 / 1024 Hz from bin to bin.
    np.testing.assert_allclose(found.sum(0)[40:] * 22_050 / 1024, 1, atol=0.02)


def by_loops(wave, mel):
    """Return [frames, bins]: mirrored by 1.5 hops, four hops a window, magnitudes, a floor."""
    n, edge = 4 * mel.hop, 3 * mel.hop // 2
    long = np.pad(wave.astype(np.float64), edge, mode="reflect")
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n)
    frames = []
    for start in range(0, len(long) - n + 1, mel.hop):
        size = np.abs(np.fft.rfft(long[start : start + n] * hann))
        frames.append(np.log10(np.maximum(size @ filters(mel).astype(float), 1e-5)))
    return np.array(frames)


@pytest.mark.parametrize("mel", [AUTHORS, SMALL])
def test_spectrograms_by_loops(mel):
    wave = sounds(1, 8 * mel.hop)[0, :, 0]
    expected = by_loops(wave, mel)
    assert expected.shape == (8, mel.bins)
    for array in (np.asarray, jnp.asarray):
        found = log_mels(array(wave), mel)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected, atol=2e-4)
    assert mel.hop != 256 or 3 * mel.hop // 2 == 384  # the authors' padding
    np.testing.assert_allclose(log_mels(0 * wave, mel), -5, rtol=1e-6)


def test_a_tone_is_in_its_bin():
    """A sine's magnitude is half the window's sum, a + 20 dB, in the bin around its pitch."""
    t = np.arange(16 * 256) / 22_050
    centres = to_hertz(np.linspace(0, slaney(11_025), 82))[1:-1]
    for bin in (10, 40, 70):
        loud = log_mels(np.float32(np.sin(2 * np.pi * centres[bin] * t)), AUTHORS)[3:-3]
        assert (loud.argmax(1) == bin).all()


@pytest.mark.parametrize("samples", [40, 16, 33])
def test_other_lengths_are_refused(samples):
    with pytest.raises(ValueError, match=f"waves of {samples} samples with a hop of 16"):
        log_mels(np.zeros(samples, np.float32), SMALL)


def test_griffin_and_lims_rounds_come_nearer():
    wave = sounds(2, 64 * 16)
    true = log_mels(wave[..., 0], SMALL)

    def error(rounds):
        found = np.asarray(griffin_lim(jnp.asarray(true), SMALL, rounds))
        assert found.shape == wave.shape
        return np.abs(log_mels(found[..., 0], SMALL) - true).mean()

    assert error(60) < 0.6 * error(0) and error(60) < 0.2


@pytest.mark.parametrize("rate", [8000, 22_050])
def test_no_bin_is_empty_up_to_the_largest_count(rate):
    for bins in range(1, 34):  # of 33 frequencies
        mel = Mel(rate, 16, bins)
        assert (most_bins(mel) == bins) == filters(mel).any(0).all()
    assert most_bins(AUTHORS) == 80 and most_bins(AUTHORS._replace(bins=1 << 30)) == 308


def test_transform_and_back():
    wave = jnp.asarray(sounds(1, 1024)[..., 0])
    back = mel_spectrograms.inverse(mel_spectrograms.transform(wave, SMALL), SMALL)
    np.testing.assert_allclose(back[:, 8:-8], wave[:, 8:-8], atol=1e-4)


def data(**fields):
    values = {"size": (256,), "channels": 1, "rate": 8000, "class_names": ("a",), "bits": 16}
    values |= {"flip": False, "random_crop": 1.0, "hop": 16, "mel_bins": 12}
    return ConfigDict(values | fields)


def test_a_wave_comes_with_its_spectrogram():
    medium = mels.medium(data())
    assert medium.stored.condition.shape == medium.spec.condition.shape == (16, 12)
    stored = np.int16(sounds(1, 256)[0] * 32767)
    features = Features((256, 1), np.dtype(np.int16), "zlib", "image", "label", ("a",))
    found = medium.decode((zlib.compress(stored.tobytes()), 0), features)
    np.testing.assert_array_equal(found.sample, stored)
    np.testing.assert_allclose(found.condition, by_loops(stored[:, 0] / 32768, SMALL), atol=2e-4)
    floats = medium.to_float(jax.tree.map(lambda x: jnp.asarray(x[None]), found))
    np.testing.assert_array_equal(floats.sample[0] * 32768, stored)
    np.testing.assert_array_equal(floats.condition[0], found.condition)


def test_training_draws_a_loudness_for_each_wave():
    """0.95 U(0.3, 1) of the wave; the spectrogram is that of the result."""
    medium = mels.medium(data())
    wave = jnp.asarray(np.tile(sounds(1, 256), (2, 1, 500, 1, 1)))
    batch = Batch(wave, jnp.zeros((2, 1, 500, 16, 12)))
    found = medium.augment({"loudness": jax.random.key(0)}, batch)
    gains = np.asarray(found.sample / wave)[..., 50, 0].ravel()
    np.testing.assert_allclose(found.sample, gains.reshape(2, 1, 500, 1, 1) * wave, atol=1e-6)
    assert 0.285 <= gains.min() < 0.29 and 0.945 < gains.max() <= 0.95
    assert gains.mean() == pytest.approx(0.6175, abs=0.02)
    expected = log_mels(np.asarray(found.sample)[1, 0, 7, :, 0], SMALL)
    np.testing.assert_allclose(found.condition[1, 0, 7], expected, atol=2e-4)


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"mel_bins": 5000}, "data.mel_bins = 5000: .* hold no frequency: write 33 or less, or a"),
        ({"hop": 15}, r"data.hop = 15: write an even number that goes into data.size = 256"),
        ({"hop": 48}, r"data.hop = 48: write an even"),
        ({"hop": 256}, r"data.hop = 256: write an even number .* twice or more"),
        ({"channels": 2}, "data.medium = 'mels' with 2 channels: prepare sounds of one"),
        ({"rate": None}, "data.rate = None: write the samples per second"),
    ],
)
def test_refusals(fields, line):
    with pytest.raises(ValueError, match=line):
        mels.medium(data(**fields))


def test_files_of_another_rate_are_refused(tmp_path):
    (tmp_path / "a.wav").write_bytes(wav_bytes(np.full((50, 1), 100, np.int16), 16_000))
    with pytest.raises(
        ValueError, match=r"a\.wav has 16000 samples per second, .* had 8000: resam"
    ):
        mels.sound(tmp_path / "a.wav", SMALL)
    assert mels.padded(np.ones(33, np.float32), SMALL).tolist() == [1.0] * 33 + [0.0] * 15
    assert len(mels.padded(np.ones(3, np.float32), SMALL)) == 32


def test_pictures_are_brighter_where_it_is_louder():
    found = mels.mel_pictures(np.linspace(-6, 2, 24, dtype=np.float32).reshape(1, 2, 12))
    assert found.shape == (1, 12, 2, 3) and found.dtype == np.uint8
    light = found.astype(int).sum(-1)[0]
    assert (np.diff(light[::-1, 0]) >= 0).all() and light[0, 1] > light[-1, 0]
