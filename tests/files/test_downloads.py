"""Downloads from a server on this machine: by hash or not at all."""

import hashlib
import http.server
import threading

import pytest

from jaxgan.files.downloads import downloaded

DATA = bytes(range(256)) * 9000
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def server():
    """Serve DATA as /weights.pth; yield its address and the list of requests."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200 if self.path == "/weights.pth" else 404)
            self.end_headers()
            self.wfile.write(DATA if self.path == "/weights.pth" else b"")

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}", asked
        running.shutdown()
        thread.join()


def test_a_file_is_fetched_once(server, tmp_path):
    address, asked = server
    for _ in range(2):
        path = downloaded(f"{address}/weights.pth", SHA256, tmp_path / "cache")
        assert path.read_bytes() == DATA
    assert asked == ["/weights.pth"] and len(list(path.parent.iterdir())) == 1


def test_another_content_is_refused_and_not_kept(server, tmp_path):
    with pytest.raises(ValueError, match=r"has SHA-256 .* expected 0000"):
        downloaded(f"{server[0]}/weights.pth", "0" * 64, tmp_path)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "weights.pth").write_bytes(b"changed since")
    with pytest.raises(ValueError, match=r"weights\.pth has SHA-256"):
        downloaded(f"{server[0]}/weights.pth", SHA256, tmp_path)


def test_what_is_not_there_says_what_to_do(server, tmp_path):
    with pytest.raises(OSError, match=r"cannot be downloaded \(.*404.*weights_file"):
        downloaded(f"{server[0]}/none.pth", SHA256, tmp_path)
    assert list(tmp_path.iterdir()) == []
