"""A run can stop and continue: the result is that of an uninterrupted run, bit for bit."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

from jaxgan.devices import compiler
from jaxgan.files import json_lines
from jaxgan.report.life import life
from jaxgan.training import train
from jaxgan.training.checkpoints import Checkpoints
from jaxgan.training.non_finite import NonFiniteError
from jaxgan.training.run import abstract_state, load_run

CONFIGS = Path(__file__).parents[2] / "configs"


def debug_config(**fields):
    spec = importlib.util.spec_from_file_location("debug", CONFIGS / "debug.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    config = module.get_config()
    config.data.size = (8, 8)  # compiled in half the time
    config.train.update(steps=20, log_every=5, sample_every=10, checkpoint_every=10)
    config.update_from_flattened_dict(fields)
    return config


def final_state(workdir):
    run = load_run(workdir)
    with Checkpoints(workdir / "checkpoints") as checkpoints:
        return checkpoints.restore_newest(abstract_state(run))


def bits(x):
    is_key = jax.dtypes.issubdtype(x.dtype, jax.dtypes.prng_key)
    return np.asarray(jax.random.key_data(x) if is_key else x)


def assert_same_run(a: Path, b: Path, samples=(10, 20)):
    for x, y in zip(*map(jax.tree.leaves, (final_state(a), final_state(b))), strict=True):
        np.testing.assert_array_equal(bits(x), bits(y))
    for name in ("metrics.jsonl", *(f"samples/{step:08d}.png" for step in samples)):
        assert (a / name).read_bytes() == (b / name).read_bytes(), name


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """An uninterrupted run of 20 steps (and a cache that spares the others its compilation)."""
    folder = tmp_path_factory.mktemp("whole")
    compiler.enable_persistent_cache(folder / "cache")
    assert train.train(debug_config(), folder / "run") == 0
    return folder / "run"


def test_continuing_a_finished_part_equals_one_run(whole, tmp_path):
    assert train.train(debug_config(**{"train.steps": 10}), tmp_path) == 0
    assert train.train(debug_config(), tmp_path) == 0
    assert_same_run(whole, tmp_path)
    assert [line["step"] for line in json_lines.read(tmp_path / "starts.jsonl")] == [0, 10]
    report = (tmp_path / "report.html").read_text()  # refreshed beside the training, whole at last
    assert "samples at step 20" in report and "training was started again" in report


def test_a_signal_saves_and_the_same_command_continues(whole, tmp_path, monkeypatch):
    join, calls = train.sharding.global_batch, []

    def interrupting(*args):
        calls.append(None)
        if len(calls) == 9:  # read ahead of a step around the seventh, neither logged nor saved
            os.kill(os.getpid(), signal.SIGTERM)
        return join(*args)

    monkeypatch.setattr(train.sharding, "global_batch", interrupting)
    assert train.train(debug_config(), tmp_path) == train.INTERRUPTED
    assert 5 < final_state(tmp_path).step < 10  # between two lines of the log
    assert train.train(debug_config(), tmp_path) == 0
    assert_same_run(whole, tmp_path)


def test_laps_say_where_the_time_of_each_start_went(whole, tmp_path):
    found = life(json_lines.read(whole / "starts.jsonl"), json_lines.read(whole / "laps.jsonl"))
    assert found is not None
    assert (found.starts, found.steps, found.lost, found.lost_seconds) == (1, 20, 0, 0.0)
    wanted = {"starting", "compile", "step", "input", "samples", "checkpoint", "other"}
    assert found.seconds.keys() == wanted and min(found.seconds.values()) >= 0
    assert found.elapsed == pytest.approx(sum(found.seconds.values()), abs=0.5)
    assert 0 < found.goodput < 1


KILLED = """
import os, signal
from jaxgan import main
from jaxgan.training import train
class Clock(train.Stopwatch):
    def __setattr__(self, name, value):
        if name == "step" and value == {step}:
            os.kill(os.getpid(), signal.SIGKILL)
        super().__setattr__(name, value)
