"""Trained generators that draw captions: from a run or a file, in Python and by commands."""

import re
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

import jaxgan
from jaxgan.build import build, medium_of, sampling_prior
from jaxgan.data.records import open_records
from jaxgan.evaluate.metrics import retrieval
from jaxgan.evaluate.results import read_results
from jaxgan.game import texts
from jaxgan.game.game import Side, init_state
from jaxgan.media.captions import condition_of
from jaxgan.trained.export import write_export
from jaxgan.training.run import load_run, with_facts
from jaxgan.training.text_sheets import text_sheets
from tests.data.image_kinds import random_images
from tests.data.prepare.test_pairs import write
from tests.tiny import drawn, run_of, tiny_text_config
from tests.trained.test_translator import command  # noqa: F401 - a fixture

RNG = np.random.default_rng(0)
VECTORS = RNG.normal(size=(5, 6))
KEPT = {"vectors": np.float32(RNG.normal(size=(texts.MOST, 6))), "count": np.int32(40)}


@pytest.fixture(scope="module")
def workdir(tmp_path_factory):
    """A run whose state holds 40 text vectors, the others are no number."""
    folder = tmp_path_factory.mktemp("draw") / "run"
    KEPT["vectors"][40:] = np.nan
    run_of(folder, tiny_text_config(), change=with_kept)
    return folder


def with_kept(state):
    own = state.players["generator"]
    own = own.replace(stats={**own.stats, texts.NAME: KEPT})
    return state.replace(players={**state.players, "generator": own})


@pytest.fixture(scope="module")
def translator(workdir):
    return jaxgan.load(workdir)


def test_standing_statistics_are_those_of_the_kept_texts(translator):
    """Every kept text has its share in the moments, and what is not yet one has none."""
    kept = {"vectors": jnp.full((texts.MOST, 40), jnp.nan).at[:40].set(jnp.eye(40)), "count": 40}
    moments = lambda name, variables, z, t: {"share": t.mean(0), "noise": (z**2).mean(0)}
    prior, side = sampling_prior(translator.config, 0.0), Side(jnp.zeros, {}, moments)
    found = texts.variables(side, {}, prior, kept, 50, 200)["batch_stats"]
    # Of 10,000 draws: standard deviations of 0.0016 and 0.014.
    np.testing.assert_allclose(found["share"], 1 / 40, atol=0.008)
    np.testing.assert_allclose(found["noise"], np.ones(3), atol=0.07)

    expected = texts.variables(translator.side, translator.weights, prior, KEPT, 3, 16)
    shapes = jax.tree.map(lambda x: x.shape, translator.moments_shapes())
    assert jax.tree.map(np.shape, expected["batch_stats"]) == shapes
    for x, y in zip(*map(jax.tree.leaves, (translator.variables, expected)), strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-4, atol=1e-5)


def test_a_text_and_a_seed_decide_alone(translator):
    made = translator.translate(VECTORS, seed=5)
    assert made.shape == (5, 8, 8, 3) and made.dtype == np.uint8 and np.ptp(made) > 20
    variables, noise = translator.variables, np.repeat(translator.noise(5), 5, 0)
    call = jax.jit(translator.side.calls["call"])
    plain = np.asarray(call(variables, noise, condition_of(VECTORS[:, None])))
    # A rounding that falls to the other side is one step.
    assert np.abs(made - np.round((plain + 1) * 127.5)).max() <= 1
    alone = translator.translate(VECTORS[2:3], seed=5)[0].astype(int)
    assert np.abs(alone - made[2]).max() <= 1
    scaled = translator.translate(7 * VECTORS, seed=5).astype(int)
    assert np.abs(scaled - made).max() <= 1  # the encoder's scale is no part of a text
    assert (translator.translate(VECTORS, seed=6) != made).mean() > 0.1
    assert (translator.translate(-VECTORS, seed=5) != made).mean() > 0.1


@pytest.mark.parametrize(
    "vectors, line",
    [
        (VECTORS[0], r"text vectors are float64 \[6\]: write floats \[n, 6\]"),
        (VECTORS[:0], r"text vectors are float64 \[0, 6\]"),
        (VECTORS[:, :5], r"text vectors are float64 \[5, 5\]: .* of the text encoder"),
        (VECTORS.astype(int), r"text vectors are int64"),
        (VECTORS * [[1], [1], [0], [1], [1]], "text vector 2 is 0 or not finite"),
        (np.where(np.eye(5, 6) > 0, np.nan, VECTORS), "text vector 0 is 0 or not finite"),
    ],
)
def test_other_arrays_are_refused(translator, vectors, line):
    with pytest.raises(ValueError, match=line):
        translator.translate(vectors)


def test_exported_files_draw_alike(translator, tmp_path):
    expected = translator.translate(VECTORS)
    assert "draws captions" in write_export(tmp_path / "t.safetensors", translator)
    found = jaxgan.load(tmp_path / "t.safetensors")
    np.testing.assert_array_equal(found.translate(VECTORS), expected)
    assert "text vectors of 6 numbers" in write_export(tmp_path / "t.stablehlo", translator)
    program = jax.export.deserialize(bytearray((tmp_path / "t.stablehlo").read_bytes()))
    floats = np.asarray(program.call(condition_of(VECTORS[:, None])))
    assert np.abs(expected - np.round((floats + 1) * 127.5)).max() <= 1
    bare = translator.with_weights(translator.weights, 7)  # without statistics
    write_export(tmp_path / "bare.safetensors", bare)
    with pytest.raises(ValueError, match=r"config and arrays do not fit: .*standing statistics"):
        jaxgan.load(tmp_path / "bare.safetensors")


