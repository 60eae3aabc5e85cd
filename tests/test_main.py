"""Mistakes are refused before the first step, with the field, the value and what to write."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import jaxgan
from jaxgan import main
from jaxgan.training import claim, run
from tests.training.test_train import debug_config

ROOT = Path(__file__).parent.parent
DEBUG = f"--config={ROOT}/configs/debug.py"


def refusal(monkeypatch, capsys, *argv: str) -> str:
    """Run a command that must refuse; return its one line."""
    monkeypatch.setattr(sys, "argv", ["jaxgan", *argv])
    with pytest.raises(SystemExit) as stop:
        main.run()
    message = str(stop.value.code)
    assert message.startswith("jaxgan") and "\n" not in message, message
    return message


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("--config.model.widht=8", ["no such field; did you mean model.width?"]),
        ("--config.train.batch=15", ["train.batch = 15", "multiple of 16"]),
        ("--config.train.steps=many", ["many"]),
        ("--config.data.size=(31,31)", ["data.size = 31 x 31", "32"]),
        ("--config.data.size=64", ["data.size = (64,)", "(64, 64)"]),
        ("--config.data.name=/no/such/set", ["/no/such/set", "prepare"]),
        ("--config.data.split=test", ["test", "train"]),
        ("--config.model.latent_dim=13", ["model.latent_dim = 13", "multiple of 3"]),
        ("--config.prior=gaussian", ["prior = 'gaussian'", "normal"]),
        ("--config.objective.loss=hing", ["objective.loss = 'hing'", "hinge"]),
        ("--config.model.name=bigann", ["model.name = 'bigann'", "biggan"]),
        ("--config.model.width=1000000", ["networks, optimizers and one batch take"]),
        ("--config.sample.columns=1001", ["sample.columns = 1001", "from 1 to 1000"]),
        ("--config.mesh.fsdp=3", ["mesh.fsdp = 3", "8 devices", "4"]),
        ("--config.model.batch_norm_groups=3", ["batch_norm_groups = 3"]),
        ("--config.train.steps=0", ["train.steps = 0", "1 or more"]),
        ("--config.generator.learning_rate=-1.0", ["learning_rate = -1.0"]),
        ("stray", ["'stray'", "--name=value"]),
        ("--wrokdir=x", ["wrokdir"]),
    ],
)
def test_a_wrong_field_is_refused(field, words, tmp_path, monkeypatch, capsys):
    workdir = tmp_path / "run"
    message = refusal(monkeypatch, capsys, "train", DEBUG, f"--workdir={workdir}", field)
    for word in words:
        assert word in message, message
    assert not workdir.exists()  # nothing was started


def test_missing_flags_are_named(monkeypatch, capsys, tmp_path):
    assert "--workdir is missing" in refusal(monkeypatch, capsys, "train", DEBUG)
    assert "--config" in refusal(monkeypatch, capsys, "train", f"--workdir={tmp_path}")
    assert "no command 'trian'" in refusal(monkeypatch, capsys, "trian")
    message = refusal(monkeypatch, capsys, "sample", f"--workdir={tmp_path}/none")
    assert "none" in message and "training run" in message


def test_a_work_directory_of_another_experiment_is_refused(tmp_path):
    def start(**fields):
        claim.claim(run.new_run(tmp_path, debug_config(**fields))[0], {})

    start()
    start(**{"train.steps": 99, "sample.columns": 2})  # free to change
    with pytest.raises(ValueError, match=r"another experiment \(model.width is 4 there, 8 here\)"):
        start(**{"model.width": 8})
    assert json.loads((tmp_path / "config.json").read_text())["model"]["width"] == 4


def test_a_label_out_of_range_is_refused(tmp_path, monkeypatch, capsys):
    data = tmp_path / "data"
    shutil.copytree(Path(jaxgan.__file__).parent / "data" / "fashion_mnist", data)
    (data / "label.labels.txt").write_text("a\nb\nc\n")
    features = (data / "features.json").read_text()
    (data / "features.json").write_text(features.replace('"10"', '"3"'))
    flags = (f"--workdir={tmp_path}/run", f"--config.data.name={data}")
    message = refusal(monkeypatch, capsys, "train", DEBUG, *flags)
    assert "label 9, but the data set names 3 classes" in message


def test_an_unwritable_work_directory_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match=r"--workdir=.*file/run cannot be written"):
        claim.claimed(run.new_run(tmp_path / "file" / "run", debug_config())[0], {}).__enter__()


def test_no_tensorflow_or_pytorch_at_run_time():
    code = (
        "import sys; import jaxgan.training.train, jaxgan.trained.sample;"
        "import jaxgan.evaluate.command, jaxgan.main;"
        "from jaxgan.data.records import open_records; open_records('fashion_mnist').read([0]);"
        "sys.exit(any(m in sys.modules for m in ('tensorflow', 'torch')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
