"""Augmentation against numpy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from jaxgan.game import steps
from jaxgan.game.keys import Keys
from jaxgan.media.augment import augmented, random_flip, random_resized_crop
from jaxgan.media.medium import Batch
from jaxgan.media.pixels import to_float
from jaxgan.training import run
from jaxgan.training.step import training_step
from tests.tiny import drawn, tiny_config

flip = jax.jit(random_flip, static_argnames=("horizontal", "vertical"))  # one compilation each
crop = jax.jit(random_resized_crop, static_argnames=("area", "ratio"))


def batch(shape, key=0):
    return jax.random.uniform(jax.random.key(key), shape)


@pytest.mark.parametrize("leading", [(), (64,), (2, 3, 8)])
def test_flip_mirrors_whole_images(leading):
    images = batch((*leading, 4, 6, 3))
    flipped = np.asarray(flip(jax.random.key(1), images)).reshape(-1, 4, 6, 3)
    flat = np.asarray(images).reshape(-1, 4, 6, 3)
    mirrored = [np.array_equal(f, x[:, ::-1]) for f, x in zip(flipped, flat, strict=True)]
    kept = [np.array_equal(f, x) for f, x in zip(flipped, flat, strict=True)]
    assert np.all(np.array(mirrored) ^ np.array(kept))
    if len(flat) > 1:
        assert 0.2 < np.mean(mirrored) < 0.8


def test_vertical_flip_alone():
    images = batch((64, 4, 6, 3))
    flipped = flip(jax.random.key(1), images, horizontal=False, vertical=True)
    images, flipped = np.asarray(images), np.asarray(flipped)
    mirrored = [np.array_equal(f, x[::-1]) for f, x in zip(flipped, images, strict=True)]
    kept = [np.array_equal(f, x) for f, x in zip(flipped, images, strict=True)]
    assert np.all(np.array(mirrored) ^ np.array(kept)) and 0.2 < np.mean(mirrored) < 0.8


def test_flip_is_a_function_of_the_key():
    images = batch((64, 4, 4, 1))
    first = flip(jax.random.key(1), images)
    np.testing.assert_array_equal(first, flip(jax.random.key(1), images))
    assert not np.array_equal(first, flip(jax.random.key(2), images))


def test_whole_crop_is_the_identity():
    images = batch((2, 2, 8, 6, 3))
    cropped = crop(jax.random.key(1), images, area=(1.0, 1.0), ratio=(1.0, 1.0))
    np.testing.assert_allclose(cropped, images, atol=1e-6)  # rounding of the weights


def test_crop_is_a_box_resized():
    """A ramp stays a ramp: the slope tells the box's size, the mean its centre."""
    height, width = 32, 48
    rows, columns = np.mgrid[:height, :width].astype(np.float32) + 0.5
    images = jnp.broadcast_to(np.stack([rows, columns], -1), (50, height, width, 2))
    crops = np.asarray(crop(jax.random.key(3), images, area=(0.25, 0.6), ratio=(0.5, 2.0)))
    inner = crops[:, 4:-4, 4:-4]  # away from the border, where the filter has no neighbour
    tall = np.diff(inner[..., 0], axis=1).mean((1, 2))
    wide = np.diff(inner[..., 1], axis=2).mean((1, 2))
    # slope 1 would be the whole image
    assert np.all(tall <= 1 + 1e-4) and np.all(wide <= 1 + 1e-4)
    whole = (tall < 0.999) & (wide < 0.999)
    assert np.all((tall * wide)[whole] > 0.25 - 1e-3) and np.all((tall * wide)[whole] < 0.6 + 1e-3)
    assert np.all(wide / tall > 0.5 - 1e-3) and np.all(wide / tall < 2 + 1e-3)
    top = inner[:, 0, 0, 0] - 4.5 * tall
    assert np.all(top > -1e-2) and np.all(top + tall * height < height + 1e-2)
    left = inner[:, 0, 0, 1] - 4.5 * wide
    assert np.all(left > -1e-2) and np.all(left + wide * width < width + 1e-2)
    assert np.std(top) > 1 and np.std(left) > 1 and np.std(tall) > 0.05


def test_half_size_crop_equals_pillow():
    """A box of half the size is enlarged as Pillow's bilinear does it, away from the border."""
    image = np.asarray(batch((16, 16, 1)))
    half = crop(jax.random.key(0), jnp.asarray(image), area=(0.25, 0.25), ratio=(1.0, 1.0))
    place_key = jax.random.split(jax.random.split(jax.random.key(0), ()), 3)[2]
    y, x = np.asarray(jax.random.uniform(place_key, (2,))) * 8
    expected = Image.fromarray(image[..., 0]).resize(
        (16, 16), Image.Resampling.BILINEAR, box=(x, y, x + 8, y + 8)
    )
    # the samples at the border see pixels outside the box here, but not in Pillow
    np.testing.assert_allclose(half[1:-1, 1:-1, 0], np.asarray(expected)[1:-1, 1:-1], atol=1e-5)


def test_a_step_trains_on_what_the_config_says(monkeypatch, tmp_path):
    """A function of (images, seed, step): the same again, others at another step."""

    def seen(step, **fields):
        opened = run.open_run(tmp_path, tiny_config(**fields))
        shapes = run.abstract_state(opened)
        state = jax.device_put(drawn(shapes).replace(step=np.int32(step)),
                               jax.tree.map(lambda x: x.sharding, shapes))  # fmt: skip
        # What the step is given, in place of what it does.
        fake = lambda game, state, batch: (state, {"images": batch.sample})
        monkeypatch.setattr(steps, "train_step", fake)
        batch = Batch(stored, np.zeros(stored.shape[:3], np.int32))
        _, metrics = training_step(opened)(state, batch)
        return np.asarray(metrics["images"])

    stored = np.random.default_rng(0).integers(0, 256, (1, 1, 16, 8, 8, 1), dtype=np.uint8)
    plain = np.asarray(to_float(stored))
    np.testing.assert_allclose(seen(3), plain, atol=2e-7)  # one program rounds once less
    keys = lambda: Keys(jax.random.fold_in(jax.random.key(0), 3))
    flipped = seen(3, **{"data.flip": True})
    np.testing.assert_allclose(flipped, augmented(keys(), plain, flip=True), atol=2e-7)
    both = seen(3, **{"data.flip": True, "data.random_crop": 0.5})
    expected = augmented(keys(), plain, True, 0.5)
    np.testing.assert_allclose(both, expected, atol=1e-5)
    assert (both != flipped).any((3, 4, 5)).mean() > 0.8
    assert (seen(4, **{"data.flip": True}) != flipped).any()
    for wrong in (0.0, 1.5):
        with pytest.raises(ValueError, match=f"data.random_crop = {wrong}: write a share"):
            augmented(keys(), plain, random_crop=wrong)
