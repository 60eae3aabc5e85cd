"""Experiment trackers: the packages themselves, offline, and what is refused without them.

Trackio is not among the packages of the second stage: it wants an older Pillow. By hand:
pip install trackio; pytest --slow tests/training/test_trackers.py
"""

import importlib
import importlib.util
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from ml_collections import ConfigDict

from jaxgan.training import trackers
from jaxgan.training.metrics import MetricsWriter

NAMES = tuple(trackers.TRACKERS)
# Numbers as the watch has them, and the names under which a tracker knows them.
SIGMAS = {"sigmas": {"g/a": [1.0, 2.0]}}
FLAT = {"watch/sigmas/g/a/0": 1.0, "watch/sigmas/g/a/1": 2.0}


def section(**projects):
    return ConfigDict(dict.fromkeys(NAMES, "") | projects)


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Return a function that trains, in two parts, with a tracker: lines of steps 5 and 15."""
    monkeypatch.chdir(tmp_path)
    workdir = tmp_path / "first"
    workdir.mkdir()
    (workdir / "config.json").write_text('{"seed": 3}')

    def write(name):
        for first in (0, 10):
            opened = trackers.open_trackers(section(**{name: "gans"}), workdir)
            with MetricsWriter(workdir, first, opened) as writer:
                writer.write("watch", first + 5, SIGMAS, tag="watch/")
        return workdir

    return write


def level_db(path: Path) -> Iterator[bytes]:
    """Yield the records of a file in LevelDB's log format: blocks of 32 KiB, small records."""
    data, place, parts = path.read_bytes(), 7, []
    while place + 7 <= len(data):
        _, length, kind = struct.unpack_from("<IHB", data, place)
        parts.append(data[place + 7 : place + 7 + length])
        place += 7 + length
        if kind in (1, 4):  # whole, or the last part
            yield b"".join(parts)
            parts = []
        if 2**15 - place % 2**15 < 7:
            place += 2**15 - place % 2**15


@pytest.mark.slow
def test_weights_and_biases(write, monkeypatch):
    pytest.importorskip("wandb")
    record = importlib.import_module("wandb.proto.wandb_internal_pb2").Record
    monkeypatch.setenv("WANDB_MODE", "offline")
    workdir = write("wandb")
    number, lines = (workdir / "wandb_id.txt").read_text(), {}
    for file in workdir.glob("wandb/offline-run-*/*.wandb"):
        assert file.stem == f"run-{number}"
        for found in map(record.FromString, level_db(file)):
            if found.run.project:
                settings = {u.key: u.value_json for u in found.run.config.update}
                assert found.run.project == "gans" and found.run.display_name == "first"
                assert settings["seed"] == "3"
            items = {i.key or "".join(i.nested_key): i.value_json for i in found.history.item}
            if items:
                lines[found.history.step.num] = {name: float(items[name]) for name in FLAT}
    assert lines == {5: FLAT, 15: FLAT}


@pytest.mark.slow
def test_trackio(write, tmp_path, monkeypatch):
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "trackio"))
    pytest.importorskip("trackio")
    storage = importlib.import_module("trackio.sqlite_storage").SQLiteStorage
    name = (write("trackio") / "trackio_id.txt").read_text()
    assert name.startswith("first-") and storage.get_runs("gans") == [name]
    assert storage.get_run_config("gans", name)["seed"] == 3
    lines = {line["step"]: {n: line[n] for n in FLAT} for line in storage.get_logs("gans", name)}
    assert lines == {5: FLAT, 15: FLAT}


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # its own
def test_mlflow(write, tmp_path, monkeypatch):
    pytest.importorskip("mlflow")
    from mlflow.tracking import MlflowClient

    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    number, client = (write("mlflow") / "mlflow_id.txt").read_text(), MlflowClient()
    experiment = client.get_experiment_by_name("gans")
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.run_id == number and run.info.run_name == "first"
    assert run.info.status == "FINISHED"
    for name, value in FLAT.items():
        history = client.get_metric_history(number, name)
        assert [(m.step, m.value) for m in history] == [(5, value), (15, value)]


def test_without_a_project_no_package_is_imported(tmp_path, monkeypatch):
    for name in NAMES:
        monkeypatch.setitem(trackers.TRACKERS, name, None)  # calling it would fail
    (tmp_path / "config.json").write_text("{}")
    assert trackers.open_trackers(section(), tmp_path) == []
    trackers.check_trackers(section())


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_package_is_refused_with_the_command_to_get_it(monkeypatch, name):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    message = f"train.{name} = 'gans' needs the package {name}: pip install {name}, or write ''"
    with pytest.raises(ValueError, match=message):
        trackers.check_trackers(section(**{name: "gans"}))
