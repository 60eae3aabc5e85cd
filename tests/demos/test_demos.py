"""What the demonstrations compute from a trained network."""

import numpy as np
import pytest

from jaxgan.media.pictures import grid, save_picture
from tests.data.real.wesnoth import MAGENTAS, shades
from tests.demos import codes, dance, furniture, growth, modes, rings, teams
from tests.rings import SPREAD, centres


def test_modes_that_are_covered():
    noise = np.random.default_rng(0).normal(size=(8, 250, 2)) * SPREAD
    full = (centres()[:, None] + noise).reshape(-1, 2)
    modes, near = rings.coverage(full)
    assert modes == 8
    # |N(0, I)| < 3 in two dimensions: 1 - exp(-4.5).
    assert near == pytest.approx(1 - np.exp(-4.5), abs=0.01)
    three = (centres()[:3].repeat(8, 0)[:, None] * np.ones((1, 80, 1))).reshape(-1, 2)
    assert rings.coverage(three) == (3, 1.0)
    assert rings.coverage(np.zeros((100, 2))) == (0, 0.0)


def test_a_cloud_shows_points_where_they_are():
    picture = rings.cloud(np.full((10, 2), [1.45, 1.45]), 30)[..., 0]
    assert picture[0, -1] == 0 and (picture == 255).sum() == 899  # up and right


def test_categories_are_matched_with_classes():
    """Any renaming of the classes agrees fully; one that is wrong counts."""
    rng = np.random.default_rng(0)
    labels, names = rng.integers(0, 6, 500), rng.permutation(6)
    order, agreement = codes.matched(names[labels], labels, 6)
    np.testing.assert_array_equal(order, names)
    assert agreement == 1.0
    wrong = names[labels].copy()
    wrong[:50] = (wrong[:50] + 1) % 6
    assert codes.matched(wrong, labels, 6)[1] == pytest.approx(0.9)
    chance = codes.matched(rng.integers(0, 6, 500), labels, 6)[1]
    assert 1 / 6 <= chance < 0.3


def test_growth_takes_the_first_images_of_each_sheet(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (2, 6, 4, 5, 3), np.uint8)
    sheets = [tmp_path / f"{i}.png" for i in range(2)]
    for sheet, drawn in zip(sheets, images, strict=True):
        save_picture(sheet, grid(drawn, 3))
    found = growth.first_rows(sheets, 4, 5, columns=2)
    np.testing.assert_array_equal(found, images[:, :2].reshape(4, 4, 5, 3))


def test_a_stack_of_digits_is_read_as_its_number():
    """Ten patterns in place of digits: a classifier fitted to them reads any three of them."""
    rng = np.random.default_rng(0)
    patterns = rng.uniform(-1, 1, (10, 32, 32)).astype(np.float32)
    train = patterns.repeat(32, 0)[..., None], np.arange(10).repeat(32)
    digits = rng.integers(0, 10, (50, 3))
    numbers = modes.read(train, np.moveaxis(patterns[digits], 1, -1))
    np.testing.assert_array_equal(numbers, digits @ [100, 10, 1])


def test_numbers_that_are_found():
    assert modes.coverage(np.arange(1000).repeat(3)) == (1000, pytest.approx(0.0))
    assert modes.coverage(np.arange(0, 1000, 2)) == (500, pytest.approx(np.log(2)))
    assert modes.coverage(np.full(20, 7)) == (1, pytest.approx(np.log(1000)))


def test_furniture_is_of_one_part_and_scored_as_defined():
    found, labels = furniture.pieces(50, 0)
    assert found.shape == (50, 16, 16, 16) and {furniture.one_part(x) for x in found} == {1.0}
    assert found[:, :, :, 0].any((1, 2)).all()  # they stand on the floor
    same = furniture.scores(found, labels, found, labels)
    assert same["class"] == same["one part"] == same["overlap"] == 1.0
    assert same["full"] == pytest.approx(found.mean())
    wrong = furniture.scores(found, (labels + 1) % 5, found, labels)
    assert wrong["class"] == 0.0
    blocks = np.zeros((2, 4, 4, 4), bool)
    blocks[0, 0, 0, :3] = blocks[0, 3, 3, 3] = blocks[1, 0, 0, 2:] = True
    twins = furniture.scores(np.repeat(found[:5], 2, 0), labels[:5].repeat(2), found, labels)
    assert twins["alike"] == 1.0 and same["alike"] < 0.5
    assert furniture.one_part(blocks[0]) == 0.75  # 3 of 4 voxels
    assert furniture.one_part(np.zeros((4, 4, 4), bool)) == 0.0
    np.testing.assert_allclose(furniture.overlaps(blocks, blocks), [[1, 1 / 5], [1 / 5, 1]])


def test_a_puppet_made_perfectly_has_no_error_and_stands_where_its_feet_are():
    """Of the true frames errors are 0; of a jittered still pose a change of its own is left."""
    make = lambda points: dance.drawn(dance.frames_of, points)
    error, on_puppet, change, flicker, feet, brought = dance.scores(make)
    assert error == on_puppet == change == 0 < flicker < 0.02
    assert feet > 4 > 1 > brought
    # The puppet's feet are drawn at its ankles.
    points = dance.danced(dance.TARGET, range(1))
    ankles = points[..., [dance.LAYOUT.joints.index(name) for name in dance.LAYOUT.ankles], :2]
    expected = ankles.mean(-2)[..., ::-1] - 0.5  # a pixel's place is its middle
    assert np.abs(dance.shoes(make(points)) - expected).mean() < 0.5


def test_errors_inside_and_outside_of_a_trait():
    source = np.full((2, 4, 4, 3), 100, np.uint8)
    true = source.copy()
    true[:, :2, :, 0] += 81  # the trait: the upper half, in red
    source_is = teams.errors(source, true, source)
    assert source_is == pytest.approx((81 / 3 / 127.5, 0, 0))
    border = true.copy()
    border[:, 2, :, 0] += teams.EDGE  # half of the rest has too little of it
    assert teams.errors(source, border, source)[:2] == pytest.approx(
        (
            81 / 3 / 127.5,
            teams.EDGE / 3 / 127.5 / 2,
        )
    )
    made = true.copy()
    made[:, 3] += 30  # half of the rest is spoiled
    assert teams.errors(made, true, source) == pytest.approx((0, 30 / 2 / 127.5, 1))
    half = source + (true - source) // 3
    assert teams.errors(half, true, source)[2] == pytest.approx(1 / 3)


def test_the_first_magenta_becomes_the_middle_of_the_team():
    """The others in the order of their brightness, between the darkest and the lightest."""
    magentas = [bytes.fromhex(code) for code in MAGENTAS.split(",")]
    found = np.array(shades("blue", magentas))
    assert found[0].tolist() == [0x2E, 0x41, 0x9B]
    order = np.argsort([sum(m) // 3 for m in magentas], kind="stable")
    assert (np.diff(found[order].sum(1)) >= 0).all()
    assert found.min() >= 0x0F and found.max() < 255
