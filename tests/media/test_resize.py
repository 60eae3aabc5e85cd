"""Crop and resize against numpy."""

import numpy as np
import pytest

from jaxgan.media.resize import fit
from tests.data.image_kinds import random_images

SHAPES = [((8, 12, channels), dtype) for channels in (1, 2, 3, 4, 5) for dtype in ("u1", "u2")]


@pytest.mark.parametrize(("shape", "dtype"), SHAPES)
def test_area_by_whole_numbers_is_the_mean_of_blocks(shape, dtype):
    image = random_images(shape, np.dtype(dtype))
    small = fit(image, (4, 4), "none", "area")
    means = image.astype(np.float64).reshape(4, 2, 4, 3, shape[-1]).mean((1, 3))
    assert small.dtype == image.dtype and small.shape == (4, 4, shape[-1])
    # half a unit is rounding; Pillow's fixed-point reciprocal may round an exact half either way
    assert np.abs(small - means).max() <= 0.5 + 1e-2


@pytest.mark.parametrize("method", ["area", "lanczos"])
@pytest.mark.parametrize("size", [(5, 7), (16, 9), (16, 24)])
@pytest.mark.parametrize(("channels", "dtype"), [(1, "u1"), (3, "u1"), (5, "u1"), (2, "u2")])
def test_constant_images_stay_constant(method, size, channels, dtype):
    image = np.full((8, 12, channels), 201, dtype)
    result = fit(image, size, "none", method)
    np.testing.assert_array_equal(result, np.full((*size, channels), 201, dtype))


def test_channels_do_not_mix():
    image = random_images((8, 12, 4))
    result = fit(image, (5, 7), "none", "lanczos")
    for channel in range(4):
        alone = fit(image[..., channel : channel + 1], (5, 7), "none", "lanczos")
        np.testing.assert_array_equal(result[..., channel], alone[..., 0])


def test_hidden_colours_do_not_bleed():
    image = np.zeros((2, 2, 4), np.uint8)
    image[:, 0] = (255, 0, 0, 255)
    image[:, 1] = (0, 255, 0, 0)  # green that nobody sees
    np.testing.assert_array_equal(
        fit(image, (1, 1), "none", "area", alpha=True)[0, 0, :3], (255, 0, 0)
    )
    assert fit(image, (1, 1), "none", "area")[0, 0, 1] == 128


@pytest.mark.parametrize("method", ["area", "lanczos"])
@pytest.mark.parametrize("channels", [3, 5])
@pytest.mark.parametrize(
    ("shape", "size", "kept"),
    [
        ((10, 20), (8, 8), (slice(0, 10), slice(5, 15))),
        ((20, 10), (8, 8), (slice(5, 15), slice(0, 10))),
        ((10, 20), (4, 8), (slice(0, 10), slice(0, 20))),
        ((9, 20), (3, 2), (slice(0, 9), slice(7, 13))),
    ],
)
def test_center_crop(shape, size, kept, channels, method):
    """Cut, then resized: what is cut off has no influence."""
    image = random_images((*shape, channels))
    cut = np.ascontiguousarray(image[kept])
    for to in (size, (cut.shape[0], cut.shape[1])):
        expected = fit(cut, to, "none", method)
        np.testing.assert_array_equal(fit(image, to, "center", method), expected)


def test_without_crop_all_is_kept():
    image = np.zeros((4, 8, 1), np.uint8)
    image[:, :2] = 255
    squeezed = fit(image, (4, 4), "none", "area")
    np.testing.assert_array_equal(squeezed[0, :, 0], [255, 0, 0, 0])
    np.testing.assert_array_equal(fit(image, (4, 4), "center", "area"), 0)
