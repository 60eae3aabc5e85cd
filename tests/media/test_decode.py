"""Stored bytes to arrays: conversions, and what is refused."""

import subprocess
import sys
import tracemalloc
import zlib

import numpy as np
import pytest

from jaxgan.media.decode import Features, decode_record
from jaxgan.media.resize import fit
from tests.data.image_kinds import bomb, encoded, messy_files, random_images

FILES = messy_files()


def test_media_stand_without_data_sets():
    code = "import sys, jaxgan.media.image_files, jaxgan.media.decode, jaxgan.media.resize; "
    code += "sys.exit(any(name.startswith('jaxgan.data') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def features(shape, dtype="uint8"):
    return Features(shape, np.dtype(dtype), "image", "image", "label", ("x",))


def test_stored_modes_are_brought_to_the_channels():
    """TFDS keeps files as they came: gray and CMYK among RGB, palettes."""
    color = features((None, None, 3))
    for name in ("gray_alpha.png", "cmyk.jpg", "palette.png", "webp.webp", "animated.gif"):
        assert decode_record(FILES[name], color).shape == (8, 8, 3)
    np.testing.assert_array_equal(decode_record(FILES["palette.png"], color)[0, 0], [255, 0, 0])
    gray = random_images((5, 4))
    np.testing.assert_array_equal(
        decode_record(encoded(gray), color), np.repeat(gray[..., None], 3, axis=-1)
    )


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_size_is_center_crop_and_area(channels):
    image = random_images((6, 10, channels))
    data = encoded(image[..., 0] if channels == 1 else image)
    small = decode_record(data, features((6, 10, channels)), (3, 3))
    np.testing.assert_array_equal(small, fit(image, (3, 3), "center", "area"))
    same = decode_record(data, features((6, 10, channels)), (6, 10))
    np.testing.assert_array_equal(same, image)


@pytest.mark.parametrize(
    ("data", "shape", "dtype", "message"),
    [
        (encoded(random_images((5, 4, 3))), (4, 5, 3), "uint8", r"\(5, 4\), expected \(4, 5\)"),
        (encoded(random_images((5, 4, 3))), (5, 4, 3), "uint16", "Pillow reads no 16-bit colour"),
        (bomb(), (None, None, 3), "uint8", "pixels"),
        (FILES["truncated.png"], (64, 64, 3), "uint8", "truncated|broken|unrecognized"),
        (b"", (4, 4, 3), "uint8", "cannot identify"),
    ],
)
def test_bad_bytes(data, shape, dtype, message):
    with pytest.raises(Exception, match=message):
        decode_record(data, features(shape, dtype))


def test_a_packed_array_unpacks_no_more_than_its_shape():
    packed = Features((4, 4, 1), np.dtype("uint8"), "zlib", "image", "label", ("x",))
    image = random_images((4, 4, 1))
    np.testing.assert_array_equal(decode_record(zlib.compress(image.tobytes()), packed), image)
    for wrong in (zlib.compress(bytes(1 << 25)), zlib.compress(bytes(15))):
        tracemalloc.start()
        try:
            with pytest.raises(ValueError, match="reshape"):
                decode_record(wrong, packed)
            assert tracemalloc.get_traced_memory()[1] < 1 << 20
        finally:
            tracemalloc.stop()
