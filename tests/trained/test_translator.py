"""Trained translators: from a run or a file, in Python and from the command line."""

import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

import jaxgan
from jaxgan import main
from jaxgan.config import default_config
from jaxgan.evaluate.results import read_results
from jaxgan.trained.export import write_export
from jaxgan.training.run import with_facts
from tests.data.image_kinds import encoded, random_images
from tests.data.prepare.test_pairs import write
from tests.media.test_low_resolution import pillows
from tests.tiny import run_of, tiny_generator, tiny_pairs_config


@pytest.fixture(scope="module")
def workdir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("translator") / "run"
    run_of(folder, tiny_pairs_config())
    return folder


@pytest.fixture(scope="module")
def translator(workdir):
    return jaxgan.load(workdir)


SOURCES = random_images((3, 16, 16, 1))


def test_it_is_the_network_of_training(translator):
    """The same as the generator's call on floats with the seed's noise, rounded."""
    made = translator.translate(SOURCES, seed=5)
    assert made.shape == (3, 16, 16, 3) and made.dtype == np.uint8 and np.ptp(made) > 20
    noise = np.repeat(translator.noise(5), 3, 0)
    floats = jnp.asarray(SOURCES / 127.5 - 1, jnp.float32)
    call = jax.jit(translator.side.calls["call"])
    plain = np.asarray(call({"params": translator.weights}, noise, floats))
    # A rounding that falls to the other side is one step.
    assert np.abs(made - np.round((plain + 1) * 127.5)).max() <= 1


def test_an_image_and_a_seed_decide_alone(translator):
    made = translator.translate(SOURCES, seed=5)
    np.testing.assert_array_equal(translator.translate(SOURCES, seed=5), made)
    alone = translator.translate(SOURCES[2:], seed=5)[0].astype(int)
    assert np.abs(alone - made[2]).max() <= 1
    assert (translator.translate(SOURCES, seed=6) != made).mean() > 0.1


def test_any_size_that_the_network_can_halve(translator):
    assert translator.translate(random_images((1, 32, 48, 1))).shape == (1, 32, 48, 3)
    with pytest.raises(ValueError, match=r"images of 20 x 16: .* 16 divides, such as 16 x 16"):
        translator.translate(random_images((1, 20, 16, 1)))


def test_pictures_go_in_and_out(translator):
    pictures = [Image.fromarray(image[..., 0]) for image in SOURCES]
    found = translator.pictures(pictures, seed=1)
    np.testing.assert_array_equal(np.stack(found), translator.translate(SOURCES, seed=1))


@pytest.mark.parametrize(
    "images",
    [SOURCES[0], SOURCES[:0], SOURCES.astype(np.float32), np.repeat(SOURCES, 3, -1), []],
)
def test_other_arrays_are_refused(translator, images):
    with pytest.raises(ValueError, match=r"write uint8 \[n, height, width, 1\]"):
        translator.translate(images)


def test_each_kind_names_what_the_other_has(translator):
    with pytest.raises(AttributeError, match=r"has no 'sample': .* by translate"):
        translator.sample(seed=0)
    with pytest.raises(ValueError, match=r"translates no images, .*: write sample"):
        tiny_generator().translate(SOURCES)
    weights = jax.tree.map(lambda x: x * jnp.nan, translator.weights)
    with pytest.raises(ValueError, match="weights are not finite, first in"):
        translator.with_weights(weights, 1)


def test_exported_files_translate_alike(translator, tmp_path):
    expected = translator.translate(SOURCES)
    says = write_export(tmp_path / "t.safetensors", translator)
    assert "translates images" in says
    np.testing.assert_array_equal(
        jaxgan.load(tmp_path / "t.safetensors").translate(SOURCES), expected
    )
    write_export(tmp_path / "t.stablehlo", translator)
    program = jax.export.deserialize(bytearray((tmp_path / "t.stablehlo").read_bytes()))
    found = np.asarray(program.call(np.float32(SOURCES / 127.5 - 1)))
    assert np.abs(expected - np.round((found + 1) * 127.5)).max() <= 1
    with pytest.raises(ValueError, match="a translator has no latents: leave it out"):
        write_export(tmp_path / "t.safetensors", translator, (0.5,))


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


def test_a_folder_of_images(command, workdir, translator, tmp_path):
    write(tmp_path / "in" / "a", random_images((2, 16, 16), seed=1))
    write(tmp_path / "in" / "b", random_images((1, 32, 16), seed=2), "bmp")
    (tmp_path / "in" / "b" / "bad.png").write_bytes(b"no image")
    says = command("translate", workdir, "in", "--out=made", "--seed=3")
    assert says.startswith("made: 3 images; made.png: the first 3 beside them; 1 files left out")
    assert sorted(str(p.relative_to(tmp_path)) for p in (tmp_path / "made").rglob("*.png")) == [
        "made/a/0.png", "made/a/1.png", "made/b/0.png"
    ]  # fmt: skip
    with Image.open(tmp_path / "made/b/0.png") as picture:
        found = np.asarray(picture)
    source = random_images((1, 32, 16), seed=2)[..., None]
    np.testing.assert_array_equal(found, translator.translate(source, seed=3)[0])
    with Image.open(tmp_path / "made.png") as sheet:
        assert sheet.width > 3 * 64 and sheet.height > 2 * 64  # three columns, source above result
    assert "(4 replace files that were there)" in command("translate", workdir, "in", "--out=made")


