"""The log of a run: no line twice, none missing, readable times."""

import importlib.util
import json
import sys
import types

import jax
import pytest

from jaxgan import metrics


def test_lines_after_the_checkpoint_are_dropped(tmp_path):
    path = tmp_path / "metrics.jsonl"
    lines = [json.dumps({"step": s, "loss": s / 3}) + "\n" for s in (10, 20, 30)]
    path.write_text("".join(lines) + '{"step": 40, "lo')  # killed while writing
    metrics.drop_lines_after(path, 20)
    assert path.read_text() == "".join(lines[:2])
    metrics.drop_lines_after(path, 0)
    assert path.read_text() == ""


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0s"), (59, "59s"), (725, "12m05s"), (12000, "3h20m"), (1304000, "15d02h")],
)
def test_duration(seconds, text):
    assert metrics.duration(seconds) == text


class Project(types.ModuleType):
    """Stands for the package wandb: remembers what it is told."""

    def __init__(self):
        super().__init__("wandb")
        self.runs, self.lines = [], []

    def init(self, **settings):
        self.runs.append(settings)
        return self

    def log(self, values, step):
        self.lines.append((step, values))

    def finish(self):
        self.lines.append("finished")


def test_weights_and_biases_has_the_numbers_when_asked(tmp_path, monkeypatch):
    project = Project()
    monkeypatch.setitem(sys.modules, "wandb", project)
    (tmp_path / "config.json").write_text('{"seed": 3}')
    for first in (0, 10):
        with metrics.MetricsWriter(tmp_path, first, "gans") as writer:
            writer.write("watch", first + 5, {"sigmas": {"g/a": [1.0, 2.0]}}, tag="watch/")
    assert project.lines[0] == (5, {"watch/sigmas/g/a/0": 1.0, "watch/sigmas/g/a/1": 2.0})
    assert project.lines[1] == "finished" and project.lines[2][0] == 15
    first, again = project.runs
    assert first == again  # a run that continues is the same run there
    assert first["config"] == {"seed": 3} and first["name"] == tmp_path.name
    assert first["project"] == "gans" and first["resume"] == "allow" and len(first["id"]) == 16


def test_nothing_but_tensorboard_unless_asked(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "wandb", None)  # importing it would fail
    with metrics.MetricsWriter(tmp_path, 0) as writer:
        writer.write("metrics", 5, {"d/loss": 1.0})
    assert not (tmp_path / "wandb_id.txt").exists() and list(tmp_path.glob("events*"))


def test_a_missing_wandb_is_refused_with_the_command_to_get_it(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    metrics.check_wandb("")
    with pytest.raises(ValueError, match=r"train.wandb = 'gans' needs .*: pip install wandb"):
        metrics.check_wandb("gans")


def test_every_start_leaves_a_line(tmp_path):
    for first in (0, 20):
        metrics.MetricsWriter(tmp_path, first).__exit__()
    lines = metrics.read_lines(tmp_path / "starts.jsonl")
    assert [line["step"] for line in lines] == [0, 20]
    assert lines[0]["devices"] == "8 x cpu" and lines[0]["jax"] == jax.__version__


def test_memory_is_at_least_what_was_just_filled():
    before = metrics.memory()["host_gb"]
    block = b"x" * 200_000_000
    after = metrics.memory()["host_gb"]
    assert before + 1.0 > after >= max(before, len(block) / 1e9)
