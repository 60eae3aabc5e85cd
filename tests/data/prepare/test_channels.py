"""1 to 6 channels of 8 and 16 bits, from the source to the decoded image, at sizes that differ."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from jaxgan.data.prepare.command import command
from jaxgan.data.prepare.prepare import prepare
from jaxgan.data.records import open_records
from jaxgan.media.decode import decode_record
from jaxgan.media.image_files import BadImageError, inspect, read_picture
from jaxgan.media.resize import fit
from tests.data.image_kinds import encoded, random_images, stored_images

SIZES = [None, (3, 4), (9, 5)]  # as they are; smaller and larger, by no whole number


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 2, 3, 4, 6])
def test_arrays(tmp_path, channels, dtype, size):
    images = random_images((5, 7, 6, channels), dtype)
    np.savez(tmp_path / "a.npz", images=images)
    prepare(tmp_path / "a.npz", tmp_path / "out", size=size, order="source")
    records = open_records(tmp_path / "out")
    assert records.dtype == dtype and records.shape == (*(size or (7, 6)), channels)
    expected = images if size is None else [fit(x, size, "center", "area") for x in images]
    np.testing.assert_array_equal(stored_images(tmp_path / "out"), expected)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "P", "CMYK", "I;16"])
def test_files(tmp_path, mode, channels, bits, size):
    """Every kind of file to every number of channels and bits; the pixels are `read_picture`'s."""
    data = []
    for seed in range(3):
        if mode == "I;16":
            data.append(encoded(random_images((7, 6), np.uint16, seed)))
        elif mode == "CMYK":
            picture = Image.fromarray(random_images((7, 6, 3), seed=seed)).convert("CMYK")
            data.append(encoded(picture, "tiff"))
        else:
            picture = Image.fromarray(random_images((7, 6, 4), seed=seed))
            data.append(encoded(picture.convert("RGB" if mode == "P" else mode).convert(mode)))
    for number, file in enumerate(data):
        suffix = "tif" if mode == "CMYK" else "png"
        (tmp_path / "in").mkdir(exist_ok=True)
        (tmp_path / "in" / f"{number}.{suffix}").write_bytes(file)
    options = {"channels": channels, "bits": bits, "size": size, "order": "source"}
    prepare(tmp_path / "in", tmp_path / "out", **options)
    records = open_records(tmp_path / "out")
    assert records.dtype == f"uint{bits}" and records.shape == (*(size or (7, 6)), channels)
    expected = [read_picture(file, channels, bits) for file in data]
    if size:
        expected = [fit(x, size, "center", "area", channels in (2, 4)) for x in expected]
    np.testing.assert_array_equal(stored_images(tmp_path / "out"), expected)
    shrunk = [decode_record(d, records.features, (2, 5)) for d, _ in records.read(range(3))]
    assert {x.shape for x in shrunk} == {(2, 5, channels)}
    assert {str(x.dtype) for x in shrunk} == {f"uint{bits}"}


def deep_png(image):
    """Return a PNG of 16 bits a channel, which Pillow cannot write. image: [h, w, c] uint16."""

    def chunk(kind, data):
        crc = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc)

    height, width, channels = image.shape
    color = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in image)
    header = struct.pack(">IIBBBBB", width, height, 16, color, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize("channels", [2, 3, 4])
def test_16_bit_colour_is_never_cut_without_a_word(tmp_path, channels, capsys):
    """Pillow reads the upper 8 bits: said, or refused where all 16 are asked for."""
    image = random_images((5, 4, channels), np.uint16)
    data = deep_png(image)
    kind = inspect(data)
    assert (kind.channels, kind.bits, kind.is_deep_colour) == (channels, 8, True)
    np.testing.assert_array_equal(read_picture(data, channels), image >> 8)
    with pytest.raises(BadImageError, match="16-bit colour, of which Pillow reads 8 bits"):
        read_picture(data, channels, 16)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "1.png").write_bytes(data)
    assert command([str(tmp_path / "in"), str(tmp_path / "out"), f"--channels={channels}"]) == 0
    assert "1 images have 16-bit colour, of which 8 bits are read" in capsys.readouterr().err
    with pytest.raises(ValueError, match="give such images as uint16 arrays"):
        command([str(tmp_path / "in"), str(tmp_path / "deep"), "--bits=16"])


def test_16_bit_gray_png_keeps_every_bit(tmp_path):
    image = random_images((5, 4, 1), np.uint16)
    np.testing.assert_array_equal(read_picture(deep_png(image), 1, 16), image)
    assert not inspect(deep_png(image)).is_deep_colour


@pytest.mark.parametrize(("magic", "top", "deep"), [(b"P6", 65535, True), (b"P6", 255, False)])
def test_16_bit_ppm(magic, top, deep):
    dtype = ">u2" if top > 255 else "u1"
    data = b"%s 2 2 %d\n" % (magic, top) + np.full((2, 2, 3), top, dtype).tobytes()
    assert inspect(data).is_deep_colour == deep
    np.testing.assert_array_equal(read_picture(data, 3), 255)
