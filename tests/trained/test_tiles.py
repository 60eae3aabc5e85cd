"""Tiles: what is made of them, blended, is what would be made of the whole image."""

from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

import jaxgan
from jaxgan.trained import tiles
from jaxgan.trained.translate import translate_folder
from tests.data.image_kinds import random_images
from tests.data.prepare.test_pairs import write
from tests.tiny import run_of, tiny_pairs_config

IMAGE = np.random.default_rng(0).uniform(-1, 1, (45, 70, 2)).astype(np.float32)


@pytest.mark.parametrize(("tile", "overlap"), [(16, 8), (16, 5), (16, 0), (64, 32), (100, 7)])
def test_what_looks_at_single_pixels_sees_no_tiles(tile, overlap):
    found = tiles.tiled(lambda x: 2 * x**2 - 1, IMAGE, tile, overlap)
    np.testing.assert_allclose(found, 2 * IMAGE**2 - 1, atol=1e-6)


def blurred(images):
    """Return the mean of 5 x 5 pixels, zeros outside: it looks 2 pixels around."""
    padded = np.pad(images, ((0, 0), (2, 2), (2, 2), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (5, 5), (1, 2))
    return windows.mean((-1, -2), dtype=np.float64).astype(np.float32)


def test_a_convolution_that_looks_a_quarter_of_the_overlap_around_sees_no_tiles():
    """At the tiles' edges it pads with zeros, at the image's as without tiles."""
    whole = blurred(IMAGE[None])[0]
    np.testing.assert_allclose(tiles.tiled(blurred, IMAGE, 20, 8), whole, atol=1e-6)
    seams = np.abs(tiles.tiled(blurred, IMAGE, 20, 2) - whole).max()  # with too small an overlap
    assert seams > 0.01


def test_enlarged_tiles():
    twice = lambda x: x.repeat(2, 1).repeat(2, 2)
    found = tiles.tiled(twice, IMAGE, 16, 8)
    np.testing.assert_allclose(found, twice(IMAGE[None])[0], atol=1e-6)


def test_tiles_cover_the_image_and_are_of_one_size():
    for length in range(1, 60):
        for overlap in (0, 3, 8):
            starts = tiles.places(length, 16, overlap)
            ends = [min(start + 16, length) for start in starts]
            assert starts[0] == 0 and ends[-1] == length
            assert all(b - a <= 16 - overlap for a, b in pairwise(starts))
            assert len({e - s for s, e in zip(starts, ends, strict=True)}) == 1


def test_windows_of_neighbours_add_up_to_one():
    first, second = (tiles.window(32, 12, *ends) for ends in ((True, False), (False, True)))
    np.testing.assert_allclose(first[20:] + second[:12], 1, atol=1e-6)
    assert not second[:3].any() and (first[:20] == 1).all() and (second[9:] == 1).all()


@pytest.fixture(scope="module")
def translator(tmp_path_factory):
    folder = tmp_path_factory.mktemp("translator") / "run"
    run_of(folder, tiny_pairs_config())
    return jaxgan.load(folder)


@pytest.mark.slow
def test_a_translator_takes_tiles(translator):
    """A U-Net looks further than its tiles; an image that is one tile is made whole."""
    sources = random_images((2, 16, 48, 1))
    made = translator.translate(sources, seed=3, tile=32, overlap=16)
    assert made.shape == (2, 16, 48, 3) and made.dtype == np.uint8
    left, right = (translator.translate(sources[:, :, s], seed=3) for s in
                   (slice(0, 32), slice(16, 48)))  # fmt: skip
    # Beyond the overlap it is the tile's.
    assert np.abs(made[:, :, :16].astype(int) - left[:, :, :16]).max() <= 1
    assert np.abs(made[:, :, 32:].astype(int) - right[:, :, 16:]).max() <= 1
    one = translator.translate(sources, seed=3, tile=64, overlap=32)
    assert np.abs(one.astype(int) - translator.translate(sources, seed=3)).max() <= 1
    odd = translator.translate(random_images((1, 41, 35, 1)), tile=32, overlap=16)
    assert odd.shape == (1, 41, 35, 3)  # which 16 does not divide


@pytest.mark.slow
def test_a_folder_is_translated_in_tiles(translator, tmp_path):
    """Of sizes that the network cannot halve; what does not fit is refused with the file's name."""
    images = random_images((2, 33, 21))
    write(tmp_path / "in", images)
    flags = {"seed": 2, "tile": 16}
    with pytest.raises(
        ValueError, match=r"in/0.png: overlap = 4, tiles 12 pixels apart: .* 12 x 12"
    ):
        translate_folder(translator, tmp_path / "in", tmp_path / "out", **flags, overlap=4)
    assert not (tmp_path / "out").exists()
    translate_folder(translator, tmp_path / "in", tmp_path / "out", **flags, overlap=0)
    made = translator.translate(images[..., None], **flags, overlap=0)
    for number, expected in enumerate(made):
        with Image.open(tmp_path / "out" / f"{number}.png") as picture:
            np.testing.assert_array_equal(np.asarray(picture), expected)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("tile", "overlap", "said"),
    [
        (20, 4, r"^tile = 20: images of 20 x 20: .* sides that 16 divides"),
        (32, 8, r"^overlap = 8, tiles 24 pixels apart: images of 24 x 24: .* 16 divides"),
    ],
)
def test_tiles_that_do_not_fit_the_network_are_refused(translator, tile, overlap, said):
    with pytest.raises(ValueError, match=said):
        translator.translate(random_images((1, 48, 48, 1)), tile=tile, overlap=overlap)


@pytest.mark.parametrize(("tile", "overlap"), [(32, 17), (32, -1), (-16, 0), (0, 0)])
def test_tiles_that_cannot_be_blended_are_refused(tile, overlap):
    with pytest.raises(
        ValueError, match=rf"^tile = {tile}, overlap = {overlap}: write a tile of 1"
    ):
        tiles.refuse(tile, overlap)
