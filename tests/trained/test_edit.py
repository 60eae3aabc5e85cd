"""Edits: strokes are met, latents stay near the prior, the best of several starts, files."""

import sys

import numpy as np
import pytest
from PIL import Image

from jaxgan import main
from jaxgan.config import default_config
from jaxgan.trained import constraints, strokes
from jaxgan.trained.descent import Descent, Term, bounds_of
from jaxgan.trained.edit import Strokes, edit
from jaxgan.trained.export import write_export
from jaxgan.trained.judge import judge
from jaxgan.trained.load import load_generator
from tests.tiny import generator_of, run_of, tiny_config, tiny_run, tiny_tabulated

SHAPE = (8, 8, 1)
EMPTY = Strokes(np.zeros(SHAPE, np.float32), np.zeros(SHAPE, np.float32))


def painted(target=None, label=2):
    """Return the middle of an image of the generator's as strokes."""
    g = tiny_tabulated()
    image = g.generate(g.latents([3], seed=9), np.array([label]))[0] if target is None else target
    mask = np.zeros(SHAPE, np.float32)
    mask[2:6, 2:5] = 1
    return Strokes(image, mask)


@pytest.fixture(scope="module")
def descent():
    return Descent(tiny_tabulated())


def test_its_own_pixels_are_met(descent):
    g, asked = tiny_tabulated(), painted()
    found = edit(g, asked, label=2, starts=4, steps=150, keep=0.0, descent=descent)
    before, after = found.errors["colour"]
    assert after < before / 5
    images = g.generate(np.stack([found.start, found.latents]), np.array([2, 2]))
    np.testing.assert_allclose(found.images, images, atol=1e-5)
    wrong = ((images - asked.colours) ** 2)[:, 2:6, 2:5].mean((1, 2, 3))
    np.testing.assert_allclose([before, after], wrong, rtol=1e-3)
    np.testing.assert_array_equal(found.start, g.latents([0], 0)[0])


def test_keep_weighs_the_way_against_the_error(descent):
    far, close = (
        edit(tiny_tabulated(), painted(), label=2, starts=4, steps=60, keep=keep, descent=descent)
        for keep in (0.0, 10.0)
    )
    way = lambda e: np.square(e.latents - e.start).mean()
    assert way(close) < way(far) / 4 and close.errors["colour"][1] > far.errors["colour"][1]
    assert close.errors["near"][1] == pytest.approx(way(close), rel=1e-4)


def test_the_best_of_more_starts_is_not_worse(descent):
    costs = []
    for starts in (1, 4):
        found = edit(
            tiny_tabulated(), painted(), starts=starts, steps=30, keep=0.01, descent=descent
        )
        costs.append(found.errors["colour"][1] + 0.01 * found.errors["near"][1])
    assert costs[1] <= costs[0] + 1e-6


@pytest.mark.parametrize("truncation", [0.0, 0.5])
def test_latents_stay_where_the_prior_is(descent, truncation):
    """Strokes that no image has pull the latents away without an end."""
    g = tiny_tabulated()
    bounds = bounds_of(g.config, truncation)
    asked = Strokes(np.full(SHAPE, 5.0, np.float32), np.ones(SHAPE, np.float32))
    found = edit(
        g,
        asked,
        label=1,
        starts=4,
        steps=40,
        learning_rate=2.0,
        keep=0.0,
        truncation=truncation,
        descent=descent,
    )
    largest, length = np.abs(found.latents).max(), np.linalg.norm(found.latents)
    assert largest <= bounds.most * (1 + 1e-6) and length <= bounds.radius * (1 + 1e-6)
    at_the_end = np.isclose(largest, bounds.most, rtol=1e-4)
    assert at_the_end or np.isclose(length, bounds.radius, rtol=1e-4)


def test_an_empty_mask_changes_nothing():
    g = tiny_tabulated()
    for asked, lines in ((EMPTY, None), (None, None), (EMPTY, np.zeros(SHAPE, np.float32))):
        found = edit(g, asked, lines, label=3, seed=4)
        np.testing.assert_array_equal(found.latents, g.latents([0], 4)[0])
        np.testing.assert_array_equal(found.images[0], found.images[1])
        assert found.label == 3 and found.errors == {}


