"""Transitions: bytes to floats without a bit lost, actions to 0 and 1 and back."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.config import check, default_config
from jaxgan.data.prepare.write import ImageFormat
from jaxgan.media.transitions import encoded, medium, transitions

OBSERVED = np.array([[0.1, -8.0, 3e-39], [np.pi, 1e30, -0.0]], np.float32)


def test_a_record_holds_every_bit():
    stored = ImageFormat((1, 1, 12), encoding="zlib")
    found = transitions(3, 3)
    for row, image in zip(OBSERVED, encoded(OBSERVED), strict=True):
        batch = found.decode((stored.encode(image), 2), stored.features(("a", "b", "c")))
        observation, action = batch.sample
        assert observation.tobytes() == row.tobytes() and action == 2 and batch.condition == ()


def test_actions_are_zeros_and_ones_and_back():
    found = transitions(3, 4)
    stored = (jnp.asarray(OBSERVED), jnp.array([3, 0], jnp.int32))
    batch = found.to_float(found.stored._replace(sample=stored))
    np.testing.assert_array_equal(batch.sample[1], [[0, 0, 0, 1], [1, 0, 0, 0]])
    for back, was in zip(found.to_stored(batch.sample), stored, strict=True):
        np.testing.assert_array_equal(back, was)
        assert back.dtype == was.dtype
    shapes = jax.tree.map(lambda x: (x.shape, x.dtype), batch.sample)
    spec = jax.tree.map(lambda x: ((2, *x.shape), x.dtype), found.spec.sample)
    assert shapes == spec


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"flip": True}, "data.flip = True with .*: this changes images .*: write False"),
        ({"random_crop": 0.5}, "data.random_crop = 0.5 with .*: write 1.0"),
    ],
)
def test_refused(fields, message):
    config = default_config("policy", "gail")
    config.data.update(medium="transitions", channels=12, bits=8, class_names=("a", "b"))
    check(config, 1)
    assert medium(config.data).spec.sample[0].shape == (3,)
    config.data.update(fields)
    with pytest.raises(ValueError, match=message):
        check(config, 1)
