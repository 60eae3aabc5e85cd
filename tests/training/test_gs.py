"""`jaxgan train` on a server of Google Cloud Storage, killed once, against the same run on disk.

The server is gcp-storage-emulator, on this machine; gcsfs reaches it by STORAGE_EMULATOR_HOST. The
records come from the server too. It does not refuse to create an object twice. Google's answers 412
to an upload with ifGenerationMatch=0 where the object exists
(cloud.google.com/storage/docs/request-preconditions): for the lock that two jobs take at the same
moment, a server of this file does only that.
"""

import http.server
import importlib.util
import json
import socket
import subprocess
import sys
import threading
import urllib.parse

import numpy as np
import pytest

from jaxgan.files import desk
from jaxgan.files.lease import Lease
from jaxgan.files.lock import HeldError
from jaxgan.files.objects import LARGE, Objects
from tests.training.test_s3 import answers, check_killed, until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning"),  # gcsfs does so
]
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
    reached_at(port, monkeypatch)
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


def reached_at(port: int, monkeypatch) -> None:
    """Make gcsfs ask a port of this machine, and nothing else for credentials."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")  # asks Google for the kind


class Preconditions(http.server.BaseHTTPRequestHandler):
    """One object, in `server.holder`: uploads, and the one precondition."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        asked = urllib.parse.parse_qs(urllib.parse.urlparse(self.path).query)
        if asked.get("ifGenerationMatch") == ["0"] and self.server.holder:
            return self.answer(412, b'{"error": {"code": 412, "message": "conditionNotMet"}}')
        self.server.holder = body[body.index(b"{", body.index(b"}")) : body.rindex(b"}") + 1]
        self.answer(200, b'{"name": "lock", "bucket": "jaxgan-tests", "generation": "1"}')

    def do_GET(self):
        self.answer(200, self.server.holder)

    def answer(self, status: int, data: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


def test_of_two_who_take_the_lock_together_one_gets_it(monkeypatch):
    pytest.importorskip("gcsfs")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Preconditions) as google:
        google.holder = b""
        threading.Thread(target=google.serve_forever, daemon=True).start()
        reached_at(google.server_port, monkeypatch)
        first, second = Lease(Objects(RUN)), Lease(Objects(RUN))
        first.take()
        assert json.loads(google.holder)["token"] == first.token
        with pytest.raises(HeldError):
            second.take()
        first.take()  # written again, after an answer that was lost
        first.check()
        google.shutdown()


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
    check_killed(tmp_path, ("checkpoints/20/",), RUN, DATA)  # while it is written