train.Stopwatch = Clock
main.run()
"""


@pytest.mark.slow
def test_steps_that_kills_have_cost_are_counted_exactly(tmp_path):
    """Killed when step 9 begins, then step 12: each step is logged, and every fourth saved."""
    command = ["train", f"--config={CONFIGS}/debug.py", f"--workdir={tmp_path / 'run'}"]
    every = {"steps": 15, "log_every": 1, "checkpoint_every": 4, "sample_every": 15}
    command += [f"--config.train.{name}={value}" for name, value in every.items()]
    for step in (9, 12, 99):
        program = [sys.executable, "-c", KILLED.format(step=step), *command]
        environment = os.environ | {"JAX_PLATFORMS": "cpu", "PYTHONPATH": str(CONFIGS.parent)}
        code = subprocess.run(program, env=environment, capture_output=True).returncode
        assert code == (-signal.SIGKILL if step < 99 else 0)
    starts, laps = (json_lines.read(tmp_path / "run" / f"{n}.jsonl") for n in ("starts", "laps"))
    began = [line["step"] for line in starts]
    assert began[0] == 0 and began[1] in (4, 8) and began[2] in (4, 8)  # the newest that was whole
    found = life(starts, laps)
    assert found is not None and found.starts == 3
    assert found.steps == 8 + (11 - began[1]) + (15 - began[2])
    assert found.lost == found.steps - 15
    compiled = [lap["start"] for lap in laps if "compile" in lap["seconds"]]
    assert compiled == [0, 1, 2]
    assert 0 < found.goodput < found.seconds["step"] / found.elapsed < 1
    assert found.not_running > 0  # between a kill and the next start


def test_a_second_interrupt_from_the_keyboard_stops_at_once():
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    try:
        stop = train.stop_flag()
        assert not stop.is_set()
        signal.raise_signal(signal.SIGINT)
        assert stop.is_set()
        signal.raise_signal(signal.SIGTERM)  # a scheduler says it twice: still saved
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_a_hangup_stops_like_a_signal_unless_it_is_ignored():
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    try:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the tests may run below nohup themselves
        stop = train.stop_flag()
        signal.raise_signal(signal.SIGHUP)
        assert stop.is_set()
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # nohup
        stop = train.stop_flag()
        signal.raise_signal(signal.SIGHUP)
        assert not stop.is_set()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_log_has_each_logged_step_once(whole):
    lines = [json.loads(line) for line in (whole / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [5, 10, 15, 20]
    assert all(np.isfinite(list(line.values())).all() for line in lines)


def test_a_run_opens_with_the_config_file_that_it_was_trained_with(whole):
    fields = debug_config(**{"evaluate.samples": 7})  # training does not depend on these
    opened = load_run(whole, fields).config
    assert opened.data == load_run(whole).config.data and opened.evaluate.samples == 7
    with pytest.raises(ValueError, match=r"model.width is 4 there, 8 here"):
        load_run(whole, debug_config(**{"model.width": 8}))


@pytest.mark.parametrize("text", ["{", "[]", '{"model": 3}', '{"model": {"name": "biggan"}}'])
def test_a_damaged_config_is_named(text, tmp_path):
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(ValueError, match=r"config.json is not the config of a run \("):
        load_run(tmp_path)


def test_a_gradient_that_is_not_finite_names_step_player_and_leaf(tmp_path):
    config = debug_config(**{"generator.learning_rate": 1e30})
    with pytest.raises(NonFiniteError, match=r"step \d+: the \w+'s gradient of \S+ is not"):
        train.train(config, tmp_path)
    assert not list((tmp_path / "checkpoints").glob("[0-9]*"))  # a bad state is never saved


class Killed(BaseException):
    """Stands for a kill: nothing in the code may catch it."""


def failing_at_15(monkeypatch, workdir, killed_at=None):
    """Make step 15 fail with the run's first key; with another one, be killed at `killed_at`."""
    look, first = train.non_finite.refuse_gradients, jax.random.key_data(final_state(workdir).key)

    def refuse(history, step, state, *others):
        good = look(history, step, state, *others)
        if step == 15 and (jax.random.key_data(state.key) == first).all():
            raise NonFiniteError("injected", 15)
        if step == killed_at and not (jax.random.key_data(state.key) == first).all():
            raise Killed
        return good

    monkeypatch.setattr(train.non_finite, "refuse_gradients", refuse)


