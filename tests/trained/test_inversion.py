"""Inversion finds the latents of the generator's own images again."""

import numpy as np
import pytest

from jaxgan.config import default_config
from jaxgan.media.pictures import save_picture
from jaxgan.media.pixels import to_stored
from jaxgan.trained import inversion
from jaxgan.trained.strokes import can_be_painted, refuse_others
from tests.tiny import generator_of, tiny_generator, tiny_tabulated


def test_distance_is_the_mean_over_scales():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 3, 8, 16, 2)).astype(np.float32)
    halves = [x.reshape(3, 4, 2, 8, 2, 2).mean((2, 4)) for x in (a, b)]
    expected = (
        ((a - b) ** 2).mean((1, 2, 3)) + np.square(np.subtract(*halves)).mean((1, 2, 3))
    ) / 2
    np.testing.assert_allclose(inversion.distance(a, b), expected, rtol=1e-5)


def test_its_own_image_is_found_again():
    g = tiny_tabulated()
    target = g.generate(g.latents([3], seed=9), np.array([2]))[0]
    found = inversion.invert(g, target, label=2, steps=200, starts=4, prior=0.0)
    first = found.progress[0]
    before = float(inversion.distance(first[None], target[None])[0])
    assert found.distance < before / 20
    np.testing.assert_allclose(  # what is returned makes the image that is returned
        g.generate(found.latents[None], np.array([found.label]))[0], found.image, atol=1e-5
    )
    assert float(inversion.distance(found.image[None], target[None])[0]) == pytest.approx(
        found.distance, rel=1e-3
    )
    assert list(found.progress) == [0, 3, 10, 30, 100, 200]


def test_every_class_is_tried(monkeypatch):
    monkeypatch.setattr(inversion, "CANDIDATES", 2)
    g = tiny_tabulated()
    count, tried = len(g.class_names), []
    monkeypatch.setattr(g, "generate", lambda z, labels, t: tried.extend(labels) or 0 * z)
    monkeypatch.setattr(inversion, "distance", lambda images, target: np.arange(len(images)))
    inversion._starts(g, np.zeros((1,)), None, 1, 0, 0.0)
    assert count > 2 and sorted(tried) == list(range(count))


def test_an_encoder_gives_a_start(monkeypatch):
    """BiGAN's encoder, its last layer's bias moved so that it inverts one image exactly."""
    config = default_config("bigan", "bigan")
    config.data.update(size=(8, 8), channels=1, bits=8)
    config.data.class_names = ()
    config.model.update(width=4, latent_dim=6, hidden=8)
    config.sample.update(standing_batches=3, standing_batch=16)
    g = generator_of(config).tabulated((0.0,))
    z = g.latents([300], seed=9)  # not among the draws that are looked at
    target = g.generate(z, np.array([0]))
    before = g.encode(target)
    assert before.shape == (1, 6) and np.abs(before - z).max() > 0.1
    bias = g.weights["encoder"]["linear"]["bias"]
    g.weights["encoder"]["linear"]["bias"] = bias + (z - before)[0]
    np.testing.assert_allclose(g.encode(target), z, atol=1e-4)
    found = inversion.invert(g, target[0], steps=1, starts=4, learning_rate=1e-6, prior=0.0)
    assert found.distance < 1e-6
    np.testing.assert_allclose(found.latents, z[0], atol=1e-4)


def test_what_paints_in_strokes_is_not_descended_through():
    """Neither inverted nor edited, and the explorer has no brush for it."""
    config = default_config("spiral", "spiral")
    config.data.update(size=(8, 8), channels=1, bits=8)
    config.data.class_names = ("digits",)
    config.prior = "uniform"
    config.model.update(strokes=2, z_dim=2, latent_dim=2 + 2 * 3, grid=4, pressures=1, width=2)
    config.model.update(blocks=1, memory=16, discriminator_width=2)
    g = generator_of(config)
    for refused in (refuse_others, lambda g: inversion.invert(g, np.zeros((8, 8, 1)))):
        with pytest.raises(ValueError, match=r"'spiral' paints in strokes, .* write jaxgan sample"):
            refused(g)
    assert not can_be_painted(g) and can_be_painted(tiny_generator())


def test_a_model_without_an_encoder_says_so():
    g = tiny_generator()
    assert not g.has_encoder
    with pytest.raises(ValueError, match=r"'biggan' has no encoder: write jaxgan invert"):
        g.encode(np.zeros((1, 8, 8, 1), np.float32))


def test_a_given_class_is_kept_and_the_picture_shows_the_way():
    g = tiny_tabulated()
    target = g.generate(g.latents([3], seed=9), np.array([2]))[0]
    found = inversion.invert(g, target, label=4, steps=5, starts=4)
    assert found.label == 4
    page = np.asarray(inversion.progress_picture(g, target, found))
    cell = to_stored(target).repeat(8, 0).repeat(8, 1)
    left = page.shape[1] - 12 - 64 * (1 + len(found.progress))
    np.testing.assert_array_equal(page[28:92, left : left + 64], cell.repeat(3, 2))
    assert (page[92:156, left : left + 64] == 0).all()  # no difference to itself


def test_an_image_file_is_cut_resized_and_scaled(tmp_path):
    g = tiny_generator()
    image = np.zeros((16, 32, 1), np.uint8)
    image[:, 8:24] = 255  # the middle is white
    save_picture(tmp_path / "a.png", image)
    target = inversion.read_target(tmp_path / "a.png", g)
    assert target.shape == (8, 8, 1) and (target == 1).all()


def test_what_cannot_be_inverted_is_refused(tmp_path):
    g = tiny_generator()
    with pytest.raises(FileNotFoundError, match=r"--image=.*none.png does not exist"):
        inversion.read_target(tmp_path / "none.png", g)
    (tmp_path / "a.png").write_text("not a picture")
    with pytest.raises(ValueError, match=r"--image=.*a.png: not an image"):
        inversion.read_target(tmp_path / "a.png", g)
    with pytest.raises(ValueError, match=r"image of \[9, 8, 1\].*write an image of \[8, 8, 1\]"):
        inversion.invert(g, np.zeros((9, 8, 1), np.float32))
