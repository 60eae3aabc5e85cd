"""Couples: both images of a record side by side, each cut and mirrored by a draw of its own."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from ml_collections import ConfigDict

from jaxgan.data.prepare.prepare import prepare
from jaxgan.data.reader import Reader
from jaxgan.data.records import open_records
from jaxgan.game.keys import Keys
from jaxgan.media.couples import halves, medium
from jaxgan.media.medium import Batch
from tests.data.image_kinds import random_images, stored_images
from tests.data.prepare.test_pairs import write


def data(**fields):
    base = {"size": (8, 6), "channels": 2, "source_channels": 1, "bits": 8, "flip": False}
    return ConfigDict(base | {"random_crop": 1.0, "class_names": ("domains",)} | fields)


def test_a_record_becomes_a_couple(tmp_path):
    for name in ("a", "b"):
        write(tmp_path / name, random_images((4, 8, 6), seed=ord(name)))
    prepare(tmp_path / "a", tmp_path / "data", domains=str(tmp_path / "b"))
    joined = stored_images(tmp_path / "data")
    with Reader(open_records(tmp_path / "data"), medium(data())) as reader:
        couples = reader.read(np.arange(4)).sample
    assert couples.shape == (4, 8, 12, 1)
    for half, channel in zip(halves(couples), (0, 1), strict=True):
        np.testing.assert_array_equal(half[..., 0], joined[..., channel])


def test_each_half_has_a_draw_of_its_own():
    rows = jnp.broadcast_to(jnp.arange(6.0)[:, None], (64, 8, 6, 1))
    batch = Batch(jnp.concatenate([rows, rows], 2), jnp.zeros(64, jnp.int32))
    found = medium(data(flip=True)).augment(Keys(jax.random.key(0)), batch)
    mirrored = [np.asarray(half[:, 0, 0, 0]) > 0 for half in halves(found.sample)]
    assert {tuple(pair) for pair in zip(*mirrored, strict=True)} == {
        (False, False), (False, True), (True, False), (True, True)
    }  # fmt: skip
    for half in halves(found.sample):  # whole images still
        np.testing.assert_array_equal(np.sort(half[:, 0, :, 0], -1), np.tile(np.arange(6), (64, 1)))


def test_images_of_two_kinds_are_refused():
    with pytest.raises(ValueError, match=r"data.source_channels = 1 of 4 channels: .* --channels"):
        medium(data(channels=4))
