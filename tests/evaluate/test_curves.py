"""Many scores of one run: over truncations, and of checkpoints as they appear."""

import csv
import threading

import jax
import numpy as np
import pytest
from PIL import Image

from jaxgan.evaluate import follow
from jaxgan.evaluate.metrics.table import METRICS
from jaxgan.evaluate.results import read_results
from jaxgan.media.pixels import to_stored
from jaxgan.trained.export import write_generator
from jaxgan.trained.load import load
from jaxgan.training.checkpoints import Checkpoints
from jaxgan.training.run import abstract_state
from tests.evaluate.scored import expected_fd, flags
from tests.tiny import drawn, tiny_generator, tiny_run, tiny_tabulated


def test_a_truncation_curve(tmp_path, data, command):
    tiny_run(tmp_path / "run")
    sweep = "--truncation=0.5:1.5:0.5"
    out = command(tmp_path / "run", *flags(data, metrics="('fd','is')"), sweep)
    results = read_results(tmp_path / "run" / "results.jsonl")
    assert [r["protocol"]["truncation"] for r in results] == [None, 0.5, 1.0, 1.5]
    g = load(tmp_path / "run")
    for r in results:  # standing statistics of each threshold
        t = r["protocol"]["truncation"] or 0.0
        images = to_stored(g.generate(g.latents(range(60), 0, t), np.arange(60) % 5, t))
        fd = r["metrics"]["fd_features"]
        assert fd == pytest.approx(expected_fd(images, data[1]), rel=1e-4)
    scores = [r["metrics"]["is_features"] for r in results]
    best = results[int(np.argmax(scores))]["protocol"]["truncation"]
    assert f"(d) best Inception Score: {f'truncation {best:g}' if best else 'none'}" in out
    # Another definition joins the curve; what is there is not computed again.
    command(tmp_path / "run", *flags(data, metrics="('fd','is')"), "--truncation=0.5,1",
            "--config.sample.truncation_definition=scaled")  # fmt: skip
    assert len(read_results(tmp_path / "run" / "results.jsonl")) == 6
    with open(tmp_path / "run" / "truncation.csv") as file:
        rows = list(csv.DictReader(file))
    assert [(r["definition"], r["truncation"]) for r in rows] == [
        *(("threshold", t) for t in ("none", "1.5", "1.0", "0.5")),
        *(("scaled", t) for t in ("none", "1.0", "0.5")),
    ]
    assert float(rows[1]["fd_features"]) == results[3]["metrics"]["fd_features"]
    assert "a" in rows[0]["point"]
    with Image.open(tmp_path / "run" / "truncation.png") as picture:
        assert len(np.unique(np.asarray(picture).reshape(-1, 3), axis=0)) > 50  # not blank


def test_a_curve_of_a_file_does_not_use_the_files_statistics(tmp_path, data, command, monkeypatch):
    """They are for other thresholds: 0.25 is below all that this file has."""
    write_generator(tmp_path / "tiny.safetensors", tiny_tabulated())
    monkeypatch.chdir(tmp_path)
    command("tiny.safetensors", *flags(data, metrics="('fd','is')"), "--truncation=0.25")
    results = read_results("evaluation/results.jsonl")
    assert [r["protocol"]["truncation"] for r in results] == [None, 0.25]
    assert {r["protocol"]["standing_statistics"] for r in results} == {"3 batches of 16"}
    g = tiny_generator()
    images = to_stored(g.generate(g.latents(range(60), 0, 0.25), np.arange(60) % 5, 0.25))
    fd = results[1]["metrics"]["fd_features"]
    assert fd == pytest.approx(expected_fd(images, data[1]), rel=1e-4)


def test_following_scores_each_checkpoint_once(tmp_path, data, command, monkeypatch):
    """A checkpoint that appears while it looks is scored too; the last step ends it."""
    opened = tiny_run(tmp_path / "run", step=3, **{"train.steps": 9})
    monkeypatch.setattr(follow, "POLL_SECONDS", 0.05)
    shapes = abstract_state(opened)

    def later():
        state = drawn(shapes)
        state = state.replace(averages=jax.tree.map(lambda x: 0.5 * x, state.averages))
        state = jax.device_put(state.replace(step=np.int32(9)),
                               jax.tree.map(lambda x: x.sharding, shapes))  # fmt: skip
        with Checkpoints(tmp_path / "run" / "checkpoints") as checkpoints:
            checkpoints.save(9, state)

    writer = threading.Timer(0.5, later)
    writer.start()
    command(tmp_path / "run", *flags(data), "--follow", "--patience=60")
    writer.join()
    results = read_results(tmp_path / "run" / "results.jsonl")
    assert [r["protocol"]["step"] for r in results] == [3, 9]
    g = load(tmp_path / "run")
    images = to_stored(g.generate(g.latents(range(60)), np.arange(60) % 5))
    fd = results[1]["metrics"]["fd_features"]
    assert fd == pytest.approx(expected_fd(images, data[1]), rel=1e-4)
    assert fd != pytest.approx(results[0]["metrics"]["fd_features"], rel=1e-2)
    assert (tmp_path / "run" / "scores.png").exists()
    command(tmp_path / "run", *flags(data), "--follow")
    assert len(read_results(tmp_path / "run" / "results.jsonl")) == 2
    # With one metric more that one alone is computed, and stands beside the known ones.
    known = METRICS["fd"]._replace(compute=lambda _: pytest.fail("it is known"))
    monkeypatch.setitem(METRICS, "fd", known)
    more = [f for f in flags(data, metrics="('fd','kd','is','mind')") if "metrics" in f]
    command(tmp_path / "run", *flags(data), *more, "--follow")
    found = read_results(tmp_path / "run" / "results.jsonl")
    assert [r["protocol"]["step"] for r in found] == [3, 9, 3, 9]
    for old, new in zip(found[:2], found[2:], strict=True):
        assert new["metrics"].items() > old["metrics"].items()
        assert set(new["metrics"]) - set(old["metrics"]) == {"mind_features"}
