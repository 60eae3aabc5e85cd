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
from pathlib import Path

import numpy as np
import pytest

import jaxgan
from jaxgan.data.description import EMBEDDED, find_data_set
from jaxgan.files import desk
from jaxgan.files.objects import Objects
from jaxgan.training import one_file
from tests.multiprocess.test_processes import local
from tests.training.kill_test import COMMAND, SMALL, Runs

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

        s3fs.S3FileSystem(skip_instance_cache=True).mkdir(BUCKET)
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


def life(log: Path, killed_by: str = "") -> None:
    """Train; kill the process as soon as an object has a name that begins so."""
    command = [sys.executable, "-m", "jaxgan", *COMMAND, *SMALL]
    command += [f"--config.data.name={DATA}", f"--workdir={RUN}"]
    environment = os.environ | {"JAX_PLATFORMS": "cpu"}
    with log.open("ab") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file, env=environment)
    objects = Objects(RUN)
    if killed_by:
        there = lambda: any(name.startswith(killed_by) for name in objects.tags())
        until(lambda: there() or process.poll() is not None)
        process.kill()
    expected = -signal.SIGKILL if killed_by else 0
    assert process.wait(600) == expected, log.read_text()[-3000:]


def test_a_run_on_s3_that_is_killed_equals_one_on_disk(server, tmp_path):
    data, source = Objects(DATA), find_data_set(EMBEDDED)
    for path in source.rglob("*"):
        if path.is_file():
            data.upload(path, path.relative_to(source).as_posix())
    disk, log = Runs(tmp_path, SMALL), tmp_path / "s3.log"
    disk.life("whole")
    life(log, "checkpoints/10/")  # while it is written
    life(log, "checkpoints/20/")
    life(log)
    assert "names process" in log.read_text() and "continuing from the checkpoint of" in (
        log.read_text()
    )
    workdir = desk.local(RUN)
    for sheet in workdir.glob("samples/*"):
        desk.fetch(sheet)
    assert Runs(workdir.parent, SMALL).contents("one") == disk.contents("whole")
    names = set(Objects(RUN).tags())
    assert "report.html" in names and "lock" not in names

    wanted = {"classes": [0, 3], "seed": 5}
    there, here = (jaxgan.load(place).sample(**wanted) for place in (RUN, tmp_path / "whole"))
    np.testing.assert_array_equal(there, here)


def together(workdir: str | Path, *flags: str) -> list[subprocess.Popen]:
    """Start two processes with two devices each; parameters are split over all four."""
    command = [*COMMAND, *SMALL, "--config.mesh.fsdp=4", "--config.model.width=32"]
    command += [f"--workdir={workdir}", *flags]
    address = f"127.0.0.1:{local().free_port()}"
    return [local().start(command, index, 2, 2, address) for index in range(2)]


def ends(group: list[subprocess.Popen]) -> list[tuple[int, str]]:
    """Return (exit code, output) of each."""
    return [(p.returncode, output) for p in group for output in p.communicate(timeout=600)[:1]]


def test_two_processes_on_s3_that_are_killed_equal_two_on_disk(server, tmp_path):
    objects, manifest = Objects(RUN), "checkpoints/10/manifest"
    assert [code for code, _ in ends(together(tmp_path / "disk"))] == [0, 0]
    # Process 0 is killed while the first checkpoint is written, then process 1 after it.
    for victim, sign in ((0, "checkpoints/10/"), (1, manifest)):
        group = together(RUN)
        until(lambda sign=sign: any(name.startswith(sign) for name in objects.tags()))
        group[victim].kill()
        codes = [code for code, _ in ends(group)]
        assert codes[victim] == -signal.SIGKILL and codes[1 - victim] != 0
    assert manifest in objects.tags()
    done = ends(together(RUN))
    assert [code for code, _ in done] == [0, 0], done
    assert "continuing from the checkpoint of" in done[0][1] and "names process" in done[0][1]
    workdir = desk.local(RUN)
    assert (desk.fetch(workdir / "checkpoints" / "20") / one_file.NAME).exists()
    for sheet in workdir.glob("samples/*"):
        desk.fetch(sheet)
    disk = Runs(tmp_path, SMALL).contents("disk")
    assert Runs(workdir.parent, SMALL).contents("one") == disk

    # A process alone continues from that file, and two of them from what it leaves.
    command = [*COMMAND, *SMALL, "--config.mesh.fsdp=4", "--config.model.width=32"]
    command += [f"--workdir={RUN}", "--config.train.steps=21"]
    alone = local().start(command, 0, 1, 4, f"127.0.0.1:{local().free_port()}")
    ((code, output),) = ends([alone])
    assert code == 0 and "done: 21 steps" in output, output
    (_, output), (code, _) = ends(together(RUN, "--config.train.steps=22"))
    assert code == 0 and "done: 22 steps" in output, output
    names = set(objects.tags())
    assert "checkpoints/22/state.safetensors" in names and "lock" not in names
    assert "checkpoints/21/state.safetensors" not in names and "checkpoints/21/manifest" in names
