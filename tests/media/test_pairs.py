"""Pairs: an array of both images, cut and mirrored as one."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from ml_collections import ConfigDict

from jaxgan.game.keys import Keys
from jaxgan.media import domains
from jaxgan.media.medium import Batch
from jaxgan.media.pairs import pairs
from tests.data.image_kinds import random_images


@pytest.mark.parametrize("fields", [{"flip": True}, {"random_crop": 0.5}])
def test_two_equal_images_stay_equal_whatever_is_drawn(fields):
    medium = pairs((8, 6, 6), 3, **fields)
    images = random_images((2, 16, 8, 6, 3))
    batch = medium.to_float(Batch(jnp.asarray(images), jnp.asarray(images)))
    after = medium.augment(Keys(jax.random.key(0)), batch)
    np.testing.assert_array_equal(after.sample, after.condition)
    assert (after.sample != batch.sample).any((2, 3, 4)).mean() > 0.2  # and something was drawn


def test_floats_and_back():
    medium = pairs((4, 4, 4), 1, bits=16)
    batch = Batch(random_images((3, 4, 4, 3), np.uint16), random_images((3, 4, 4, 1), np.uint16))
    floats = medium.to_float(jax.tree.map(jnp.asarray, batch))
    for found, stored in zip(floats, batch, strict=True):
        np.testing.assert_allclose(found, stored / 32767.5 - 1, atol=1e-6)
    np.testing.assert_array_equal(medium.to_stored(floats.sample), batch.sample)
    assert medium.stored.sample.shape == (4, 4, 3) and medium.spec.condition.shape == (4, 4, 1)


@pytest.mark.parametrize("channels", [None, 0, 3, 4])
def test_channels_of_no_pair_are_refused(channels):
    with pytest.raises(ValueError, match=f"data.source_channels = {channels}"):
        pairs((4, 4, 3), channels)


def test_the_images_of_two_domains_are_mirrored_on_their_own():
    images = random_images((400, 4, 6, 1))
    stored = Batch(jnp.asarray(images), jnp.asarray(images))
    data = ConfigDict({"size": (4, 6), "channels": 2, "source_channels": 1, "bits": 8})
    data.update(flip=True, random_crop=1.0)
    medium = domains.medium(data)
    before = medium.to_float(stored)
    after = medium.augment(Keys(jax.random.key(0)), before)
    mirrored = [(x != y).any((1, 2, 3)) for x, y in zip(after, before, strict=True)]
    both = np.asarray(mirrored[0] & mirrored[1]).mean()
    # Of 400 images: a standard deviation of 0.022.
    assert abs(both - 0.25) < 0.1, both
