"""Stored integers and the floats that networks see, exactly."""

import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.media.pixels import shown, to_float, to_stored


def all_values(dtype):
    top = np.iinfo(dtype).max
    return np.arange(0, top + 1, dtype=np.int64).astype(dtype).reshape(2, -1, 1)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("array", [np.asarray, jnp.asarray])
def test_to_float_spans_minus_one_to_one(dtype, array):
    values, top = all_values(dtype), np.iinfo(dtype).max
    images = to_float(array(values))
    assert type(images) is type(array(values)) and images.dtype == np.float32
    images = np.asarray(images)
    assert images.min() == -1 and images.max() == 1
    # float32 rounding of a number in [-1, 1]
    np.testing.assert_allclose(images, values / (top / 2) - 1, rtol=0, atol=2e-7)
    back = np.rint((images.astype(np.float64) + 1) * (top / 2)).astype(dtype)
    np.testing.assert_array_equal(back, values)


def test_to_float_refuses_floats():
    with pytest.raises(ValueError, match="float32"):
        to_float(jnp.zeros((2, 2, 1)))


@pytest.mark.parametrize(("bits", "dtype"), [(8, np.uint8), (16, np.uint16)])
@pytest.mark.parametrize("array", [np.asarray, jnp.asarray])
def test_to_stored_clips_and_rounds_to_the_nearest(bits, dtype, array):
    top = 2**bits - 1
    unit = 2 / top  # of a stored value, in floats
    given = np.array([[-9.0, -1.0, -1 + 0.4 * unit, -1 + 0.6 * unit, 1 - 0.4 * unit, 1.0, 9.0]])
    stored = to_stored(array(given.astype(np.float32)), bits)
    assert stored.dtype == dtype
    np.testing.assert_array_equal(stored, [[0, 0, 0, 1, top, top, top]])


def test_sixteen_bits_are_shown_in_eight():
    values = np.array([0, 128, 129, 257, 385, 386, 65535], np.uint16)  # 257 is one of eight bits
    np.testing.assert_array_equal(shown(values), np.round(values / 257))
    assert shown(values).dtype == np.uint8
    np.testing.assert_array_equal(shown(all_values(np.uint8)), all_values(np.uint8))
    every = np.arange(65536).astype(np.uint16)
    np.testing.assert_array_equal(shown(every), np.round(every / 257))  # no value is half-way
