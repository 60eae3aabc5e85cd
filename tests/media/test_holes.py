"""Images with a hole: in the middle as they are read, anywhere in training."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.data.prepare.prepare import prepare
from jaxgan.data.reader import Reader
from jaxgan.data.records import open_records
from jaxgan.game.keys import Keys
from jaxgan.media.holes import holed, holes
from jaxgan.media.medium import Batch
from tests.data.image_kinds import random_images, stored_images
from tests.data.prepare.test_pairs import write

GRAY = 128 / 127.5 - 1


def test_the_middle_is_cut_out_of_what_is_read(tmp_path):
    write(tmp_path / "in", random_images((3, 9, 6)))
    prepare(tmp_path / "in", tmp_path / "data")
    medium = holes((9, 6, 1))
    with Reader(open_records(tmp_path / "data"), medium) as reader:
        batch = reader.read(np.arange(3))
    whole = stored_images(tmp_path / "data")
    np.testing.assert_array_equal(batch.sample, whole)
    expected = whole.copy()
    expected[:, 2:6, 1:4] = 128
    np.testing.assert_array_equal(batch.condition, expected)
    floats = medium.to_float(batch)
    np.testing.assert_allclose(floats.condition[:, 2:6, 1:4], GRAY, atol=1e-6)


def test_holes_are_drawn_for_each_image():
    """Of half the height and width, wholly inside; every place comes with one probability."""
    samples = jnp.full((50, 40, 4, 6, 1), 5.0)
    found = np.asarray(jax.jit(lambda k: holed(k, samples, 8))(jax.random.key(0)))[..., 0]
    hole = np.isclose(found, GRAY, atol=1e-6)
    assert ((found == 5) | hole).all()
    assert (hole.any(3).sum(2) == 2).all() and (hole.any(2).sum(2) == 3).all()
    assert (hole.sum((2, 3)) == 6).all()
    tops, lefts = hole.any(3).argmax(2), hole.any(2).argmax(2)
    for starts, places in ((tops, 3), (lefts, 4)):
        counts = np.bincount(starts.ravel(), minlength=places)
        assert len(counts) == places
        # Three standard deviations of 2,000 draws, and a half.
        np.testing.assert_allclose(counts / 2000, 1 / places, atol=3.5 * 0.011)
    assert np.corrcoef(tops.ravel(), lefts.ravel())[0, 1] < 0.08


def test_the_hole_is_in_what_a_cut_left():
    rng = np.random.default_rng(0)
    images = jnp.asarray(rng.uniform(-1, 1, (5, 8, 8, 3)), jnp.float32)
    medium = holes((8, 8, 3), flip=True, random_crop=0.5)
    draw = jax.jit(lambda key: medium.augment(Keys(key), Batch(images, images)))
    whole, condition = draw(jax.random.key(1))
    same = np.isclose(condition, whole).all(-1)
    assert (~same).sum((1, 2)).max() <= 16 and (same.sum((1, 2)) >= 48).all()
    np.testing.assert_allclose(np.asarray(condition)[~same], GRAY, atol=1e-6)


def test_images_too_small():
    with pytest.raises(ValueError, match=r"data.size = 3 x 8: write 4 x 4 or larger"):
        holes((3, 8, 1))
