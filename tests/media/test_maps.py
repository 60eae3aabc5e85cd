"""Label maps: classes stay classes, wherever they are resized, cropped or mirrored."""

import struct
import zlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from jaxgan.game.keys import Keys
from jaxgan.media.augment import random_resized_crop
from jaxgan.media.image_files import BadImageError
from jaxgan.media.maps import IGNORED, augment, colours, condition_of, maps, read_map
from jaxgan.media.medium import Batch
from jaxgan.media.resize import fit

RNG = np.random.default_rng(0)
CLASSES = 5


def drawn(n=16, size=(8, 12)):
    """Return pictures, and maps that are the classes of the pictures' values, some ignored."""
    found = RNG.integers(0, CLASSES + 1, (n, *size, 1)).astype(np.uint8)
    found[found == CLASSES] = IGNORED
    return found


def test_networks_see_a_channel_for_each_class():
    found, medium = drawn(), maps((8, 12, 3), CLASSES)
    pictures = RNG.integers(0, 256, (16, 8, 12, 3)).astype(np.uint8)
    seen = medium.to_float(Batch(pictures, found))
    expected = (found == np.arange(CLASSES)).astype(np.float32)
    np.testing.assert_array_equal(seen.condition, expected)
    np.testing.assert_array_equal(np.asarray(seen.condition).sum(-1), found[..., 0] != IGNORED)
    np.testing.assert_allclose(seen.sample, pictures / 127.5 - 1, atol=1e-6)
    assert medium.spec.condition.shape == (8, 12, CLASSES)
    np.testing.assert_array_equal(medium.to_stored(seen.sample), pictures)


def test_no_class_appears_that_was_not_there():
    """Bilinear resizing would make class 2 of 1 and 3."""
    found = np.full((9, 9, 1), 1, np.uint8)
    found[:, 4:] = 3
    for size in ((5, 7), (18, 30), (4, 4)):
        assert set(np.unique(fit(found, size, "center", "nearest"))) <= {1, 3}
    medium = maps((8, 8, 1), CLASSES)
    seen = medium.to_float(Batch(np.zeros((9, 9, 1), np.uint8), found)).condition[None]
    crops = random_resized_crop(jax.random.key(0), jnp.repeat(seen, 32, 0), method="nearest")
    crops = np.asarray(crops)
    assert set(np.unique(crops)) == {0.0, 1.0} and (crops.sum(-1) == 1).all()
    assert set(np.unique(crops.argmax(-1))) == {1, 3}


def test_a_map_is_cut_and_mirrored_as_its_picture():
    """A picture whose value is its class's number keeps to it, but where it is interpolated."""
    steps = np.repeat(np.arange(4), 8)  # wide stripes, so that most pixels are inside one
    found = np.broadcast_to(steps[None, :, None], (64, 32, 32, 1)).astype(np.uint8)
    batch = Batch(jnp.asarray(found, jnp.float32), jnp.asarray(found == np.arange(4), jnp.float32))
    keys = Keys(jax.random.key(3))
    picture, shares = augment(keys, batch, flip=True, random_crop=0.3)
    error = np.abs(np.asarray(picture)[..., 0] - np.asarray(shares).argmax(-1))
    inside = np.asarray(picture)[..., 0] % 1 == 0
    assert inside.mean() > 0.5 and (error[inside] == 0).all() and error.max() <= 0.75
    mirrored = np.asarray(picture)[:, 0, 0, 0] > np.asarray(picture)[:, 0, -1, 0]
    assert 0.2 < mirrored.mean() < 0.8
    plain = augment(keys, batch, flip=False, random_crop=1.0)
    np.testing.assert_array_equal(plain.condition, batch.condition)


def test_crops_of_nearest_pixels_against_a_loop():
    """Each pixel is the one of the source that its centre falls into."""
    images = jnp.arange(2 * 6 * 6, dtype=jnp.float32).reshape(2, 6, 6, 1)
    whole = random_resized_crop(jax.random.key(5), images, (1.0, 1.0), (1.0, 1.0), method="nearest")
    np.testing.assert_array_equal(whole, images)
    found = np.asarray(
        random_resized_crop(jax.random.key(6), images, (0.25, 0.25), (1.0, 1.0), "nearest")
    )
    for image, made in zip(np.asarray(images), found, strict=True):
        rows = np.unique(made[:, 0] // 6 % 6)
        assert len(rows) in (3, 4)  # of a box of 3 x 3
        assert np.isin(made, image).all() and (np.diff(made[:, 0, 0]) >= 0).all()


def gray_png(values, bits):
    """Return a gray PNG of 2 or 4 bits, which Pillow does not write."""
    packed = np.zeros((len(values), values.shape[1] * bits // 8), np.uint8)
    for i, column in enumerate(values.T):
        packed[:, i * bits // 8] |= column << (8 - bits - i * bits % 8)
    chunk = lambda kind, data: (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    )
    head = struct.pack(">IIBBBBB", values.shape[1], values.shape[0], bits, 0, 0, 0, 0)
    rows = b"".join(b"\0" + row.tobytes() for row in packed)
    parts = chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def test_files(tmp_path):
    """Gray values and palette numbers are classes; colour, 16 bits and JPEG are refused by name."""
    found = drawn(1)[0]
    gray = Image.fromarray(found[..., 0])
    gray.save(tmp_path / "gray.png")
    palette = Image.fromarray(found[..., 0], "P")
    palette.putpalette(RNG.integers(0, 256, 768).tolist())
    palette.save(tmp_path / "palette.png")
    for name in ("gray.png", "palette.png"):
        np.testing.assert_array_equal(read_map(tmp_path / name), found)
    np.testing.assert_array_equal(condition_of(gray, CLASSES), found)
    with pytest.raises(ValueError, match=r"gray.png has class 4, and there are 4, from 0 to 3"):
        condition_of(tmp_path / "gray.png", 4)
    for bits in (2, 4):
        classes = np.arange(1 << bits, dtype=np.uint8)[None]
        (tmp_path / "deep.png").write_bytes(gray_png(classes, bits))
        np.testing.assert_array_equal(read_map(tmp_path / "deep.png")[..., 0], classes)
    gray.convert("RGB").save(tmp_path / "colour.png")
    with pytest.raises(BadImageError, match="mode RGB is not a map: write a gray PNG of 8 bits"):
        read_map(tmp_path / "colour.png")
    with pytest.raises(ValueError, match=r"colour.png: mode RGB is not a map"):
        condition_of(tmp_path / "colour.png", CLASSES)
    gray.save(tmp_path / "lossy.jpg")
    with pytest.raises(BadImageError, match="a JPEG, which changes classes: write maps as PNG"):
        read_map(tmp_path / "lossy.jpg")


def test_colours_differ():
    table = colours(np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)).reshape(256, 3)
    assert len(np.unique(table[:24], axis=0)) == 24 and not table[IGNORED].any()
    near = np.abs(np.diff(table[:32].astype(int), axis=0)).max(-1)
    assert near.min() > 60


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"num_classes": None}, "data.map_classes = None with data.medium = 'maps'"),
        ({"num_classes": 4, "bits": 16}, "a map has 8 bits and 255 classes at most"),
        ({"num_classes": 256}, "a map has 8 bits and 255 classes at most"),
    ],
)
def test_refusals(fields, message):
    with pytest.raises(ValueError, match=message):
        maps((8, 8, 3), **fields)
