"""Log spectrograms: numpy's transform, its inverse, the Griffin-Lim algorithm, the scale."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from ml_collections import ConfigDict

from jaxgan.media import log_spectrograms as spectra
from jaxgan.media.medium import Batch


def sounds(n=2, samples=1024, seed=0):
    """Return tones with noise [n, samples, 1], half as loud as can be."""
    rng, t = np.random.default_rng(seed), np.arange(samples)
    pitch = rng.uniform(0.05, 0.5, (n, 3, 1))
    made = np.sin(2 * np.pi * pitch * t / 4).sum(1) + 0.1 * rng.normal(size=(n, samples))
    return np.float32(0.5 * made / np.abs(made).max(1, keepdims=True))[..., None]


def test_the_transform_is_numpys():
    wave, n = sounds(1)[0, :, 0], 32
    padded = np.pad(wave, (0, n))
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(2 * n) / (2 * n))
    expected = [np.fft.rfft(padded[n * i : n * i + 2 * n] * hann) for i in range(32)]
    np.testing.assert_allclose(spectra.transform(jnp.asarray(wave), n), expected, atol=1e-4)


def test_16384_samples_are_128_by_128_and_come_back():
    wave = jnp.asarray(sounds(1, 16_384))
    assert spectra.spectrograms(wave).shape == (1, 128, 128, 1)
    back = spectra.inverse(spectra.transform(wave[..., 0], 128), 128)
    # The first samples are hardly seen by the only window over them.
    np.testing.assert_allclose(back[:, 16:], wave[:, 16:, 0], atol=1e-4)


def test_the_range_is_that_of_the_networks():
    loud = jnp.ones((1, 1024, 1))  # a constant of full scale: the window's sum
    found = spectra.spectrograms(loud)
    assert float(found.max()) == pytest.approx(1.0, abs=1e-5)
    np.testing.assert_allclose(spectra.spectrograms(jnp.zeros((1, 1024, 1))), -1.0, atol=1e-5)


def test_a_higher_floor_spreads_what_can_be_heard():
    """Of a window of 64 a full sine is |S| = 16, and 0.016 is 60 decibels below."""
    decibels = lambda x: 16 * 10 ** (x / 20)
    wave = np.float32(np.sin(2 * np.pi * 8 * np.arange(1024) / 64))[None, :, None]
    at = lambda gain, floor: float(
        spectra.spectrograms(jnp.asarray(np.float32(gain) * wave), floor)[0, 5, 8, 0]
    )
    for gain, loud in ((1.0, 0), (0.1, -20)):
        for floor in (1e-6, decibels(-60)):
            low, high = np.log(floor), np.log(32 + floor)
            expected = 2 * (np.log(decibels(loud) + floor) - low) / (high - low) - 1
            assert at(gain, floor) == pytest.approx(expected, abs=1e-3)
    steps = [at(1.0, floor) - at(0.1, floor) for floor in (1e-6, decibels(-60))]
    assert steps[1] > 2 * steps[0]
    wave = jnp.asarray(sounds())
    back = spectra.sounds_of(spectra.spectrograms(wave, 0.016), 0.016)
    assert float(jnp.abs(back).std() / jnp.abs(wave).std()) == pytest.approx(1, abs=0.2)


def test_rounds_bring_the_spectrum_nearer():
    """Spectral convergence: |size - size of what was found| / |size|."""
    wave = jnp.asarray(sounds())
    wanted = spectra.spectrograms(wave)
    size = lambda x: np.abs(spectra.transform(x[..., 0], 32))[..., :-1]

    def error(rounds):
        difference = size(spectra.sounds_of(wanted, rounds=rounds)) - size(wave)
        return np.linalg.norm(difference) / np.linalg.norm(size(wave))

    assert error(16) < 0.6 * error(0) and error(16) < 0.25


def config(*size, channels=1):
    return ConfigDict(
        {"size": size, "channels": channels, "rate": 8000, "class_names": ("a", "b"), "bits": 16}
        | {"flip": False, "random_crop": 1.0, "floor": 1e-6}
    )


def test_stored_is_the_sound_and_seen_is_the_spectrogram():
    medium = spectra.medium(config(1024))
    assert medium.spec.sample.shape == (32, 32, 1) and medium.stored.sample.shape == (1024, 1)
    stored = np.round(sounds() * 32767).astype(np.int16)
    floats = medium.to_float(Batch(jnp.asarray(stored), jnp.zeros(2, jnp.int32)))
    assert floats.sample.shape == (2, 32, 32, 1)
    assert float(jnp.abs(floats.sample).max()) <= 1
    for samples in (floats.sample, np.asarray(floats.sample)):
        made = medium.to_stored(samples)
        assert made.shape == stored.shape and made.dtype == np.int16
        assert isinstance(made, jax.Array) == isinstance(samples, jax.Array)
        assert 0.5 < np.asarray(made).std() / stored.std() < 1.5


def test_other_lengths_are_refused():
    with pytest.raises(ValueError, match=r"data.size = \(1000,\) of 1 channels .* square number"):
        spectra.medium(config(1000))
    with pytest.raises(ValueError, match="of 2 channels"):
        spectra.medium(config(1024, channels=2))
