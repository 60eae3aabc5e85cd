"""PSNR and SSIM of luma: the weights by hand, the border, and Pillow's enlargement."""

import numpy as np
import pytest

from jaxgan.evaluate.metrics import luma, paired
from jaxgan.evaluate.metrics.metric import Inputs
from tests.data.image_kinds import random_images
from tests.media.test_low_resolution import pillows


def floats(images):
    return images / np.float32(127.5) - 1


def test_luma_of_known_colours():
    """White is 235 of 255, black 16, and green counts most."""
    colours = np.float32([[1, 1, 1], [0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]) * 2 - 1
    found = (luma.luma(colours[None, None])[0, 0, :, 0] + 1) / 2 * 255
    np.testing.assert_allclose(found, [235, 16, 81.481, 144.553, 40.966], atol=1e-3)


@pytest.mark.parametrize("channels", [1, 3])
def test_scores_are_of_luma_without_the_border(channels):
    true, small = random_images((3, 24, 20, channels)), random_images((3, 6, 5, channels))
    made = np.clip(true.astype(int) + 8, 0, 247).astype(np.uint8)
    spoiled = made.copy()
    spoiled[:, :4], spoiled[:, :, -4:] = 0, 0  # nobody looks there
    labels = np.zeros(3, np.int32)
    results = [
        luma.compute(
            Inputs(
                fake_pixels=(floats(images), labels),
                real_pixels=(floats(true), labels),
                source_pixels=(floats(small), labels),
            )
        ).values
        for images in (made, spoiled)
    ]
    assert results[0] == results[1] and set(results[0]) == set(luma.LUMA.gives)

    def y(image):
        if channels == 1:
            return image[4:-4, 4:-4, 0] / 255
        return (16 + (image / 255) @ [65.481, 128.553, 24.966])[4:-4, 4:-4] / 255

    def expected(images):
        errors = [np.mean((y(a) - y(b)) ** 2) for a, b in zip(images, true, strict=True)]
        return np.mean(-10 * np.log10(errors))

    assert results[0]["psnr_luma"] == pytest.approx(expected(made), rel=1e-4)
    enlarged = np.clip(pillows(small, (24, 20)), 0, 255)
    assert results[0]["psnr_luma_copy"] == pytest.approx(expected(enlarged), rel=1e-4)
    inner = [floats(x[:, 4:-4, 4:-4]) for x in (made, true)]
    assert results[0]["ssim_luma"] == pytest.approx(paired.ssim(*map(luma.luma, inner)), rel=1e-6)
