"""The medium of images: every channel count and bit depth, there and back."""

import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image
from scipy.spatial.distance import pdist, squareform

from jaxgan.config import default_config
from jaxgan.data.records import Features
from jaxgan.game.game import Batch, Label
from jaxgan.media import images
from jaxgan.media.pixels import DTYPES
from tests.data.image_kinds import encoded, random_images

CHANNELS, BITS = (1, 2, 3, 4, 5), (8, 16)
every_kind = pytest.mark.parametrize(
    ("channels", "bits"), [(channels, bits) for channels in CHANNELS for bits in BITS]
)


def some(medium, n, seed=0):
    """Return n stored images of a medium at random, the extremes among them."""
    shape, dtype = medium.stored.sample.shape, medium.stored.sample.dtype
    top = np.iinfo(dtype).max
    found = np.random.default_rng(seed).integers(0, top + 1, (n, *shape)).astype(dtype)
    found[0, 0, 0], found[-1, -1, -1] = 0, top
    return found


@every_kind
def test_every_stored_value_comes_back(channels, bits):
    count = 2**bits
    shape = (16, count // 16, channels)
    medium = images.images(shape, bits, num_classes=3)
    values = np.arange(count).astype(DTYPES[bits]).reshape(1, *shape[:2], 1)
    values = np.concatenate([np.roll(values, i, 1) for i in range(channels)], -1)
    for array in (np.asarray, jnp.asarray):
        floats = medium.to_float(Batch(array(values))).sample
        assert floats.dtype == medium.spec.sample.dtype and floats.shape[1:] == shape
        back = medium.to_stored(floats)
        assert back.dtype == medium.stored.sample.dtype == DTYPES[bits]
        np.testing.assert_array_equal(back, values)
    assert medium.spec.condition == Label(3)


@every_kind
def test_images_that_are_not_finite_are_refused_by_number(channels, bits):
    medium = images.images((4, 3, channels), bits)
    for bad in (np.nan, np.inf, -np.inf):
        floats = medium.to_float(Batch(some(medium, 5))).sample
        floats[3, 2, 1, channels - 1] = bad
        with pytest.raises(ValueError, match=r"image 3 of 5 is not finite: the generator's"):
            medium.to_stored(floats)


@every_kind
def test_a_file_that_was_written_reads_back_equal(channels, bits, tmp_path):
    medium = images.images((4, 6, channels), bits)
    (image,) = some(medium, 1)
    path = tmp_path / f"image{medium.suffix}"
    medium.write(path, image)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    if medium.suffix == ".npy":
        found = np.load(path)
    else:
        with Image.open(path) as picture:
            found = np.asarray(picture).reshape(image.shape)
    assert found.dtype == image.dtype
    np.testing.assert_array_equal(found, image)


def test_png_is_taken_wherever_it_holds_the_image():
    png = {(channels, 8) for channels in (1, 2, 3, 4)} | {(1, 16)}
    for channels in CHANNELS:
        for bits in BITS:
            expected = ".png" if (channels, bits) in png else ".npy"
            assert images.suffix(channels, bits) == expected


@every_kind
def test_a_sheet_shows_the_images_row_by_row(channels, bits):
    medium = images.images((4, 6, channels), bits)
    samples = some(medium, 6)
    page = np.asarray(medium.sheet(samples, 3))
    shown = samples if bits == 8 else np.round(samples / 257).astype(np.uint8)
    expected = np.concatenate(
        [np.concatenate(list(row), 1) for row in shown.reshape(2, 3, 4, 6, -1)]
    )
    # Of more channels than a picture has the first is shown.
    expected = expected[..., 0] if channels in (1, 5) else expected
    np.testing.assert_array_equal(page, expected)


@every_kind
def test_distances_are_numpys(channels, bits):
    medium = images.images((4, 3, channels), bits)
    samples = medium.to_float(Batch(some(medium, 6))).sample
    found = np.asarray(medium.distances(jnp.asarray(samples), 2))
    for group, distances in zip(samples.reshape(2, 3, -1), found, strict=True):
        expected = squareform(pdist(group)) / np.sqrt(group.shape[-1])
        # atol: on the diagonal two equal numbers of order 1 are subtracted before the root.
        np.testing.assert_allclose(distances, expected, rtol=1e-5, atol=1e-3)


@pytest.mark.parametrize("size", [None, (2, 2)])
def test_a_record_is_decoded_to_what_the_medium_stores(size):
    image = random_images((4, 6, 3))
    features = Features((4, 6, 3), np.dtype("uint8"), "image", "image", "label", ("a", "b"))
    medium = images.for_features(features, size)
    found = medium.decode((encoded(image), 1), features)
    assert found.sample.shape == medium.stored.sample.shape == (*(size or (4, 6)), 3)
    assert found.sample.dtype == medium.stored.sample.dtype
    assert found.condition == 1 and found.condition.dtype == medium.stored.condition.dtype
    assert medium.spec.condition == Label(2)
    if size is None:
        np.testing.assert_array_equal(found.sample, image)


def test_images_of_many_sizes_need_one():
    features = Features((None, None, 3), np.dtype("uint16"), "image", "image", "label", ("a",))
    with pytest.raises(ValueError, match=r"write size=\(height, width\)"):
        images.for_features(features)
    medium = images.for_features(features, (5, 7))
    assert medium.stored.sample.shape == (5, 7, 3) and medium.stored.sample.dtype == np.uint16


@pytest.mark.parametrize(
    ("shape", "bits", "words"),
    [
        ((8, 8), 8, r"shape = \(8, 8\): write \(height, width, channels\)"),
        ((0, 8, 1), 8, r"shape = \(0, 8, 1\): write"),
        ((8, 8, 1), 7, "bits = 7: write 8 or 16"),
    ],
)
def test_shapes_and_bits_of_no_image_are_refused(shape, bits, words):
    with pytest.raises(ValueError, match=words):
        images.images(shape, bits)


def test_a_config_says_the_medium():
    data = default_config().data
    data.update(size=(8, 16), channels=2, bits=16, class_names=("a", "b", "c"), flip=True)
    medium = images.medium(data)
    assert medium.stored.sample.shape == medium.spec.sample.shape == (8, 16, 2)
    assert medium.stored.sample.dtype == np.uint16 and medium.spec.sample.dtype == np.float32
    assert medium.spec.condition == Label(3) and medium.suffix == ".npy"
    assert medium.augment.keywords == {"flip": True, "random_crop": 1.0}
