"""`jaxgan train` on an S3-compatible server, killed twice, against the same run on disk; the same
with two processes, each of which has a desk of its own.

The server is moto's, on this machine; s3fs reaches it by AWS_ENDPOINT_URL, as it would another. The
records come from the server too.
"""

import importlib.util
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from unittest import mock

import numpy as np
import pytest

import jaxgan
from jaxgan.data.description import EMBEDDED, find_data_set
from jaxgan.files import desk
from jaxgan.files.objects import Objects
from jaxgan.training import one_file
from tests.multiprocess.test_processes import AT_STEP_7, local
from tests.training.kill_test import COMMAND, ROOT, SMALL, Runs

pytestmark = pytest.mark.slow
BUCKET = "jaxgan-tests"
RUN, DATA = f"s3://{BUCKET}/runs/one", f"s3://{BUCKET}/data/fashion"


@pytest.fixture
def server(monkeypatch):
    """A server with one empty bucket."""
    if not all(map(importlib.util.find_spec, ("moto", "s3fs", "flask"))):
        pytest.skip("needs the packages moto[server] and s3fs")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "anyone")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "anything")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: answers(f"http://127.0.0.1:{port}/moto-api/"))
        import s3fs

        s3fs.S3FileSystem.clear_instance_cache()  # of another test's server
        s3fs.S3FileSystem().mkdir(BUCKET)
        yield
    finally:
        process.kill()
        process.wait()
        desk._desks.clear()


def answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=5).close()
        return True
    except OSError:
        return False


def until(is_true, seconds: float = 300) -> None:
    end = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < end
        time.sleep(0.02)


def life(log: Path, killed_by: str = "", run: str = RUN, data: str = DATA) -> None:
    """Train; kill the process as soon as an object has a name that begins so."""
    command = [sys.executable, "-m", "jaxgan", *COMMAND, *SMALL]
    command += [f"--config.data.name={data}", f"--workdir={run}"]
    environment = os.environ | {"JAX_PLATFORMS": "cpu"}
    with log.open("ab") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file, env=environment)
    objects = Objects(run)
    if killed_by:
        there = lambda: any(name.startswith(killed_by) for name in objects.tags())
        until(lambda: there() or process.poll() is not None)
        process.kill()
    expected = -signal.SIGKILL if killed_by else 0
    assert process.wait(600) == expected, log.read_text()[-3000:]


def check_killed(tmp_path: Path, killed_by: Sequence[str], run: str = RUN, data: str = DATA) -> str:
    """Train from and in a store, killed once for each part of a name; compare with a run on disk.

    killed_by: see `life`.

    Returns the log.
    """
    there, source = Objects(data), find_data_set(EMBEDDED)
    for path in source.rglob("*"):
        if path.is_file():
            there.upload(path, path.relative_to(source).as_posix())
    disk, log = Runs(tmp_path, SMALL), tmp_path / "store.log"
    disk.life("whole")
    for name in (*killed_by, ""):
        life(log, name, run, data)
    assert "continuing from the checkpoint of" in log.read_text()
    workdir = desk.local(run)
    for sheet in workdir.glob("samples/*"):
        desk.fetch(sheet)
    assert Runs(workdir.parent, SMALL).contents(workdir.name) == disk.contents("whole")
    names = set(Objects(run).tags())
    assert "report.html" in names and "lock" not in names

    wanted = {"classes": [0, 3], "seed": 5}
    made = [jaxgan.load(place).sample(**wanted) for place in (run, tmp_path / "whole")]
    np.testing.assert_array_equal(*made)
    return log.read_text()


def test_a_run_on_s3_that_is_killed_equals_one_on_disk(server, tmp_path):
    said = check_killed(tmp_path, ("checkpoints/10/", "checkpoints/20/"))  # while they are written
    assert "names process" in said


TOGETHER = (  # small, but for two kernels that are large enough to be split
    *("train", f"--config={ROOT}/configs/mlp_gan.py", "--config.data.size=(8, 8)"),
    *("--config.model.generator_widths=(64, 256)", "--config.model.discriminator_widths=(256, 64)"),
    *("--config.train.batch=16", "--config.train.log_every=2", "--config.train.sample_every=10"),
    *("--config.train.checkpoint_every=3", "--config.mesh.fsdp=4"),
)


# Process 0 is killed when it is about to publish the first checkpoint, process 1 at step 7.
AT_MANIFEST = """
import os, signal
from jaxgan import main
from jaxgan.files.objects import Objects
upload = Objects.upload
def until_manifest(self, path, name):
    if name == "checkpoints/3/manifest":
        os.kill(os.getpid(), signal.SIGKILL)
    upload(self, path, name)
Objects.upload = until_manifest
main.run()
"""
KILLED = (AT_MANIFEST, AT_STEP_7.format(action="os.kill(os.getpid(), signal.SIGKILL)"))


def start(workdir: str | Path, steps: int, count: int, program: str = "") -> list:
    """Start `count` processes with four devices in all; parameters are split over all four.

    program: runs in place of jaxgan's.
    """
    command = [*TOGETHER, f"--config.train.steps={steps}", f"--workdir={workdir}"]
    address, popen = f"127.0.0.1:{local().free_port()}", subprocess.Popen

    def run(words: list[str], **rest):
        return popen([words[0], "-c", program, *words[3:]] if program else words, **rest)

    with mock.patch.object(subprocess, "Popen", run):
        return [local().start(command, i, count, 4 // count, address) for i in range(count)]


def finish(group: list[subprocess.Popen]) -> list[str]:
    """Return what each said, after a good end."""
    outputs = [process.communicate(timeout=600)[0] for process in group]
    assert [process.returncode for process in group] == [0] * len(group), outputs
    return outputs


def test_two_processes_on_s3_that_are_killed_equal_two_on_disk(server, tmp_path, monkeypatch):
    # Process 0 alone writes that cache: it would be ready long before the other, and give up.
    monkeypatch.setenv("JAX_ENABLE_COMPILATION_CACHE", "false")
    objects = Objects(RUN)
    finish(start(tmp_path / "disk", 10, 2))
    for victim, program in enumerate(KILLED):
        group = start(RUN, 10, 2, program)
        outputs = [process.communicate(timeout=600)[0] for process in group]
        assert group[victim].returncode == -signal.SIGKILL, outputs
        assert group[1 - victim].returncode != 0, outputs
        published = {name for name in objects.tags() if name.endswith("manifest")}
        assert ("checkpoints/3/manifest" in published) == bool(published) == bool(victim)
    assert "names process" in outputs[0]  # the lock of the first that was killed
    assert "continuing from the checkpoint of" in finish(start(RUN, 10, 2))[0]
    workdir = desk.local(RUN)
    for sheet in workdir.glob("samples/*"):
        desk.fetch(sheet)
    disk = Runs(tmp_path, SMALL).contents("disk")
    assert one_file.is_there(desk.fetch(workdir / "checkpoints" / "10"))
    assert Runs(workdir.parent, SMALL).contents("one") == disk

    # A process alone continues from that file, and two of them from what it leaves.
    assert "done: 11 steps" in finish(start(RUN, 11, 1))[0]
    assert "done: 12 steps" in finish(start(RUN, 12, 2))[0]
    names = set(objects.tags())
    assert f"checkpoints/12/{one_file.NAME}" in names and "lock" not in names
    assert f"checkpoints/11/{one_file.NAME}" not in names and "checkpoints/11/manifest" in names
