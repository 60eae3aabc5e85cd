"""Two processes with four devices each give the numbers of one with eight."""

import os

import pytest

from jaxgan.evaluate.results import read_results
from tests.multiprocess.test_processes import ROOT, finish, local
from tests.tiny import tiny_run

OWN = "--config.evaluate.extractor=tests.evaluate.scored:features"


@pytest.mark.slow
def test_two_processes_score_as_one(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    metrics = "--config.evaluate.metrics=('fd','kd','precision_recall','copies','interpolation')"
    command = [OWN, metrics, "--config.evaluate.samples=90", "--config.evaluate.batch=32"]
    tiny_run(tmp_path / "run")
    reference = "--config.evaluate.split=train[:300]"
    for count in (2, 1):
        output = f"--output={tmp_path / str(count)}"
        argv = ["evaluate", str(tmp_path / "run"), *command, reference, output]
        address = f"127.0.0.1:{local().free_port()}"
        group = [local().start(argv, i, count, 8 // count, address) for i in range(count)]
        try:
            codes, outputs = finish(group, timeout=600)
        finally:
            for process in group:
                process.kill()
        assert codes == [0] * count, outputs
        if count == 2:
            assert "fd_features" in outputs[0] and "fd_features" not in outputs[1]
    (two,), (one,) = (read_results(tmp_path / n / "results.jsonl") for n in "21")
    between = [n for n in one["metrics"] if n.startswith("interpolation")]
    for name in between:  # one pixel between samples may round to another uint8
        assert two["metrics"].pop(name) == pytest.approx(one["metrics"].pop(name), rel=1e-4), name
    assert len(between) == 4
    assert two["metrics"] == pytest.approx(one["metrics"], rel=1e-6, abs=1e-6)
    assert two["protocol"] == one["protocol"]
    assert os.listdir(tmp_path / "2") == os.listdir(tmp_path / "1")