def test_the_seed_and_the_strokes_decide(descent):
    g, asked = tiny_tabulated(), painted()
    first, second, other = (
        edit(g, asked, seed=s, starts=4, steps=10, descent=descent) for s in (1, 1, 2)
    )
    np.testing.assert_array_equal(first.latents, second.latents)
    assert np.abs(first.latents - other.latents).max() > 0.1


def test_the_class_that_fits_is_found(descent):
    """The generator's own image of class 4, painted whole."""
    g = tiny_tabulated()
    z = g.latents([0], seed=6)
    whole = Strokes(g.generate(z, np.array([4]))[0], np.ones(SHAPE, np.float32))
    found = edit(g, whole, seed=6, starts=4, steps=20, descent=descent)
    assert found.label == 4 and found.errors["colour"][1] < 1e-4
    np.testing.assert_allclose(found.start, z[0])


def test_moments_are_standing_ones(descent):
    """An image among the candidates is the image alone: no batch norm of the candidates."""
    g = tiny_tabulated()
    terms = (Term(constraints.colour, tuple(painted()), 1.0),)
    z = g.latents(range(40), seed=1)
    labels = np.full(40, 2, np.int32)
    together = descent.measured(terms, z, labels)
    alone = descent.measured(terms, z[:1], labels[:1])
    np.testing.assert_allclose(together[:1], alone, rtol=1e-4)


@pytest.mark.slow
def test_drawn_lines_are_followed(descent):
    g = tiny_tabulated()
    lines = np.zeros(SHAPE, np.float32)
    lines[:, 3] = 1
    found = edit(g, None, lines, label=0, starts=4, steps=60, keep=0.0, descent=descent)
    assert set(found.errors) == {"edges", "near"}
    assert found.errors["edges"][1] < 0.7 * found.errors["edges"][0]


def test_wrong_arguments():
    g = tiny_tabulated()
    wide = Strokes(np.zeros((8, 9, 1), np.float32), np.ones((8, 9, 1), np.float32))
    with pytest.raises(ValueError, match=r"strokes.mask is \[8, 9, 1\]: write \[8, 8, 1\]"):
        edit(g, wide)
    with pytest.raises(ValueError, match=r"0 starts, 5 steps: write 1 or more"):
        edit(g, painted(), starts=0, steps=5)
    config = tiny_config()
    config.data.class_names = tuple(map(str, range(300)))
    with pytest.raises(ValueError, match="label is missing: of 300 classes write one"):
        edit(generator_of(config), painted())


def png(path, image):
    Image.fromarray(image).save(path)
    return path


def test_files_are_read_as_they_were_painted(tmp_path):
    g = tiny_tabulated()
    image = np.zeros((8, 8, 4), np.uint8)
    image[1, 2] = 255, 255, 255, 255
    image[3, 4] = 51, 51, 51, 102
    found = strokes.read_strokes(g, png(tmp_path / "a.png", image), "a.png")
    assert found.colours.shape == found.mask.shape == SHAPE
    assert found.colours[1, 2, 0] == 1 and found.mask.sum() == pytest.approx(1.4)
    assert found.colours[3, 4, 0] == pytest.approx(-0.6)
    lines = strokes.read_lines(g, tmp_path / "a.png", "a.png")
    np.testing.assert_array_equal(lines, found.mask)


@pytest.fixture
def command(monkeypatch, capsys, tmp_path):
    """Return a function that runs a command line in a folder of its own: what it says."""
    monkeypatch.chdir(tmp_path)

    def command(*argv):
        monkeypatch.setattr(sys, "argv", ["jaxgan", *map(str, argv)])
        with pytest.raises(SystemExit) as stop:
            main.run()
        return capsys.readouterr().out if stop.value.code == 0 else str(stop.value.code)

    return command


