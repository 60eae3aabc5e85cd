"""The table's script: what it trains, what it does not do again, what it writes."""

import sys

import pytest

from jaxgan.evaluate.results import append_result
from tests.demos import table
from tests.test_configs import module


@pytest.fixture
def trained(monkeypatch):
    """Stand-ins for training and scoring, which write what those leave behind; the calls."""
    calls = []

    def train(config, workdir):
        calls.append((workdir.name, config.seed, config.train.steps))
        (workdir / "samples").mkdir(parents=True)
        (workdir / "samples" / "00000001.png").write_bytes(b"png")
        return 0

    def evaluate(workdir, config):
        assert config.evaluate.samples == 50
        is_first = workdir.name.endswith("untrained")
        score = 100.0 if is_first else 20.0 + 10.0 * config.seed
        append_result(workdir / "results.jsonl", {"fd_lite0": score, "recall_lite0": 0.5}, {})

    monkeypatch.setattr(table.train, "train", train)
    monkeypatch.setattr(table, "evaluate", evaluate)
    return calls


def run(monkeypatch, folder, *flags):
    monkeypatch.setattr(sys, "argv", ["table", str(folder), "--samples=50", *flags])
    table.main()
    return (folder / "table.md").read_text().splitlines()[2:]


def test_rows_are_added_and_nothing_is_done_twice(trained, monkeypatch, tmp_path):
    flags = ("--images=6400", "--rows=mlp")
    (row,) = run(monkeypatch, tmp_path, *flags, "--seeds=1")
    assert [name for name, *_ in trained] == ["mlp-0", "mlp-0-untrained"]
    steps = 6400 // module("mlp_gan").get_config().train.batch
    assert [steps for *_, steps in trained] == [steps, 1]
    assert row == "| mlp | 1 | 0 | 20 |  |  | 0.5 | 5 |"
    (row,) = run(monkeypatch, tmp_path, *flags, "--seeds=2")
    assert trained[2:] == [("mlp-1", 1, steps)]
    assert row == "| mlp | 2 | 0 ± 0 | 25 ± 7.1 |  |  | 0.5 ± 0 | 5 |"
    assert run(monkeypatch, tmp_path, *flags, "--seeds=2") == [row]
    assert len(trained) == 3
    assert (tmp_path / "mlp-1.png").read_bytes() == b"png"


def test_a_run_that_is_stopped_stops_the_table(trained, monkeypatch, tmp_path):
    monkeypatch.setattr(table.train, "train", lambda config, workdir: 75)
    with pytest.raises(SystemExit, match="mlp-0 was stopped: start again to continue"):
        run(monkeypatch, tmp_path, "--rows=mlp", "--seeds=1")


def test_unknown_rows_are_refused(monkeypatch, tmp_path):
    with pytest.raises(SystemExit, match=r"--rows has \['gan'\]: write some of mlp, "):
        run(monkeypatch, tmp_path, "--rows=gan")
