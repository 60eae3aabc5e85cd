"""Holes: in the middle of what the network sees, whatever is done to the image before."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from ml_collections import ConfigDict

from jaxgan.game.keys import Keys
from jaxgan.media import holes
from jaxgan.media.medium import Batch
from tests.data.image_kinds import random_images


def of(**fields):
    data = ConfigDict({"size": (8, 12), "channels": 3, "bits": 8})
    data.update({"flip": False, "random_crop": 1.0} | fields)
    return holes.medium(data)


@pytest.mark.parametrize("fields", [{}, {"flip": True}])
def test_a_quarter_of_the_image_is_hidden_and_the_rest_is_the_sample(fields):
    images = random_images((20, 8, 12, 3))
    medium = of(**fields)
    batch = medium.to_float(Batch(jnp.asarray(images), jnp.asarray(images)))
    seen = medium.augment(Keys(jax.random.key(0)), batch)
    sample, condition = map(np.array, seen)
    assert not condition[:, 2:6, 3:9].any()
    sample[:, 2:6, 3:9] = 0
    np.testing.assert_array_equal(condition, sample)
    np.testing.assert_allclose(batch.sample, images / 127.5 - 1, atol=1e-6)


def test_stored_images_and_floats_agree_on_the_hole():
    """What is decoded has the hole; cutting it again changes no float."""
    images = random_images((3, 8, 12, 3))
    medium = of()
    stored = holes.stored_with_hole(images)
    assert (stored[:, 2:6, 3:9] == 127).all()
    outside = np.ones((8, 12), bool)
    outside[2:6, 3:9] = False
    np.testing.assert_array_equal(stored[:, outside], images[:, outside])
    floats = [medium.to_float(Batch(images, x)).condition for x in (images, stored)]
    np.testing.assert_array_equal(*floats)
    np.testing.assert_array_equal(medium.show_condition(images), stored)
