"""Lengths in images: what they are in steps, and that a batch size does not change them."""

import pytest

from jaxgan.config import default_config
from jaxgan.config.intervals import FIELDS, images_a_step, in_steps


@pytest.mark.parametrize(
    "batch,d_steps,fresh,each", [(64, 1, False, 64), (64, 2, False, 128), (32, 2, True, 64)]
)
def test_images_become_steps_rounded_up(batch, d_steps, fresh, each):
    config = default_config()
    config.train.update(batch=batch, num_d_steps=d_steps, fresh_batches=fresh)
    assert images_a_step(config) == each
    config.in_images.update(train=100 * each + 1, log=each, watch=3 * each - 1)
    found = in_steps(config)
    assert (found.train.steps, found.train.log_every, found.watch.every) == (101, 1, 3)
    assert found.train.sample_every == config.train.sample_every  # 0 images: the field in steps
    assert in_steps(found).to_dict() == found.to_dict()


def test_every_length_has_its_field():
    config = default_config()
    assert set(config.in_images) == set(FIELDS)
    for section, field in FIELDS.values():
        assert isinstance(config[section][field], int)
