"""Bicubic resizing against Pillow, jax.image and closed forms; images beside their small ones."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from jaxgan.game.keys import Keys
from jaxgan.media.bicubic import resized, weights
from jaxgan.media.low_resolution import low_resolution, shrunk
from jaxgan.media.medium import Batch
from tests.data.image_kinds import random_images
from tests.models.test_pix2pix import FAST

RAMP = np.broadcast_to(np.linspace(0, 255, 32).astype(np.uint8)[:, None], (32, 24))
BOARD = (np.indices((32, 24)).sum(0) % 2 * 255).astype(np.uint8)
WIDE_BOARD = (np.indices((32, 24)).sum(0) // 3 % 2 * 255).astype(np.uint8)
NOISE = random_images((32, 24))


def pillows(images, size):
    """Return images [n, h, w, c] resized by Pillow in floats, which it neither rounds nor clips."""
    images = np.moveaxis(np.float32(images), -1, 1)
    one = lambda x: Image.fromarray(x).resize(size[::-1], Image.Resampling.BICUBIC)
    return np.stack([np.stack([one(x) for x in image], -1) for image in images])


@pytest.mark.parametrize("size", [(16, 12), (8, 6), (4, 3), (64, 48), (40, 17)])
def test_it_is_pillows(size):
    images = np.stack([RAMP, BOARD, WIDE_BOARD, NOISE])[..., None]
    found = resized(images.astype(np.float32), size)
    np.testing.assert_allclose(found, pillows(images, size), atol=1e-3)


@pytest.mark.parametrize("image", [RAMP, BOARD, NOISE])
@pytest.mark.parametrize("scale", [2, 4, 8])
def test_small_images_are_those_of_files(image, scale):
    """Within one level of Pillow's in 8 bits, which rounds once more, after the columns."""
    size = (24 // scale, 32 // scale)
    theirs = Image.fromarray(image).resize(size, Image.Resampling.BICUBIC)
    found = shrunk(image[..., None] / np.float32(127.5) - 1, scale, 8)[..., 0]
    assert np.abs(found.astype(int) - np.asarray(theirs)).max() <= 1


@pytest.mark.parametrize("size", [(8, 6), (40, 17)])
def test_it_is_that_of_jax_image(size):
    image = np.random.default_rng(0).normal(size=(2, 32, 24, 3)).astype(np.float32)
    theirs = jax.image.resize(image, (2, *size, 3), "cubic")
    for own in (image, jnp.asarray(image)):
        np.testing.assert_allclose(resized(own, size), theirs, atol=2e-5)


def test_a_line_stays_a_line():
    """Keys' kernel reproduces squares, so a line too: at the new centres, away from the edges."""
    row = 3 * np.arange(32) - 5.0
    centres = (np.arange(64) + 0.5) / 2 - 0.5
    np.testing.assert_allclose((weights(32, 64) @ row)[4:-4], (3 * centres - 5)[4:-4], atol=1e-4)
    np.testing.assert_allclose(weights(32, 64)[4:-4] @ row**2, (3 * centres - 5)[4:-4] ** 2,
                               atol=0.01)  # fmt: skip
    for old, new in ((32, 8), (7, 30), (1, 4)):
        np.testing.assert_allclose(weights(old, new).sum(1), 1, atol=1e-6)


@pytest.mark.parametrize("fields", [{"flip": True}, {"random_crop": 0.4}, {}])
def test_the_small_image_is_that_of_the_large_one_whatever_is_drawn(fields):
    medium = low_resolution((16, 8, 3), 4, **fields)
    large = random_images((2, 16, 16, 8, 3))
    small = shrunk(large / np.float32(127.5) - 1, 4, 8)
    stored = Batch(jnp.asarray(large), jnp.asarray(small))
    before = medium.to_float(stored)
    augment = lambda key, batch: medium.augment(Keys(key), batch)
    after = jax.jit(augment, compiler_options=FAST)(jax.random.key(0), before)
    assert after.condition.shape == (2, 16, 4, 2, 3)
    expected = shrunk(np.asarray(after.sample), 4, 8)
    # Of two sums in other orders one may fall to the other side of a half.
    found = np.rint((np.asarray(after.condition) + 1) * 127.5)
    assert np.abs(found - expected).max() <= 1 and (found == expected).mean() > 0.99
    np.testing.assert_allclose(after.condition, found / np.float32(127.5) - 1, atol=1e-6)
    changed = (after.sample != before.sample).any((2, 3, 4)).mean()
    assert changed > 0.2 if fields else changed == 0


def test_floats_and_back_in_16_bits():
    medium = low_resolution((8, 8, 1), 2, bits=16)
    assert medium.stored.condition.shape == (4, 4, 1)
    assert medium.stored.condition.dtype == np.uint16
    flat = np.full((8, 8, 1), 1234, np.uint16)
    small = shrunk(flat / np.float32(32767.5) - 1, 2, 16)
    np.testing.assert_array_equal(small, 1234)  # a constant image stays what it is


def test_refusals():
    with pytest.raises(ValueError, match=r"data.scale = 3: write one of 2, 4, 8"):
        low_resolution((12, 12, 3), 3)
    with pytest.raises(ValueError, match=r"data.scale = 8 does not divide data.size = 12 x 16"):
        low_resolution((12, 16, 3), 8)
