"""Clips with poses: halves of a film's frames, mirrored alike, refused by name."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from ml_collections import ConfigDict

from jaxgan.data.prepare.prepare import prepare
from jaxgan.data.reader import Reader
from jaxgan.data.records import open_records
from jaxgan.game.keys import Keys
from jaxgan.media import posed_clips
from jaxgan.media.medium import Batch
from tests.data import puppet
from tests.data.image_kinds import random_images


def test_a_film_of_poses_beside_pictures_becomes_clips(tmp_path):
    puppet.write(tmp_path, films=2, frames=4)
    prepare(tmp_path / "films", tmp_path / "data", frames=2, order="source")
    medium = posed_clips.posed_clips((2, 32, 32, 3))
    batch = Reader(open_records(tmp_path / "data"), medium).read(np.arange(4))
    points = [puppet.key_points(puppet.dance(seed, 4), puppet.TARGET) for seed in range(2)]
    for found, drawn in ((batch.condition, puppet.poses), (batch.sample, puppet.frames_of)):
        expected = np.concatenate([drawn(film) for film in points]).reshape(found.shape)
        np.testing.assert_array_equal(found, expected)
    assert medium.stored.sample.shape == batch.sample.shape[1:]
    floats = medium.to_float(jax.tree.map(jnp.asarray, batch))
    np.testing.assert_array_equal(medium.to_stored(floats.sample), batch.sample)
    assert medium.show_condition(batch.condition).shape == (4, 32, 64, 3)


def test_poses_and_pictures_are_mirrored_alike():
    images = random_images((10, 4, 2, 6, 3)).reshape(2, 10, 2, 2, 6, 3)
    medium = posed_clips.posed_clips((2, 2, 6, 3), flip=True)
    batch = medium.to_float(Batch(jnp.asarray(images), jnp.asarray(images)))
    after = medium.augment(Keys(jax.random.key(0)), batch)
    np.testing.assert_array_equal(after.sample, after.condition)
    same, mirrored = (
        np.asarray(after.sample == x).all((2, 3, 4, 5))
        for x in (batch.sample, batch.sample[..., ::-1, :])
    )
    assert (same ^ mirrored).all() and 3 < mirrored.sum() < 17


def test_a_width_that_is_of_no_two_halves_is_refused():
    data = ConfigDict({"size": (2, 8, 16), "channels": 3, "flip": False})
    assert posed_clips.medium(data).spec.condition.shape == (2, 8, 8, 3)
    data.size = (2, 8, 15)
    with pytest.raises(ValueError, match=r"data.size = \(2, 8, 15\) .*: write an even width"):
        posed_clips.medium(data)