def test_a_roll_back_goes_on_with_another_key_and_survives_a_kill(whole, tmp_path, monkeypatch):
    config = debug_config(**{"on_non_finite.policy": "roll_back"})
    with monkeypatch.context() as patch:
        failing_at_15(patch, whole)
        assert train.train(config, tmp_path / "a") == 0
    with monkeypatch.context() as patch:
        failing_at_15(patch, whole, killed_at=20)
        with pytest.raises(Killed):
            train.train(config, tmp_path / "b")
    with monkeypatch.context() as patch:
        failing_at_15(patch, whole)
        assert train.train(config, tmp_path / "b") == 0
    assert_same_run(tmp_path / "a", tmp_path / "b")
    logs = [(tmp_path / run / "roll_backs.jsonl").read_text() for run in "ab"]
    assert logs[0] == logs[1]
    (line,) = map(json.loads, logs[0].splitlines())
    assert (line["step"], line["to"]) == (15, 10) and "injected" in line["why"]
    steps = [
        (folder / "metrics.jsonl").read_text().splitlines() for folder in (whole, tmp_path / "a")
    ]
    assert steps[0][:2] == steps[1][:2]  # up to the checkpoint nothing changes
    assert [json.loads(line)["step"] for line in steps[1]] == [5, 10, 15, 20]
    assert steps[0][2] != steps[1][2]  # from there on the noise is another


def test_a_collapse_is_rolled_back(whole, tmp_path, monkeypatch, capsys):
    look = train.Watch.__call__

    def collapsing(self, state):
        first = (
            jax.random.key_data(state.key) == jax.random.key_data(final_state(whole).key)
        ).all()
        return look(self, state) | ({"diversity": 0.01} if first and state.step > 10 else {})

    monkeypatch.setattr(train.Watch, "__call__", collapsing)
    fields = {"watch.every": 5, "watch.policy": "roll_back", "watch.classes": 2}
    assert train.train(debug_config(**fields), tmp_path) == 0
    (line,) = map(json.loads, (tmp_path / "roll_backs.jsonl").read_text().splitlines())
    assert (line["step"], line["to"]) == (20, 10) and "since step 15" in line["why"]
    assert "WATCH, step 20: samples of a class differ 0.01" in capsys.readouterr().out
    seen = [json.loads(line) for line in (tmp_path / "watch.jsonl").read_text().splitlines()]
    assert [line["step"] for line in seen] == [5, 10, 15, 20]  # none of the collapsed ones
    assert all(line["diversity"] > 0.25 for line in seen)


def test_a_full_disk_stops_with_a_line_and_the_same_command_continues(whole, tmp_path, monkeypatch):
    write = train.MetricsWriter.write

    def full(self, name, step, *args, **kwargs):
        if step == 15:
            raise OSError(28, "No space left on device")
        write(self, name, step, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(train.MetricsWriter, "write", full)
        with pytest.raises(
            RuntimeError, match=r"cannot be written \(No space left .* from step 10"
        ):
            train.train(debug_config(), tmp_path)
    assert train.train(debug_config(), tmp_path) == 0
    assert_same_run(whole, tmp_path)


def test_a_damaged_newest_checkpoint_costs_steps_and_changes_nothing(whole, tmp_path):
    assert train.train(debug_config(), tmp_path) == 0
    damaged = tmp_path / "checkpoints" / "20" / "manifest"
    damaged.write_bytes(damaged.read_bytes()[:-70])
    assert train.train(debug_config(), tmp_path) == 0
    assert_same_run(whole, tmp_path)
    assert (tmp_path / "checkpoints" / "20.damaged").is_dir()
