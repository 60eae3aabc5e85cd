"""`jaxgan evaluate` as a function, and a data set to be scored against."""

import sys

import numpy as np
import pytest

from jaxgan import main
from jaxgan.data.prepare.prepare import prepare
from tests.evaluate.made_images import NAMES, pixels


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A data set of 150 images, and the images."""
    folder = tmp_path_factory.mktemp("data")
    images, labels = pixels(150, 1)
    np.savez(folder / "real.npz", images=images, labels=labels)
    prepare(folder / "real.npz", folder / "real", class_names=NAMES)
    return folder / "real", images, labels


@pytest.fixture
def command(monkeypatch, capsys):
    """Run `jaxgan evaluate`; return what it printed, or its refusal."""

    def run(*argv) -> str:
        monkeypatch.setattr(sys, "argv", ["jaxgan", "evaluate", *map(str, argv)])
        with pytest.raises(SystemExit) as stop:
            main.run()
        code = stop.value.code
        return capsys.readouterr().out if code == 0 else str(code)

    return run