@pytest.mark.slow
def test_a_run_is_edited_by_its_files(command, tmp_path):
    tiny_run(tmp_path / "run")
    image = np.zeros((8, 8, 4), np.uint8)
    image[2:5, 2:6] = 200, 200, 200, 255
    png(tmp_path / "strokes.png", image)
    argv = ["edit", "run", "strokes.png", "--edges=strokes.png", "--steps=4", "--starts=2"]
    said = command(*argv, "--label=Bag", "--realism=0.1")
    assert "edit.png: the start, what is painted, the result; edit.gif" in said
    assert "latents of class Bag; colour " in said and "realism " in said
    with np.load(tmp_path / "edit.npz") as file:
        g = load_generator(tmp_path / "run")
        assert int(file["label"]) == 3
        np.testing.assert_array_equal(file["start"], g.latents([0])[0])
        first = g.generate(file["start"][None], np.array([3]))
    with Image.open(tmp_path / "edit.gif") as film:
        assert film.n_frames == 16
        shown = np.asarray(film.convert("L")).astype(int)[::8, ::8]
    assert np.abs(shown - g.medium.to_stored(first)[0, ..., 0]).max() <= 8  # 256 colours
    assert "edit.npz is there already: write --force" in command(*argv)
    assert "(they replace 2 files that were there)" in command(*argv, "--force")


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (np.zeros((8, 8, 3), np.uint8), "strokes has no transparency: write a PNG with alpha"),
        (np.zeros((8, 8), np.uint8), "strokes has no transparency"),
        (np.zeros((8, 9, 4), np.uint8), "strokes is 9 x 8, but the generator makes 8 x 8: write"),
        (None, "strokes: not an image, or damaged"),
    ],
)
def test_other_files_are_refused(tmp_path, image, said):
    file = tmp_path / "strokes.png"
    if image is None:
        file.write_text("no picture")
    else:
        png(file, image)
    for read in (strokes.read_strokes, strokes.read_lines):
        with pytest.raises(ValueError, match=f"^{said}"):
            read(tiny_tabulated(), file, "strokes")
        with pytest.raises(ValueError, match=f"^{said}"):
            read(tiny_tabulated(), file.read_bytes(), "strokes")


@pytest.mark.slow
def test_other_command_lines_are_refused(command, tmp_path):
    tiny_run(tmp_path / "run")
    assert "RUN STROKES are two words" in command("edit", "run")
    assert "none.png does not exist: write a picture's file" in command("edit", "run", "none.png")
    png(tmp_path / "edit.png", np.full((8, 8, 4), 255, np.uint8))
    before = (tmp_path / "edit.png").read_bytes()
    assert "--output=edit.png would replace edit.png" in command("edit", "run", "edit.png")
    assert (tmp_path / "edit.png").read_bytes() == before
    said = command("edit", "run", "edit.png", "--output=a.png", "--edges=none.png")
    assert "--edges=none.png does not exist" in said
    png(tmp_path / "empty.png", np.zeros((8, 8, 4), np.uint8))
    said = command("edit", "run", "empty.png")
    assert "empty.png is transparent everywhere: paint on it, or write --edges" in said


@pytest.mark.slow
def test_a_discriminator_judges_single_images(tmp_path):
    """The logit of a run's discriminator; a file has none, and batch norm asks for a batch."""
    opened = tiny_run(tmp_path / "run")
    g = load_generator(tmp_path / "run")
    value, weights = judge(g, tmp_path / "run", g.config)
    images = g.generate(g.latents(range(3)), np.array([0, 1, 2]))
    logits = opened.game.players["discriminator"].side.calls["call"](
        {"params": weights}, images, np.array([0, 1, 2])
    )
    found = value(weights, None, images, np.array([0, 1, 2]))
    np.testing.assert_allclose(found, np.log1p(np.exp(-np.asarray(logits))), rtol=1e-4)
    write_export(tmp_path / "g.safetensors", g)
    with pytest.raises(ValueError, match=r"g.safetensors holds a generator alone: write"):
        judge(g, tmp_path / "g.safetensors", g.config)


@pytest.mark.slow
def test_a_discriminator_that_needs_a_batch_is_refused(tmp_path):
    config = default_config("dcgan", "adversarial")
    config.data.update(size=(16, 16), channels=1, bits=8, class_names=("images",))
    config.model.update(width=2, latent_dim=6)  # two stages, of which one has batch norm
    run_of(tmp_path / "dcgan", config)
    g = load_generator(tmp_path / "dcgan")
    with pytest.raises(ValueError, match=r"of model 'dcgan' says of an image depends on the other"):
        judge(g, tmp_path / "dcgan", g.config)
