"""`jaxgan train` on a server of Google Cloud Storage, killed once, against the same run on disk.

The server is gcp-storage-emulator, on this machine; gcsfs reaches it by STORAGE_EMULATOR_HOST. The
records come from the server too. It does not refuse to create an object twice, as Google's does
(its ifGenerationMatch), so two jobs that take one lock at the same moment are not tested here.
"""

import importlib.util
import socket
import subprocess
import sys

import numpy as np
import pytest

import jaxgan
from jaxgan.data.description import EMBEDDED, find_data_set
from jaxgan.files import desk
from jaxgan.files.objects import LARGE, Objects
from tests.training.kill_test import SMALL, Runs
from tests.training.test_s3 import answers, life, until

pytestmark = pytest.mark.slow
BUCKET = "jaxgan-tests"
RUN, DATA = f"gs://{BUCKET}/runs/one", f"gs://{BUCKET}/data/fashion"


@pytest.fixture
def server(monkeypatch):
    """A server with one empty bucket."""
    if not all(map(importlib.util.find_spec, ("gcp_storage_emulator", "gcsfs"))):
        pytest.skip("needs the packages gcp-storage-emulator and gcsfs")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("NO_GCE_CHECK", "true")  # nothing but this server is asked for credentials
    monkeypatch.setenv("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")  # asks Google for the kind
    command = [sys.executable, "-m", "gcp_storage_emulator", "start", "--host=127.0.0.1"]
    command += [f"--port={port}", "--in-memory", f"--default-bucket={BUCKET}"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: answers(f"http://127.0.0.1:{port}/storage/v1/b?project=any"))
        yield
    finally:
        process.kill()
        process.wait()
        desk._desks.clear()


def test_objects(server, tmp_path):
    objects, large = Objects(f"{RUN}/objects"), tmp_path / "large"
    assert objects.tags() == {}
    objects.write("a/b", b"one")
    before = objects.tags()
    objects.write("a/b", b"two")  # of the same size
    assert objects.tags().keys() == before.keys() == {"a/b"} and objects.tags() != before
    assert objects.read("a/b") == b"two" and objects.tags("b") == {}
    with pytest.raises(FileNotFoundError, match=f"{RUN}/objects/nothing"):
        objects.read("nothing")
    large.write_bytes(np.random.default_rng(0).bytes(LARGE + 1))  # is sent in parts
    objects.upload(large, "large")
    objects.download("large", tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == large.read_bytes()
    objects.delete("large")
    objects.delete("large")
    assert objects.tags().keys() == {"a/b"} and not objects.is_object()
    assert Objects(f"{RUN}/objects/a/b").is_object()


def test_a_run_on_gs_that_is_killed_equals_one_on_disk(server, tmp_path):
    data, source = Objects(DATA), find_data_set(EMBEDDED)
    for path in source.rglob("*"):
        if path.is_file():
            data.upload(path, path.relative_to(source).as_posix())
    disk, log = Runs(tmp_path, SMALL), tmp_path / "gs.log"
    disk.life("whole")
    life(log, "checkpoints/20/", RUN, DATA)  # while it is written
    life(log, "", RUN, DATA)
    assert "continuing from the checkpoint of" in log.read_text()
    workdir = desk.local(RUN)
    for sheet in workdir.glob("samples/*"):
        desk.fetch(sheet)
    assert Runs(workdir.parent, SMALL).contents("one") == disk.contents("whole")
    names = set(Objects(RUN).tags())
    assert "report.html" in names and "lock" not in names

    wanted = {"classes": [0, 3], "seed": 5}
    there, here = (jaxgan.load(place).sample(**wanted) for place in (RUN, tmp_path / "whole"))
    np.testing.assert_array_equal(there, here)