def captions_file(path, vectors, **arrays):
    captions = [f"caption {number}" for number in range(len(vectors))]
    np.savez(path, captions=captions, vectors=vectors, **arrays)


def test_a_file_of_captions(command, workdir, translator, tmp_path):  # noqa: F811
    captions_file(tmp_path / "c.npz", VECTORS)
    says = command("translate", workdir, "c.npz", "--out=made", "--seed=3", "--columns=2")
    assert says.startswith("made: 5 images; made.png: the first 5 captions, 2 seeds each")
    for number, image in enumerate(translator.translate(VECTORS, seed=3)):
        with Image.open(tmp_path / "made" / f"{number:05d}.png") as picture:
            np.testing.assert_array_equal(np.asarray(picture), image)
    with Image.open(tmp_path / "made.png") as sheet:
        assert sheet.width > 2 * 64 and sheet.height > 5 * 64  # a row for each caption
    assert "(6 replace files" in command("translate", workdir, "c.npz", "--out=made")


def test_what_cannot_be_drawn(command, workdir, tmp_path):  # noqa: F811
    captions_file(tmp_path / "long.npz", np.ones((2, 9)))
    says = command("translate", workdir, "long.npz")
    assert "long.npz: text vectors are float32 [2, 9]: write floats [n, 6]" in says
    (tmp_path / "folder").mkdir()
    says = command("translate", workdir, "folder")
    assert "folder is a folder: this model draws captions, write an .npz of them" in says
    for given in ("none.npz", "a red hat"):
        says = command("translate", workdir, given)
        assert f"{given}: no such file; write an .npz of captions with their vectors" in says
        assert "the text encoder is not a part of the run" in says
    assert not (tmp_path / "translated").exists()
    says = command("sample", workdir)
    assert "makes images from captions and has no latents or classes" in says
    assert re.search(r"write jaxgan translate \S+ FILE.npz, of captions with", says)
    says = command("translate", workdir, "long.npz", "--tile=32")
    assert "--tile=32: only images have tiles; leave it out" in says
    says = command("translate", workdir, "long.npz", "--back")
    assert "model 'text_dcgan' translates one way: leave --back out" in says


@pytest.fixture
def captioned(command, tmp_path):  # noqa: F811
    """Ten images with captions; the vectors of 6 to 9 are near those of 0 to 3."""
    images = random_images((10, 8, 8, 3))
    write(tmp_path / "in", images)
    vectors = RNG.normal(size=(6, 6))
    vectors = np.concatenate([vectors, vectors[:4] + 0.01])
    files = [f"{number}.png" for number in range(10)]
    captions_file(tmp_path / "c.npz", vectors, files=files)
    command("prepare", "in", "data", "--captions=c.npz", "--order=source")
    config = tiny_text_config(**{"data.name": str(tmp_path / "data")})
    config.data.update(split="train[:60%]", held_out="train[60%:]")
    config.evaluate.metrics = ("retrieval",)
    return images, vectors, config


def test_it_is_scored_on_the_captions_that_are_held_out(command, captioned, tmp_path):  # noqa: F811
    images, vectors, config = captioned
    run_of(tmp_path / "run", with_facts(config), change=with_kept)
    assert "r5_copy" in command("evaluate", "run")
    (result,) = read_results(tmp_path / "run" / "results.jsonl")
    flat = lambda x: np.float32(x / 127.5 - 1).reshape(len(x), -1)
    made = jaxgan.load(tmp_path / "run").translate(vectors[6:])
    expected = retrieval.compared(flat(made), flat(images[:4]), flat(images[6:]), 2020)
    assert result["metrics"] == pytest.approx(expected)
    assert result["protocol"]["count"] == 4
    says = command("evaluate", "run", "--config.evaluate.metrics=paired")
    assert "the metric 'paired' needs images of 11 x 11 pixels or more" in says
    says = command("evaluate", "in", "--config.evaluate.reference=in",
                   "--config.evaluate.metrics=retrieval")  # fmt: skip
    assert "the metric 'retrieval' needs pairs: evaluate a run that translates" in says


def test_sheets_show_what_the_run_draws(captioned, tmp_path):
    """A row for each caption: the true picture, then what the loaded run makes of its noise."""
    images, vectors, config = captioned
    config = with_facts(config)
    run_of(tmp_path / "run", config, change=with_kept)
    run = load_run(tmp_path / "run")
    sheet, captions = text_sheets(run, open_records(config.data.name, "train[60%:]"))
    assert captions == ("caption 6", "caption 7", "caption 8", "caption 9")
    game = build(config, medium_of(config).spec)
    state = drawn(jax.eval_shape(partial(init_state, game, 0)))
    page = np.asarray(sheet(with_kept(state)))
    grid = page[28 : 28 + 4 * 64, -12 - 3 * 64 : -12]  # below the headings, beside the captions
    cells = grid[::8, ::8].reshape(4, 8, 3, 8, 3).transpose(2, 0, 1, 3, 4)
    np.testing.assert_array_equal(cells[0], images[6:])
    made = jaxgan.load(tmp_path / "run").translate(vectors[6:], seed=config.seed)
    # A rounding that falls to the other side is one step.
    assert np.abs(cells[1].astype(int) - made).max() <= 1
    assert (cells[2] != cells[1]).mean() > 0.1  # other noise
