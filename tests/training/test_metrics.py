"""The log of a run: no line twice, none missing, readable times."""

import contextlib
import importlib.metadata
import types

import jax
import pytest

import jaxgan
from jaxgan.files import json_lines
from jaxgan.training import metrics, progress, stopwatch


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0s"), (59, "59s"), (725, "12m05s"), (12000, "3h20m"), (1304000, "15d02h")],
)
def test_duration(seconds, text):
    assert progress.duration(seconds) == text


def test_a_lap_accounts_for_every_second(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(stopwatch.time, "perf_counter", lambda: now[0])
    clock = stopwatch.Stopwatch()

    def spend(seconds, name=None):
        with clock(name) if name else contextlib.nullcontext():
            now[0] += seconds

    spend(2, "input")
    spend(5, "step")
    spend(1)
    spend(4, "step")
    assert clock.elapsed() == 12
    assert clock.lap() == {"input": 2, "step": 9, "other": 1}
    spend(3)  # between a lap and its line in the log: of the next
    spend(7, "samples")
    assert clock.lap() == {"samples": 7, "other": 3}
    assert clock.lap() == {"other": 0}


@pytest.mark.parametrize(
    ("spent", "text"),
    [
        ({"input": 0.1, "step": 19.8, "other": 0.1}, "goodput 99 %"),
        (
            {"input": 0.2, "step": 16.0, "samples": 3.0, "checkpoint": 0.5, "other": 0.3},
            "goodput 80 % (input 1, samples 15, checkpoint 2, other 2)",
        ),
    ],
)
def test_goodput_names_what_took_a_hundredth_or_more(spent, text):
    assert stopwatch.goodput(spent) == text


def test_progress_says_where_how_fast_how_well_how_long():
    values = {"d/loss": 1.5, "g/loss": -0.25, "d/grad_norm": 3.0}
    line = progress.progress_line(500, 1000, 128, 64.0, {"step": 2.0, "input": 0.5}, values)
    assert line == (
        "step 500/1000  64k images  64 images/s  goodput 80 % (input 20)  "
        "d/loss +1.500  g/loss -0.250  16m40s left"
    )

    line = progress.progress_line(5, 10, 1000, 2.0, {"step": 1.0}, {}, "sounds")
    assert line.startswith("step 5/10  5k sounds  2 sounds/s  ")


def test_every_start_leaves_a_line(tmp_path):
    for first in (0, 20):
        metrics.MetricsWriter(tmp_path, first).__exit__()
    lines = json_lines.read(tmp_path / "starts.jsonl")
    assert [line["step"] for line in lines] == [0, 20]
    assert lines[0]["devices"] == "8 x cpu" and lines[0]["jax"] == jax.__version__


def test_a_checkout_need_not_be_installed(monkeypatch):
    plain = metrics.version

    def version(name):
        if name == "jaxgan":
            raise importlib.metadata.PackageNotFoundError(name)
        return plain(name)

    monkeypatch.setattr(metrics, "version", version)
    assert metrics.circumstances()["jaxgan"] == jaxgan.__version__


def test_memory_of_a_device_is_written_where_it_is_known(monkeypatch):
    card = types.SimpleNamespace(memory_stats=lambda: {"peak_bytes_in_use": 3 * 10**9})
    monkeypatch.setattr(metrics.jax, "local_devices", lambda: [card])
    assert metrics.memory()["device_gb"] == 3.0


def test_memory_is_at_least_what_was_just_filled():
    before = metrics.memory()["host_gb"]
    block = b"x" * 200_000_000
    after = metrics.memory()["host_gb"]
    assert before + 1.0 > after >= max(before, len(block) / 1e9)
