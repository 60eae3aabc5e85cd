"""Files that are there: pictures and pages are replaced, arrays and weights only by --force."""

import sys

import numpy as np
import pytest

from jaxgan import main
from jaxgan.media.pictures import save_picture
from tests.tiny import tiny_run


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Return a function that runs a command line: its output, or the line that refuses it."""
    monkeypatch.chdir(tmp_path)

    def run(*argv: str) -> str:
        monkeypatch.setattr(sys, "argv", ["jaxgan", *argv])
        with pytest.raises(SystemExit) as stop:
            main.run()
        return capsys.readouterr().out if stop.value.code == 0 else str(stop.value.code)

    return run


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("g.safetensors", "export run --output=g.safetensors"),
        ("g.stablehlo", "export run --output=g.stablehlo"),
        ("g.safetensors", "import hub nothing g.safetensors"),
        ("d.npz", "directions run --output=d.png"),
        ("i.npz", "invert run --image=photo.png --output=i.png"),
    ],
)
def test_arrays_that_are_there_stay(name, command, run, tmp_path):
    tiny_run(tmp_path / "run")
    (tmp_path / name).write_text("of another run")
    said = run(*command.split())
    assert f"{name} is there already: write --force to replace it" in said
    assert (tmp_path / name).read_text() == "of another run"


@pytest.mark.slow
def test_force_replaces_them_and_says_so(run, tmp_path):
    tiny_run(tmp_path / "run")
    for name in ("d.png", "d.npz"):
        (tmp_path / name).write_text("of another run")
    said = run("directions", "run", "--output=d.png", "--count=2", "--force")
    assert said.endswith("d.npz holds them (it replaces the file that was there)\n")
    assert np.load(tmp_path / "d.npz")["vectors"].shape == (2, 12)


def test_pictures_and_pages_are_replaced_and_that_is_said(run, tmp_path):
    tiny_run(tmp_path / "run")
    for command in ("report run --output=page.html", "sample run --output=sheet.png --columns=1"):
        first, second = (run(*command.split()) for _ in range(2))
        assert second == first[:-1] + " (it replaces the file that was there)\n"


def test_what_is_read_is_not_written(run, tmp_path):
    tiny_run(tmp_path / "run")
    save_picture(tmp_path / "photo.png", np.zeros((8, 8, 1), np.uint8))
    before = (tmp_path / "photo.png").read_bytes()
    said = run("invert", "run", "--image=photo.png", "--output=./photo.png")
    assert "--output=photo.png is --image too" in said
    assert (tmp_path / "photo.png").read_bytes() == before
    config = (tmp_path / "run" / "config.json").read_bytes()
    assert "config.json is a file: write the directory of a training run" in run(
        "report", "run/config.json"
    )
    said = run("report", "run", "--output=run/config.json")
    assert "write a name that ends in .html" in said
    assert (tmp_path / "run" / "config.json").read_bytes() == config
