"""Sounds as a classifier sees them, and the extractor that learns the reference's classes."""

import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.evaluate.extractors.classifier import classifier
from jaxgan.evaluate.extractors.extractor import metric_name
from jaxgan.evaluate.extractors.heard import heard
from jaxgan.evaluate.features import extract
from jaxgan.evaluate.images import Images
from jaxgan.evaluate.metrics.inception_score import inception_score
from jaxgan.evaluate.metrics.recognition import recognition, seen


def test_loudness_by_loops():
    """Decibels below a sine at full scale, from -60 on, as numbers in [-1, 1]."""
    rng = np.random.default_rng(0)
    waves = (rng.normal(size=(2, 60, 1)) * [[[0.3]], [[0.003]]]).astype(np.float32)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(16) / 16)  # 60 samples: 8 x 8
    expected = np.empty((2, 8, 8))
    for wave, picture in zip(waves[..., 0].astype(float), expected, strict=True):
        long = np.pad(wave, (0, 12))
        for i in range(8):
            size = np.abs(np.fft.rfft(long[8 * i : 8 * i + 16] * hann))[:8] / (hann.sum() / 2)
            picture[i] = np.clip(20 * np.log10(size), -60, 0) / 30 + 1
    found = heard(jnp.asarray(waves))
    assert found.shape == (2, 8, 8, 1)
    np.testing.assert_allclose(found[..., 0], expected, atol=1e-3)
    np.testing.assert_array_equal(heard(jnp.zeros((1, 60, 1))), -1)
    t = np.arange(256)
    tone = lambda loud: heard(
        jnp.asarray(loud * np.sin(2 * np.pi * t / 8), jnp.float32)[None, :, None]
    )
    np.testing.assert_allclose(tone(1.0)[0, 5, 4], 1, atol=1e-3)
    np.testing.assert_allclose(tone(0.1)[0, 5, 4], 1 - 20 / 30, atol=1e-3)


def tones(n, seed):
    """Return waves [n, 256, 1] int16 of three pitches in noise, and which pitch each has."""
    rng, labels = np.random.default_rng(seed), np.arange(n) % 3
    pitch = np.array([0.05, 0.15, 0.3])[labels] * rng.uniform(0.9, 1.1, n)
    phase = 2 * np.pi * (pitch[:, None] * np.arange(256) + rng.uniform(size=(n, 1)))
    loud = rng.uniform(0.2, 0.8, (n, 1))
    waves = loud * np.sin(phase) + 0.05 * rng.normal(size=(n, 256))
    return np.int16(waves[..., None] * 32767 / 2), labels.astype(np.int32)


def images_of(samples, labels, names=("low", "middle", "high")):
    read = lambda indices: (samples[indices], labels[indices])
    return Images("tones", len(labels), samples.shape[1:], names, "0a", read, {}, labels)


@pytest.mark.slow
def test_it_learns_the_classes_and_scores_by_them():
    judge = classifier(images_of(*tones(300, 0)))
    assert judge.protocol["accuracy"] > 0.95 and judge.protocol["tested"] == 30
    assert metric_name("is", judge) == "is_classifier"
    waves, labels = tones(60, 1)
    found = extract([waves[:40], waves[40:]], judge)
    assert found.features.shape == (60, 128) and found.logits.shape == (60, 3)
    assert (found.logits.argmax(1) == labels).mean() > 0.95
    score, _ = inception_score(found.logits, splits=2)
    assert 2.5 < score <= 3.001
    same = extract([waves[labels == 0]], judge)
    assert inception_score(same.logits, splits=2)[0] < 1.3  # one pitch is no variety


@pytest.mark.slow
def test_sounds_are_recognised():
    """A generator that says what it is told, and one that always says the next word."""
    floats = lambda pair: seen((pair[0].astype(np.float32) / 32768, pair[1]))
    real, (waves, labels) = floats(tones(300, 0)), tones(60, 1)
    assert recognition(real, floats((waves, labels)), 3)["recognised"] > 0.95
    wrong = recognition(real, floats((waves, (labels + 1) % 3)), 3)
    assert wrong["recognised"] < 0.05 and wrong["recognised_real"] > 0.95


def test_refusals():
    pictures = np.zeros((20, 8, 8, 1), np.uint8), np.zeros(20, np.int32)
    with pytest.raises(
        ValueError, match="learns the classes of sounds, and tones holds samples of"
    ):
        classifier(images_of(*pictures))
    with pytest.raises(ValueError, match=r"samples of 256x1 in 1 class\(es\)"):
        classifier(images_of(*tones(20, 0), names=("all",)))
