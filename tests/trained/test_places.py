"""Models by path or by name; what comes with jaxgan works, and its card says how it was made."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import jaxgan
from jaxgan import main
from jaxgan.commands.command import parse
from jaxgan.data.records import open_records
from jaxgan.files.tensors import read_tensors
from jaxgan.media.images import decode
from jaxgan.trained import export
from jaxgan.trained.places import CARD, CONFIG, WEIGHTS, place, shipped, summary
from jaxgan.trained.translator import Translator
from tests.test_main import refusal
from tests.tiny import tiny_run, tiny_tabulated

MOST = 6_000_000  # bytes of all shipped models together


def test_a_name_is_the_packages_file_until_something_lies_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = shipped()["fashion"] / WEIGHTS
    assert place("fashion") == place(Path("fashion")) == file and file.is_absolute()
    assert place("./other") == tmp_path / "other" and place(tmp_path) == tmp_path
    (tmp_path / "fashion").mkdir()
    assert place("fashion") == tmp_path / "fashion"


def test_a_folder_that_hides_a_name_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fashion").mkdir()
    line = refusal(monkeypatch, capsys, "sample", "fashion")
    assert "is not a run, but it hides the generator 'fashion'" in line
    tiny_run(tmp_path / "fashion")
    config = parse(main.command_named("sample"), ["fashion"]).config
    assert config.model.width == 4  # the run's


def test_a_name_nearly_written_is_suggested(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for command in ("sample", "evaluate", "export"):
        line = refusal(monkeypatch, capsys, command, "fashoin")
        assert "did you mean 'fashion', which comes with jaxgan?" in line and "models" in line


@pytest.mark.parametrize("argv", [("report", "fashion"), ("average", "fashion")])
def test_commands_that_need_a_whole_run_refuse_a_name(argv, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    line = refusal(monkeypatch, capsys, *argv)
    assert "write the directory of a training run" in line or "the run's directory" in line
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", [n for n, c in main.COMMANDS.items() if n != "prepare"])
def test_every_command_that_takes_a_model_takes_a_name(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command = main.command_named(name)
    if command.has_model and name != "import":
        values = parse(command, ["fashion"])
        assert values.model == shipped()["fashion"] / WEIGHTS
        assert values.config.model.name == "biggan"


def test_models_are_listed_and_cards_shown(monkeypatch, capsys):
    assert main.main(["models"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert (
        [line.split()[0] for line in lines] == list(shipped()) == ["emoji", "emoji_x4", "fashion"]
    )
    assert main.main(["models", "fashion"]) == 0
    assert capsys.readouterr().out.startswith("# fashion\n")
    assert "write one of" in refusal(monkeypatch, capsys, "models", "bedroom")


def test_they_are_small_enough_for_a_package():
    sizes = [path.stat().st_size for folder in shipped().values() for path in folder.iterdir()]
    assert sum(sizes) < MOST


@pytest.mark.parametrize("name", shipped())
def test_what_comes_with_jaxgan_loads_and_says_how_it_was_made(name):
    folder = shipped()[name]
    assert {path.name for path in folder.iterdir()} == {WEIGHTS, CONFIG, CARD}
    g, metadata = jaxgan.load(name), read_tensors(folder / WEIGHTS)[1]
    assert json.loads((folder / CONFIG).read_text("utf-8")) == json.loads(metadata["config"])
    assert metadata["date"] and "jaxgan" in metadata["versions"]
    card = (folder / CARD).read_text("utf-8")
    for heading in ("Data", "Licence", "Recipe", "Scores", "Limits"):
        assert f"\n## {heading}\n" in card
    assert f"seed {g.config.seed}" in card and f"{g.step:,} steps" in card
    assert "/" not in g.config.data.name  # no path of the machine that trained it
    assert made_by(g).std() > 20 and summary(folder)


def made_by(model):
    """Return samples of all classes, or what noise becomes."""
    if isinstance(model, Translator):
        noise = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), np.uint8)
        return model.translate(noise)
    return model.sample(classes=list(range(len(model.class_names))), seed=0)


def test_the_shipped_enlarger_is_nearer_than_bicubic_enlargement():
    """A disc of 64 x 64, shrunk four times: an image that it was not trained on."""
    y, x = np.mgrid[:256, :256]
    mask = Image.fromarray((((x - 120) ** 2 + (y - 135) ** 2 < 90**2) * 255).astype(np.uint8))
    disc = Image.new("RGB", (256, 256), "white")
    disc.paste((220, 60, 40), mask=mask)
    disc, cubic = disc.resize((64, 64), Image.Resampling.BOX), Image.Resampling.BICUBIC
    small = disc.resize((16, 16), cubic)
    error = lambda image: np.square(np.float32(image) - np.float32(disc)).mean()
    made = jaxgan.load("emoji_x4").translate([small])[0]
    assert error(made) < 0.5 * error(small.resize((64, 64), cubic))


def test_the_shipped_generator_draws_its_classes():
    """Told apart by the nearest class mean of 1,000 real images, as often as other real images."""
    g, records = jaxgan.load("fashion"), open_records("fashion_mnist")
    assert tuple(records.class_names) == g.class_names
    found = [decode(record, records.features, (32, 32)) for record in records.read(range(2000))]
    images = np.float32([batch.sample for batch in found]).reshape(2000, -1)
    labels = np.array([batch.condition for batch in found])
    means = np.stack([images[:1000][labels[:1000] == c].mean(0) for c in range(10)])

    def share(images: np.ndarray, labels: np.ndarray) -> float:
        distances = ((images[:, None] - means) ** 2).sum(-1)
        return float((distances.argmin(1) == labels).mean())

    drawn = np.float32(g.sample(classes=list(range(10)), count=500, seed=3)).reshape(500, -1)
    assert share(drawn, np.arange(500) % 10) >= share(images[1000:], labels[1000:]) > 0.6


def test_the_shipped_emoji_are_yellow_faces_on_white_and_flags_that_fill_the_width():
    g = jaxgan.load("emoji")
    drawn = lambda name: np.float32(g.sample(classes=[name], count=64, seed=3))
    for style in ("fluent", "noto", "twemoji"):
        faces, flags = drawn(f"{style} Smileys & Emotion"), drawn(f"{style} Flags")
        red, green, blue = np.median(faces[:, 8:24, 8:24].mean((1, 2)), 0)
        assert red > green > blue + 40
        assert faces[:, :2, :2].mean() > 230  # corners
        left, above = flags[:, 12:20, 1:3].mean(), flags[:, :3].mean()
        assert left < 200 and above > 220


def test_a_run_exported_under_a_path_loads_beside_the_names(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    export.write_export(Path("mine.safetensors"), tiny_tabulated())
    assert jaxgan.load("mine.safetensors").step == 7
    assert re.search(r"biggan, 32x32x1, 10 classes", repr(jaxgan.load("fashion")))
