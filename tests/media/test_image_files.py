"""Every kind of image file, good and bad."""

import numpy as np
import pytest
from PIL import Image

from jaxgan.media.image_files import (
    MAX_FILE_BYTES,
    BadImageError,
    inspect,
    is_plain_jpeg,
    read_picture,
)
from tests.data.image_kinds import BAD, CLEAR, GOOD, encoded, messy_files, random_images

FILES = {name.split(".")[0]: data for name, data in messy_files().items()}


def test_the_folder_is_complete():
    assert sorted(FILES) == sorted(GOOD + BAD)


@pytest.mark.parametrize("name", sorted(set(GOOD) - {"gray16", "gray_alpha", "bilevel"}))
def test_colour_files_show_red_and_green(name):
    image = read_picture(FILES[name], 3)
    assert image.shape == (8, 8, 3) and image.dtype == np.uint8
    if "alpha" in name or "clear" in name:
        np.testing.assert_array_equal(image[0, 0], 255)  # transparent: the white below
    # JPEG at quality 100 and CMYK are off by a few units, at the edge between the colours too
    left, right = image[1:, :3].astype(int), image[1:, 5:].astype(int)
    assert np.abs(left - (255, 0, 0)).max() < 12 and np.abs(right - (0, 255, 0)).max() < 12


@pytest.mark.parametrize("name", ["alpha", "palette_clear"])
def test_alpha_is_kept_or_laid_on_the_background(name):
    kept = read_picture(FILES[name], 4)
    assert kept[0, 0, 3] == CLEAR[3] and kept[1, 1].tolist() == [255, 0, 0, 255]
    assert read_picture(FILES[name], 3, background=(1, 2, 3))[0, 0].tolist() == [1, 2, 3]


def test_gray_and_alpha():
    image = read_picture(FILES["gray_alpha"], 2)
    assert image.shape == (8, 8, 2)
    np.testing.assert_array_equal(image[0, :, 0], [76] * 4 + [150] * 4)  # ITU-R 601 of red, green
    np.testing.assert_array_equal(image[..., 1], 255)
    np.testing.assert_array_equal(read_picture(FILES["gray_alpha"], 1), image[..., :1])


def test_bilevel():
    np.testing.assert_array_equal(read_picture(FILES["bilevel"], 1)[0, :, 0], [0] * 4 + [255] * 4)


def test_sixteen_bits():
    stored = [1000] * 4 + [60000] * 4
    np.testing.assert_array_equal(read_picture(FILES["gray16"], 1, 16)[3, :, 0], stored)
    eight = [round(value * 255 / 65535) for value in stored]
    np.testing.assert_array_equal(read_picture(FILES["gray16"], 1, 8)[3, :, 0], eight)
    np.testing.assert_array_equal(read_picture(FILES["gray16"], 4, 8)[0, 0], [4, 4, 4, 255])
    np.testing.assert_array_equal(read_picture(FILES["gray16"], 2, 16)[0, 0], [1000, 65535])
    np.testing.assert_array_equal(read_picture(FILES["rgb"], 3, 16)[0, 0], [65535, 0, 0])


def test_exif_orientations():
    image = random_images((4, 6, 3))
    turned = {
        1: image,
        2: image[:, ::-1],
        3: image[::-1, ::-1],
        4: image[::-1],
        5: image.swapaxes(0, 1),
        6: np.rot90(image, -1),
        7: np.rot90(image, 2).swapaxes(0, 1),
        8: np.rot90(image),
    }
    for orientation, expected in turned.items():
        exif = Image.Exif()
        exif[0x0112] = orientation
        data = encoded(image, exif=exif)
        np.testing.assert_array_equal(read_picture(data, 3), expected)
        assert (inspect(data).height, inspect(data).width) == expected.shape[:2]


@pytest.mark.parametrize(
    ("name", "channels", "bits"),
    [
        *(("rgb", 3, 8), ("alpha", 4, 8), ("palette", 3, 8), ("palette_clear", 4, 8)),
        *(("gray16", 1, 16), ("gray_alpha", 2, 8), ("bilevel", 1, 8), ("cmyk", 3, 8)),
    ],
)
def test_inspect(name, channels, bits):
    kind = inspect(FILES[name])
    assert (kind.height, kind.width, kind.channels, kind.bits) == (8, 8, channels, bits)


REASONS = {
    "bomb": "60000x60000|exceeds limit",
    "empty": "empty file",
    "float_tiff": "floating point",
    "random": "not an image",
    "text": "not an image",
    "truncated": "truncated|broken|unrecognized",
    "truncated_jpeg": "truncated",
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_bad_files_are_rejected_with_a_reason(name, channels, tmp_path):
    (tmp_path / "file.png").write_bytes(FILES[name])
    for source in (FILES[name], tmp_path / "file.png"):
        with pytest.raises(BadImageError, match=REASONS[name]) as error:
            read_picture(source, channels)
        assert "\n" not in str(error.value)


def test_huge_files_are_not_read(tmp_path):
    with open(tmp_path / "huge.png", "wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)  # sparse: takes no disk
    with pytest.raises(BadImageError, match="more than"):
        read_picture(tmp_path / "huge.png", 3)


def test_plain_jpeg():
    data = encoded(random_images((8, 6, 3)), "jpeg")
    assert is_plain_jpeg(data, (8, 6, 3))
    assert not is_plain_jpeg(data, (6, 8, 3)) and not is_plain_jpeg(FILES["rgb"], (8, 8, 3))
    assert not is_plain_jpeg(FILES["exif"], (8, 8, 3))
    assert not is_plain_jpeg(FILES["cmyk"], (8, 8, 3))