def test_folders_that_cannot_be_translated(command, workdir, tmp_path):
    assert "nothing: no such folder" in command("translate", workdir, "nothing")
    write(tmp_path / "in", random_images((2, 16, 16)))
    assert "--out=in/out is in in, whose images are read" in command(
        "translate", workdir, "in", "--out=in/out"
    )
    assert "RUN FOLDER are two words" in command("translate", workdir)
    (tmp_path / "in" / "0.jpg").write_bytes(encoded(random_images((16, 16)), "jpeg"))
    assert "would both become made/0.png: rename one" in command(
        "translate", workdir, "in", "--out=made"
    )
    (tmp_path / "in" / "0.jpg").unlink()
    (tmp_path / "in" / "odd.png").write_bytes(encoded(random_images((18, 16))))
    assert "in/odd.png: images of 18 x 16: this network needs sides that 16 divides" in command(
        "translate", workdir, "in", "--out=made"
    )
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("name", ["sample", "invert", "explore", "directions"])
def test_commands_of_latents_name_the_one_for_images(command, workdir, tmp_path, name):
    flags = {"invert": ["--image=photo.png"]}.get(name, [])
    (tmp_path / "photo.png").write_bytes(encoded(random_images((16, 16))))
    says = command(name, workdir, *flags)
    assert (
        "model 'pix2pix' makes images from images and has no latents or classes: write jaxgan "
        in (says)
    )
    assert f"translate {workdir} FOLDER" in says


def test_it_is_scored_on_the_pairs_that_are_held_out(command, tmp_path):
    pairs = random_images((10, 16, 16, 4))
    write(tmp_path / "a", pairs[..., 0])
    write(tmp_path / "b", pairs[..., 1:])
    says = command("prepare", "a", "data", "--pairs=b", "--order=source")
    assert "1 channels of the source, 3 of the picture" in says
    data = {"data.name": str(tmp_path / "data"), "data.held_out": "train[60%:]"}
    config = tiny_pairs_config(**data, **{"data.split": "train[:60%]"})
    config.evaluate.metrics = ("paired",)
    run_of(tmp_path / "run", with_facts(config))
    assert "mae" in command("evaluate", "run")
    (result,) = read_results(tmp_path / "run" / "results.jsonl")
    held_out = pairs[6:].astype(np.float64) / 127.5 - 1
    made = jaxgan.load(tmp_path / "run").translate(pairs[6:, ..., :1]) / 127.5 - 1
    metrics, protocol = result["metrics"], result["protocol"]
    assert metrics["mae"] == pytest.approx(np.abs(made - held_out[..., 1:]).mean(), rel=1e-4)
    copied = np.abs(held_out[..., :1] - held_out[..., 1:]).mean()
    assert metrics["mae_copy"] == pytest.approx(copied, rel=1e-4)
    assert protocol["count"] == 4 and protocol["sources"] == "data/train[60%:]"
    says = command("evaluate", "run", "--config.evaluate.reference=b")
    assert "a translator is compared with the pictures of its own pairs" in says
    says = command("evaluate", "run", "--truncation=0.5:1:0.5", "--config.evaluate.metrics=fd")
    assert "a translator has no latents" in says
    says = command("evaluate", "b", "--config.evaluate.reference=b",
                   "--config.evaluate.metrics=paired")  # fmt: skip
    assert "the metric 'paired' needs pairs: evaluate a run that translates" in says


@pytest.fixture(scope="module")
def enlarger(tmp_path_factory):
    folder = tmp_path_factory.mktemp("enlarger") / "run"
    config = default_config("srgan", "srgan")
    config.data.update(medium="low_resolution", size=(16, 12), channels=3, bits=8)
    config.data.class_names = ("emoji",)
    config.condition = "data"
    config.model.update(width=2, blocks=1, edge=3, hidden=4, skip=True)
    run_of(folder, config)
    return folder


def test_small_images_become_large_ones(command, enlarger, tmp_path):
    translator = jaxgan.load(enlarger)
    small = random_images((3, 4, 3, 3))
    made = translator.translate(small)
    assert made.shape == (3, 16, 12, 3)
    assert translator.translate(small[:, :2]).shape == (3, 8, 12, 3)  # any size
    write(tmp_path / "in", small)
    says = command("translate", enlarger, "in", "--out=large")
    assert says.startswith("large: 3 images")
    with Image.open(tmp_path / "large" / "2.png") as picture:
        np.testing.assert_array_equal(np.asarray(picture), translator.translate(small[2:])[0])
    write_export(tmp_path / "e.safetensors", translator)
    again = jaxgan.load(tmp_path / "e.safetensors").translate(small)
    np.testing.assert_array_equal(again, made)


def test_enlarged_images_are_scored_beside_bicubic(command, tmp_path):
    images = random_images((6, 16, 16, 3))
    write(tmp_path / "photos", images)
    command("prepare", "photos", "data", "--order=source")
    config = default_config("srgan", "srgan")
    config.data.update(name=str(tmp_path / "data"), medium="low_resolution", size=(16, 16))
    config.data.update(channels=3, bits=8, class_names=("photos",), split="train[:50%]")
    config.data.held_out = "train[50%:]"
    config.condition, config.evaluate.metrics = "data", ("paired",)
    config.model.update(width=2, blocks=1, edge=3, hidden=4)
    run_of(tmp_path / "run", config)
    assert "mae" in command("evaluate", "run")
    (result,) = read_results(tmp_path / "run" / "results.jsonl")
    small = np.rint(np.clip(pillows(images[3:], (4, 4)), 0, 255))
    large = np.clip(pillows(small, (16, 16)), 0, 255)
    expected = np.abs(large - images[3:]).mean() / 127.5
    assert result["metrics"]["mae_copy"] == pytest.approx(expected, rel=1e-3)
    assert result["protocol"]["count"] == 3
