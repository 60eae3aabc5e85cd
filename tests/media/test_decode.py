"""Stored bytes to arrays: conversions, and what is refused."""

import io
import subprocess
import sys
import tracemalloc
import zlib

import numpy as np
import pytest
from PIL import Image

from jaxgan.media import decode
from jaxgan.media.decode import Features, decode_jpeg, decode_record
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


def jpegs() -> dict[str, bytes]:
    """Return JPEG files of many kinds, by name."""
    rng, files = np.random.default_rng(0), {}

    def add(name: str, picture: Image.Image, **options):
        out = io.BytesIO()
        picture.save(out, "JPEG", **options)
        files[name] = out.getvalue()

    for height, width in ((8, 8), (17, 23), (1, 5), (64, 48), (31, 100)):
        smooth = np.linspace(0, 200, height * width * 3).reshape(height, width, 3)
        image = (smooth + rng.integers(0, 55, smooth.shape)).astype(np.uint8)
        for quality in (40, 90, 100):
            for subsampling in (0, 1, 2):
                for progressive in (False, True):
                    options = {"quality": quality, "subsampling": subsampling}
                    name = f"{height}x{width} {quality} {subsampling} {progressive}"
                    add(name, Image.fromarray(image), progressive=progressive, **options)
        add(f"{height}x{width} gray", Image.fromarray(image[..., 0]))
        add(f"{height}x{width} cmyk", Image.fromarray(image).convert("CMYK"))
        add(f"{height}x{width} rgb", Image.fromarray(image), keep_rgb=True)
    return files


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [None, (7, 9)])
def test_the_fast_decoder_equals_pillow(monkeypatch, channels, size):
    fast = pytest.importorskip("simplejpeg")
    stored, files = features((None, None, channels)), jpegs()
    found = {name: decode_record(data, stored, size) for name, data in files.items()}
    taken = {name for name, data in files.items() if decode_jpeg(data, stored) is not None}
    assert len(taken) == {1: 5, 3: 5 * 18}[channels]  # gray; YCbCr of all qualities
    monkeypatch.setattr(decode, "simplejpeg", None)
    assert fast is not None and decode_jpeg(next(iter(files.values())), stored) is None
    for name, data in files.items():
        wanted = decode_record(data, stored, size)
        assert found[name].dtype == wanted.dtype
        np.testing.assert_array_equal(found[name], wanted, err_msg=name)


def test_the_fast_decoder_writes_where_it_is_told():
    pytest.importorskip("simplejpeg")
    for channels in (1, 3):
        stored = features((None, None, channels))
        for name, data in jpegs().items():
            wanted = decode_record(data, stored)
            out = np.zeros_like(wanted)
            found = decode_record(data, stored, out=out)
            assert (found is out) == (decode_jpeg(data, stored) is not None), name
            np.testing.assert_array_equal(found, wanted, err_msg=name)
            for other in (np.zeros_like(wanted[1:]), np.zeros(wanted.shape, np.uint16)):
                assert decode_record(data, stored, out=other) is not other
                assert not other.any()


def test_the_fast_decoder_leaves_damage_to_pillow(monkeypatch):
    pytest.importorskip("simplejpeg")
    whole = jpegs()["64x48 90 0 False"]
    small = jpegs()["8x8 90 0 False"]
    for data in (whole[:-200], whole[:30], small):
        errors = []
        for package in (decode.simplejpeg, None):
            monkeypatch.setattr(decode, "simplejpeg", package)
            with pytest.raises((OSError, ValueError)) as raised:
                decode_record(data, features((64, 48, 3)), out=np.empty((64, 48, 3), np.uint8))
            errors.append((type(raised.value), str(raised.value).partition("0x")[0]))
        assert errors[0] == errors[1]
        monkeypatch.undo()
