"""Pictures from a generator: layout, rounding, and independence of the batch."""

import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from jaxgan import gan, run, sample
from tests.test_train import debug_config


def test_grid_lays_images_out_row_by_row():
    images = np.arange(6 * 2 * 3 * 1).reshape(6, 2, 3, 1)
    sheet = sample.grid(images, columns=3)
    assert sheet.shape == (4, 9, 1)
    for i in range(6):
        row, column = divmod(i, 3)
        cell = sheet[row * 2 : row * 2 + 2, column * 3 : column * 3 + 3]
        np.testing.assert_array_equal(cell, images[i])


def test_uint8_rounds_to_the_nearest_level():
    levels = np.arange(256)
    exact = levels / 127.5 - 1
    np.testing.assert_array_equal(sample.to_uint8(jnp.asarray(exact + 0.003)), levels)
    np.testing.assert_array_equal(sample.to_uint8(jnp.asarray([-7.0, 7.0])), [0, 255])


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5])
def test_png_of_any_channel_count(tmp_path, channels):
    image = np.random.default_rng(0).integers(0, 256, (5, 4, channels), np.uint8)
    sample.save_png(tmp_path / "a" / "b.png", image)
    read = np.asarray(Image.open(tmp_path / "a" / "b.png"))
    expected = image if channels in (3, 4) else image[..., 0]
    np.testing.assert_array_equal(read, expected)


def test_class_rows():
    np.testing.assert_array_equal(sample.class_rows(3), [0, 1, 2])
    rows = sample.class_rows(1000)
    assert len(rows) == 10 and rows[0] == 0 and rows[-1] == 999


def test_image_i_depends_on_seed_and_i_alone(tmp_path):
    made, _ = run.new_run(tmp_path, debug_config())
    sampler = sample.Sampler(made)
    variables = sampler.prepare(gan.init_state(made.gan, 0))
    labels = np.arange(8, dtype=np.int32)
    images = np.asarray(sampler.images(variables, 5, np.arange(8), labels))
    few = np.asarray(sampler.images(variables, 5, np.array([6, 1]), labels[[6, 1]]))
    # Another batch size is another program: a few float32 roundings of values up to 1.
    np.testing.assert_allclose(few, images[[6, 1]], atol=2e-6)
    other = np.asarray(sampler.images(variables, 6, np.arange(8), labels))
    assert np.abs(other - images).max() > 0.01
