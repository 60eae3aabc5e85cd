"""Real processes on this machine: two with four CPU devices each are one run of eight devices."""

import importlib.util
import json
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import jax
import numpy as np
import pytest

from jaxgan.devices import processes, sharding
from jaxgan.devices.heartbeat import LOST
from jaxgan.training.checkpoints import Checkpoints
from jaxgan.training.run import abstract_state, load_run
from jaxgan.training.train import INTERRUPTED

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "configs" / "debug.py"
TINY = (
    "--config.data.size=(8, 8)",
    "--config.train.steps=4",
    "--config.train.log_every=2",
    "--config.train.checkpoint_every=2",
    "--config.train.sample_every=4",
    "--config.sample.standing_batches=2",
    # See test_sharding.py: else Adam makes full steps of gradients that are rounding alone. That of
    # attention's scalar is what is left of 1e5 terms that cancel.
    "--config.generator.eps=1e-2",
    "--config.discriminator.eps=1e-2",
)
slow = pytest.mark.slow


def local():
    spec = importlib.util.spec_from_file_location("local", ROOT / "launch" / "local.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def spawn(tmp_path, monkeypatch):
    """Return a function that starts `jaxgan train` as several processes; none outlives the test."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    started = []

    def start(workdir, *flags, count=2, devices=4, own_flags=None):
        address = f"127.0.0.1:{local().free_port()}"
        command = ["train", f"--config={CONFIG}", f"--workdir={workdir}", *TINY, *flags]
        group = [
            local().start([*command, *(own_flags or {}).get(i, ())], i, count, devices, address)
            for i in range(count)
        ]
        started.extend(group)
        return group

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture
def program(monkeypatch):
    """Return a function: from now on every process runs this program in place of jaxgan's."""
    popen = subprocess.Popen

    def change(text):
        def start(command, **rest):
            return popen([command[0], "-c", text, *command[3:]], **rest)

        monkeypatch.setattr(subprocess, "Popen", start)

    return change


def finish(group, timeout=900):
    """Return (exit codes, outputs)."""
    outputs = [process.communicate(timeout=timeout)[0] for process in group]
    return [process.returncode for process in group], outputs


def state_of(workdir):
    run = load_run(workdir)
    with Checkpoints(workdir / "checkpoints") as checkpoints:
        state = checkpoints.restore_newest(abstract_state(run))
    return state.replace(key=jax.random.key_data(state.key))


def assert_same_run(a: Path, b: Path):
    """Equal up to the rounding that test_sharding.py states."""
    states = (jax.tree_util.tree_leaves_with_path(state_of(w)) for w in (a, b))
    for (path, x), (_, y) in zip(*states, strict=True):
        x, y = np.asarray(x), np.asarray(y)
        atol = 500 * 2.0**-23 * max(np.abs(x).max(), 0.1)
        np.testing.assert_allclose(x, y, rtol=0, atol=atol, err_msg=jax.tree_util.keystr(path))
    lines = [(w / "metrics.jsonl").read_text().splitlines() for w in (a, b)]
    assert [json.loads(x)["step"] for x in lines[0]] == [json.loads(y)["step"] for y in lines[1]]


@slow
def test_two_processes_are_one_run_and_only_the_first_writes(spawn, tmp_path):
    """Ten steps of all there is, replicated and with parameters split over devices of both."""
    from PIL import Image

    flags = ["--config.train.steps=10", "--config.train.sample_every=10", "--config.model.width=32"]
    flags += ["--config.model.generator_attention=8", "--config.model.discriminator_attention=4"]
    flags += ["--config.generator.orthogonal=1e-3"]  # 2 D steps of 2 microbatches: debug.py
    one = tmp_path / "one"
    assert finish(spawn(one, *flags, count=1, devices=8))[0] == [0]
    for name, mesh in (("replicated", "fsdp 1"), ("split", "fsdp 4")):
        two = tmp_path / name
        codes, outputs = finish(spawn(two, *flags, f"--config.mesh.fsdp={mesh[-1]}"))
        assert codes == [0, 0], outputs
        assert "2 processes" in outputs[0] and "8 devices" in outputs[0] and mesh in outputs[0]
        assert "step" not in outputs[1]  # process 1 says nothing
        assert len(list(two.glob("events*"))) == 1
        assert_same_run(one, two)
        # Sheets: the same images by seed, up to one grey level where rounding falls either way.
        files = (w / "samples" / "00000010.png" for w in (one, two))
        sheets = [np.asarray(Image.open(file), np.int16) for file in files]
        assert np.abs(sheets[0] - sheets[1]).max() <= 1


@slow
def test_a_killed_process_is_named_and_the_run_continues_with_another_count(spawn, tmp_path):
    workdir, whole = tmp_path / "run", tmp_path / "whole"
    group = spawn(workdir, "--config.train.steps=100000")
    wait_for(workdir / "checkpoints" / "2", group)
    group[1].kill()
    killed = time.monotonic()
    output = group[0].communicate(timeout=90)[0]
    assert time.monotonic() - killed < 60 + 5
    assert group[0].returncode not in (0, None)
    assert re.search(r"process 1 on \S+ has been silent", output) or "task:1" in output, output
    steps = sorted(int(p.name) for p in (workdir / "checkpoints").iterdir() if p.name.isdigit())
    last = f"--config.train.steps={steps[-1] + 2}"
    codes, outputs = finish(spawn(workdir, last, count=1, devices=8))
    assert codes == [0], outputs
    assert "continuing from the checkpoint of step" in outputs[0]
    assert finish(spawn(whole, last, count=1, devices=8))[0] == [0]
    assert_same_run(whole, workdir)


@slow
def test_processes_that_disagree_about_the_config_are_named(spawn, tmp_path):
    group = spawn(tmp_path / "run", own_flags={1: ["--config.train.log_every=1"]})
    codes, outputs = finish(group, timeout=300)
    assert 0 not in codes, outputs
    for output in outputs:
        assert "process 1 was started with another config" in output
        assert "train.log_every is 1 there, 2 in process 0" in output
    assert not (tmp_path / "run").exists()


@slow
def test_an_odd_work_directory_is_that_of_all_processes(spawn, tmp_path):
    workdir = tmp_path / "lr[1e-3]"
    codes, outputs = finish(spawn(workdir))
    assert codes == [0, 0], outputs
    assert int(state_of(workdir).step) == 4


@slow
def test_work_directories_that_are_not_shared_are_refused(spawn, tmp_path):
    own = {1: [f"--workdir={tmp_path / 'other'}"]}
    codes, outputs = finish(spawn(tmp_path / "run", own_flags=own))
    assert 0 not in codes, outputs
    assert "of process 1 is not that of process 0: write a directory on storage" in outputs[1]
    assert "process 1 failed: --workdir=" in outputs[0]
    assert not list((tmp_path / "run").glob("checkpoints/*"))


FAILING = """
import os, jax
from jaxgan import main
from jaxgan.training import checkpoints
save = checkpoints.ocp.save_async
def save_async(path, state):
    if jax.process_index() == 1 and str(path).rpartition("/")[2].startswith("4"):
        raise OSError(28, "No space left on device")
    return save(path, state)
checkpoints.ocp.save_async = save_async
main.run()
"""


@slow
def test_a_save_that_fails_on_one_process_ends_all(spawn, tmp_path, program):
    program(FAILING)
    codes, outputs = finish(spawn(tmp_path / "run", "--config.train.steps=100"), timeout=300)
    assert codes == [LOST, 1], outputs
    line = "the checkpoint of step 4 could not be written (No space left on device)"
    assert line in outputs[1] and f"process 1 failed: {line}" in outputs[0], outputs
    assert "stack trace" not in outputs[0] + outputs[1]


# Process 1 does something of its own when it comes to step 7.
AT_STEP_7 = """
import os, sys, signal, time, jax
from jaxgan import main
from jaxgan.training import train
class Clock(train.Stopwatch):
    def __setattr__(self, name, value):
        if name == "step" and value == 7 and jax.process_index() == 1:
            {action}
        super().__setattr__(name, value)
train.Stopwatch = Clock
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the tests may run below nohup themselves
main.run()
"""
# Process 1 reads slowly; every save takes its time.
READING = """
import time, jax
from jaxgan import main
from jaxgan.data import reader
from jaxgan.training import checkpoints
read, save = reader.Reader.__call__, checkpoints.ocp.save_async
def slow(self, step):
    time.sleep(({seconds}) if jax.process_index() == 1 else 0)
    return read(self, step)
def save_async(path, state):
    time.sleep({save})
    return save(path, state)
reader.Reader.__call__, checkpoints.ocp.save_async = slow, save_async
main.run()
"""
UNLOGGED = ("--config.train.steps=3000", "--config.train.log_every=1000")
UNLOGGED += ("--config.train.checkpoint_every=1000", "--config.train.sample_every=1000")


@slow
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_signal_to_one_process_stops_all_within_two_steps(spawn, tmp_path, program, name):
    program(AT_STEP_7.format(action=f"os.kill(os.getpid(), signal.{name})"))
    workdir = tmp_path / "run"
    codes, outputs = finish(spawn(workdir, *UNLOGGED), timeout=300)
    assert codes == [INTERRUPTED, INTERRUPTED], outputs
    step = int(outputs[0].partition("stopped at step ")[2].partition(",")[0])
    assert 7 <= step <= 9, outputs
    assert [path.name for path in (workdir / "checkpoints").iterdir()] == [str(step)]
    assert int(state_of(workdir).step) == step
    assert not (workdir / "metrics.jsonl").exists()  # a stop does not log


@slow
def test_a_closed_output_of_process_0_stops_all(spawn, tmp_path):
    workdir = tmp_path / "run"
    flags = [flag.replace("log_every=1000", "log_every=5") for flag in UNLOGGED]
    group = spawn(workdir, *flags)
    while "compiled, first step done" not in (line := group[0].stdout.readline()):
        assert line
    group[0].stdout.close()
    assert [process.wait(timeout=300) for process in group] == [INTERRUPTED, INTERRUPTED]
    lines = (workdir / "metrics.jsonl").read_text().splitlines()
    step = int(state_of(workdir).step)
    # Lines that fit into the pipe before it was closed may be there.
    assert json.loads(lines[-1])["step"] < step <= json.loads(lines[-1])["step"] + 2


@slow
def test_a_stuck_process_is_named_and_all_write_their_stacks(spawn, tmp_path, program, monkeypatch):
    monkeypatch.setenv("JAXGAN_STUCK", "10")
    program(READING.format(seconds="9999 if step == 6 else 0", save=0))  # counted from 0
    workdir = tmp_path / "run"
    codes, outputs = finish(spawn(workdir, *UNLOGGED), timeout=300)
    assert codes == [LOST, LOST], outputs
    for output in outputs:
        assert re.search(
            r"process 1 on \S+ is stuck in phase 'reading' of step 7: no progress for 1\d s, "
            r"10 s are allowed; process \d stops too \(stacks: ",
            output,
        ), output
    stacks = [(workdir / "stacks" / f"process-{i}.txt").read_text() for i in (0, 1)]
    assert all("is stuck in phase 'reading'" in s and "in loop" in s for s in stacks), stacks
    assert ["in slow" in s for s in stacks] == [False, True], stacks  # who reads, and cannot


@slow
def test_a_slow_process_and_a_long_save_are_not_stuck(spawn, tmp_path, program, monkeypatch):
    """Process 1 reads for 2 s, once for 15; a save takes 15 s; with a patience of 10 s."""
    monkeypatch.setenv("JAXGAN_STUCK", "10")
    program(READING.format(seconds="15 if step == 6 else 2", save=15))
    codes, outputs = finish(spawn(tmp_path / "run", "--config.train.steps=8"), timeout=600)
    assert codes == [0, 0], outputs
    assert not (tmp_path / "run" / "stacks").exists()


def wait_for(path: Path, group, timeout=600):
    end = time.monotonic() + timeout
    while not path.exists():
        assert all(process.poll() is None for process in group)
        assert time.monotonic() < end
        time.sleep(0.2)


def join(**environment):
    return subprocess.run(
        [sys.executable, "-m", "jaxgan", "train"],
        env=os.environ | {"PYTHONPATH": str(ROOT), "JAX_PLATFORMS": "cpu"} | environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_a_taken_port_and_missing_processes_are_named():
    with socket.create_server(("", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        numbers = {"JAX_NUM_PROCESSES": "2", "JAX_PROCESS_ID": "0", "JAXGAN_TIMEOUT": "1"}
        done = join(JAX_COORDINATOR_ADDRESS=address, **numbers)
    (line,) = done.stderr.strip().splitlines()
    assert done.returncode == 1
    assert f"cannot listen at {address} (another program uses" in line
    done = join(JAX_COORDINATOR_ADDRESS=address, **numbers)
    (line,) = done.stderr.strip().splitlines()
    assert done.returncode == 1
    assert f"process 1 did not come to {address} within 1 s: start all processes" in line


def test_an_unreachable_coordinator_is_named():
    port = local().free_port()
    done = join(
        JAX_COORDINATOR_ADDRESS=f"127.0.0.1:{port}",
        JAX_NUM_PROCESSES="2",
        JAX_PROCESS_ID="1",
        JAXGAN_TIMEOUT="1",
    )
    assert done.returncode == 1
    (line,) = done.stderr.strip().splitlines()
    assert f"the coordinator at 127.0.0.1:{port} does not answer after 1 s" in line


@pytest.mark.parametrize(
    "environment,message",
    [
        ({"JAX_NUM_PROCESSES": "two", "JAX_PROCESS_ID": "0"}, "JAX_NUM_PROCESSES=two: write"),
        ({"JAX_NUM_PROCESSES": "2", "JAX_PROCESS_ID": "2"}, "write a number from 0 to 1"),
        ({"JAX_NUM_PROCESSES": "2"}, "JAX_PROCESS_ID=: write a whole number"),
    ],
)
def test_a_wrong_environment_is_refused_with_what_to_write(monkeypatch, environment, message):
    for name in ("JAX_NUM_PROCESSES", "JAX_PROCESS_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("JAX_COORDINATOR_ADDRESS", "127.0.0.1:1")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ValueError, match=message):
        processes.join()


def test_the_first_process_that_disagrees_is_named_with_all_its_fields():
    first = {"train": {"batch": 8, "log_every": 2}, "size": (8, 8)}
    same = json.loads(json.dumps(first))
    other = {"train": {"batch": 9}, "size": [8, 8], "new": 1}
    assert processes.disagreement(first, [same, same]) == ""
    assert processes.disagreement(first, [same, other, {}]) == (
        "process 2 was started with another config (new is 1 there, None in process 0; train.batch "
        "is 9 there, 8 in process 0; train.log_every is None there, 2 in process 0): start all "
        "processes with the same command"
    )


def test_one_process_joins_nobody_and_agrees_with_itself(monkeypatch):
    monkeypatch.delenv("JAX_COORDINATOR_ADDRESS", raising=False)
    processes.join()
    processes.agree({"a": 1})
    processes.fail(ValueError("nobody listens"))
    assert processes.store() is None


@pytest.mark.parametrize("count", [1, 2, 4, 8])
def test_rows_of_all_processes_are_disjoint_and_the_whole_batch(count):
    """Rows by process, as the mesh assigns them to the devices that a process would own."""
    mesh = sharding.create_mesh(2)
    rows = sharding.rows(mesh).devices_indices_map((16,))
    owned = [
        np.concatenate([np.arange(16)[rows[d]] for d in group])
        for group in np.split(mesh.devices.ravel(), count)
    ]
    np.testing.assert_array_equal(np.sort(np.concatenate(owned)), np.arange(16))
