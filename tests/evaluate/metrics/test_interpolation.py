"""Interpolation against generators whose behaviour between two latents is known."""

import numpy as np
import pytest

from jaxgan.evaluate.metrics.interpolation import evenness, interpolation
from jaxgan.evaluate.metrics.neighbours import own_distances

SHAPE = (2, 3, 1)


class Fake:
    """A generator in numpy: images are given by a function of latents [n, 6]."""

    class_names = ("a", "b")

    def __init__(self, image):
        self._image = image

    def latents(self, indices, seed, truncation):
        z = np.random.default_rng(seed).normal(size=(len(indices), 6))
        return z.astype(np.float32)

    def generate(self, latents, labels, truncation):
        return self._image(latents).reshape(-1, *SHAPE)


def flat(images):
    return images.reshape(len(images), -1).astype(np.float64)


def test_a_generator_on_the_data_is_as_good_between_as_at_the_ends():
    """Data: the sphere of radius 1. Images are points of it: the arc stays on it, a fade leaves."""
    g = Fake(lambda z: z / np.linalg.norm(z, axis=1, keepdims=True))
    rng = np.random.default_rng(1)
    real = rng.normal(size=(4000, 6))
    real = np.round((real / np.linalg.norm(real, axis=1, keepdims=True) + 1) * 127.5)
    found = interpolation(g, flat, real, own_distances(real), pairs=200)
    assert found["interpolation_ends"] == pytest.approx(1.0, abs=0.15)
    assert found["interpolation_latent"] == pytest.approx(1.0, abs=0.15)
    assert found["interpolation_pixel"] > 1.5
    assert found["interpolation_jump"] == pytest.approx(1.0, abs=0.1)


def test_a_generator_that_memorised_jumps():
    """Two images by the sign of one coordinate: a path is one jump, or none at all."""
    g = Fake(lambda z: np.repeat(np.sign(z[:, :1]), 6, axis=1))
    real = np.repeat([[0.0], [255.0]], 6, axis=1)
    fade = np.full(6, 128.0)  # half-way, of the pairs with different signs
    found = interpolation(g, flat, real, own_distances(real), pairs=300, steps=9)
    # Half the pairs have one sign: they do not move. The others jump once in 8 steps.
    assert found["interpolation_jump"] == pytest.approx((1 + 8) / 2, abs=0.5)
    assert found["interpolation_ends"] == found["interpolation_latent"] == 0.0
    unit = np.linalg.norm(real[0] - real[1])
    expected = np.linalg.norm(fade - real[1]) / unit / 2
    assert found["interpolation_pixel"] == pytest.approx(expected, abs=0.06)


def test_evenness():
    steps = np.zeros((2, 4, 1, 1, 1))
    steps[0, :, 0, 0, 0] = [0, 1, 2, 3]
    steps[1, :, 0, 0, 0] = [0, 0, 0, 9]
    assert evenness(steps) == pytest.approx((1 + 3) / 2)
    assert evenness(np.zeros((1, 3, 1, 1, 1))) == 1.0


def test_wrong_numbers():
    with pytest.raises(ValueError, match="an odd number from 3"):
        interpolation(Fake(lambda z: z), flat, np.zeros((3, 6)), np.ones((3, 1)), steps=4)
