"""Augmentations before the discriminator: what they do to pixels, and their state."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from jaxgan.game.schedules import of_steps
from jaxgan.game.terms import ada, augmentations

IMAGES = np.random.default_rng(0).uniform(-1, 1, (16, 8, 16, 3)).astype(np.float32)


def key():
    return jax.random.key(2)


def test_a_shift_moves_pixels_and_fills_with_zeros():
    found = np.asarray(augmentations.shifted(jnp.asarray(IMAGES), key()))
    seen = set()
    for before, after in zip(IMAGES, found, strict=True):
        moves = [(dy, dx) for dy in (-1, 0, 1) for dx in (-2, -1, 0, 1, 2)]
        padded = np.pad(before, ((1, 1), (2, 2), (0, 0)))
        same = [
            m for m in moves
            if np.array_equal(padded[1 - m[0] : 9 - m[0], 2 - m[1] : 18 - m[1]], after)
        ]  # fmt: skip
        assert len(same) == 1  # an eighth of 8 and of 16
        seen.add(same[0])
    assert len(seen) > 5


def test_cutout_is_one_box_of_half_the_sides():
    ones = jnp.ones((64, 8, 16, 1))
    cut = np.asarray(augmentations.cut_out(ones, key()))[..., 0] == 0
    for box in cut:
        rows, columns = box.any(1), box.any(0)
        np.testing.assert_array_equal(box, rows[:, None] & columns[None])
        assert 2 <= rows.sum() <= 4 and 4 <= columns.sum() <= 8  # cut at the edges
    assert (cut.sum((1, 2)) == 32).any()
    assert cut.any(0).all()  # everywhere


def test_color_is_an_affine_map_of_each_image():
    found = np.asarray(augmentations.colored(jnp.asarray(IMAGES), key()), np.float64)
    for before, after in zip(IMAGES.astype(np.float64), found, strict=True):
        gray, gray_after = before.mean(-1), after.mean(-1)
        contrast, offset = np.polyfit(gray.ravel(), gray_after.ravel(), 1)
        np.testing.assert_allclose(contrast * gray + offset, gray_after, atol=1e-5)
        assert 0.5 <= contrast <= 1.5
        brightness = after.mean() - before.mean()  # contrast keeps the mean
        assert abs(brightness) <= 0.5
        chroma, chroma_after = before - gray[..., None], after - gray_after[..., None]
        saturation = (chroma_after * chroma).sum() / (chroma * chroma).sum() / contrast
        np.testing.assert_allclose(contrast * saturation * chroma, chroma_after, atol=1e-5)
        assert 0 <= saturation <= 2


def test_instance_noise_falls_to_zero():
    noise = augmentations.instance_noise(of_steps("linear(0.4, 0, images=100)", images=40))
    for step, std in ((0, 0.4), (1, 0.24), (2, 0.08)):
        added = noise.apply({}, jnp.zeros((64, 8, 8, 3)), key(), jnp.int32(step))
        assert float(added.std()) == pytest.approx(std, rel=0.03)  # of 12,288 draws
    x = jnp.asarray(IMAGES)
    np.testing.assert_array_equal(noise.apply({}, x, key(), jnp.int32(3)), x)


def test_ada_by_a_schedule_and_its_cutout():
    """Of white images the share p gets a gray box, of at most half of both sides."""
    ramp = of_steps("ramp_up(0.5, images=100)", images=50)
    augment = ada.scheduled(ramp, color=0.0, cutout=True)
    white, apply = jnp.ones((800, 8, 8, 1)), jax.jit(augment.apply)
    assert augment.init() == {} and augment.update({}, jnp.ones(3)) == {}
    for step, p in ((0, 0.0), (1, 0.25), (2, 0.5)):
        seen = np.asarray(apply({}, white, key(), jnp.int32(step)))
        is_gray = np.isclose(seen, 0.0)
        assert np.isclose(seen[~is_gray], 1.0).all()  # geometry mirrors white at the edges
        boxes = is_gray.sum((1, 2, 3))
        assert (boxes > 0).mean() == pytest.approx(p, abs=4 * 0.5 / np.sqrt(800))
        assert boxes.max() <= 16


transformed = jax.jit(ada.transformed)
resampled = jax.jit(ada.resampled)


def square(n: int = 16):
    return jnp.asarray(IMAGES[:n, :, :8])


def test_ada_with_probability_zero_changes_nothing():
    np.testing.assert_array_equal(transformed(square(), key(), jnp.float32(0.0)), square())


def test_a_quarter_turn_and_a_shift_are_exact():
    image = square()[0]
    turn = ada._rotation(jnp.float32(np.pi / 2))  # (y, x) -> (-x, y)
    np.testing.assert_array_equal(resampled(image, turn), np.rot90(image))
    moved = resampled(image, ada._shift(jnp.float32(2), jnp.float32(-1)))
    np.testing.assert_array_equal(moved[2:, :-1], image[:-2, 1:])
    np.testing.assert_array_equal(moved[:2, :-1], image[2:0:-1, 1:])  # mirrored at the edge
    flipped = resampled(image, ada._scale(jnp.float32(1), jnp.float32(-1)))
    np.testing.assert_array_equal(flipped, image[:, ::-1])


def test_scaling_by_two_is_bilinear():
    """A linear ramp stays a linear ramp."""
    y, x = np.mgrid[:9, :9].astype(np.float32)
    ramp = jnp.asarray((0.1 * y - 0.2 * x)[..., None])
    found = resampled(ramp, ada._scale(jnp.float32(2), jnp.float32(2)))
    expected = 0.1 * (4 + (y - 4) / 2) - 0.2 * (4 + (x - 4) / 2)
    np.testing.assert_allclose(found[..., 0], expected, atol=1e-5)


def test_a_third_of_hue_turns_red_to_green_to_blue():
    m = np.asarray(ada._hue(jnp.float32(2 * np.pi / 3)))
    np.testing.assert_allclose(m, np.roll(np.eye(3), 1, 0), atol=1e-6)


def test_shares_of_what_is_chosen():
    """With p, geometry leaves (1 - p / 2)(1 - 3 p / 4)(1 - p)^3 (1 - p) nearly as it is; so does
    color with (1 - p)^4 (1 - p / 2)."""
    p, n = 0.3, 4000
    keys = jax.random.split(key(), (2, n))
    ms = jax.jit(jax.vmap(lambda k: ada.geometry(k, jnp.float32(p), 64, 64)))(keys[0])
    same = np.abs(np.asarray(ms) - np.eye(3)).max((1, 2)) < 1e-6
    # A whole shift is 0 for both sides at once in 1 of 17^2 draws or so: not counted.
    expected = (1 - p / 2) * (1 - 3 * p / 4) * (1 - p) * (1 - p) ** 2 * (1 - p) * (1 - p)
    assert same.mean() == pytest.approx(expected, abs=4 * np.sqrt(expected / n))
    matrices, offsets = jax.jit(jax.vmap(lambda k: ada.colors(k, jnp.float32(p), 3)))(keys[1])
    same = np.abs(np.asarray(matrices) - np.eye(3)).max((1, 2)) < 1e-6
    same &= np.abs(np.asarray(offsets)).max(1) == 0
    expected = (1 - p) ** 4 * (1 - p / 2)
    assert same.mean() == pytest.approx(expected, abs=4 * np.sqrt(expected / n))


def test_the_probability_follows_the_signs_and_stays_in_its_bounds():
    augment = ada.ada(target=0.5, images=100.0)
    state = augment.init()
    sure, unsure = jnp.array([3.0, 2.0, 1.0, -1.0, 2.0, 2.0, 2.0, 2.0]), jnp.full(8, -1.0)
    for logits, expected in ((unsure, 0.0), (sure, 0.08), (sure, 0.16), (unsure, 0.08)):
        state = augment.update(state, logits)
        assert float(state["p"]) == pytest.approx(expected, abs=1e-6)
    for _ in range(14):
        state = augment.update(state, sure)
    assert float(state["p"]) == 1.0


@pytest.mark.parametrize("part", [*augmentations.PARTS, "ada"])
def test_gradients_reach_the_image(part):
    if part == "ada":
        f = lambda x: transformed(x, key(), jnp.float32(0.9))
    else:
        f = lambda x: augmentations.PARTS[part](x, key())
    # All are linear or affine in the image: finite differences are exact but for rounding.
    check_grads(
        jax.jit(lambda x: (f(x) ** 2).mean()), (square(4),), 1, ["rev"], rtol=0.02, atol=0.02
    )
