"""The Hugging Face Hub, played by a server of this machine: what is pushed can be loaded."""

import base64
import hashlib
import json
import os
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
import yaml

from jaxgan import main
from jaxgan.files.tensors import read_tensors, write_tensors
from jaxgan.trained import export, hub, push
from jaxgan.trained.places import CONFIG, WEIGHTS
from tests.tiny import tiny_config, tiny_run, tiny_tabulated

ROOT = Path(__file__).parents[2]
TRACKERS = ("wandb", "trackio", "mlflow")


class Hub(BaseHTTPRequestHandler):
    """The few requests that pushing and downloading take. Contents are in `files`."""

    files: ClassVar[dict[str, bytes]] = {}
    requests: ClassVar[list[str]] = []
    protocol_version = "HTTP/1.1"

    def answer(self, body: bytes, code: int = 200, **headers: str) -> None:
        self.send_response(code)
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        path = self.path.partition("?")[0]
        self.requests.append(path)
        if path == "/api/repos/create":
            name = "/".join(json.loads(body)[key] for key in ("organization", "name"))
            found: dict = {"url": f"http://{self.headers['Host']}/{name}"}
        elif path == "/api/validate-yaml":  # as the Hub: the front matter must be YAML
            front = json.loads(body)["content"].split("---")[1]
            facts = yaml.safe_load(front)
            errors = [] if facts["license"] in ("mit", "apache-2.0") else [{"message": "license"}]
            found = {"errors": errors, "warnings": []}
            if errors:
                return self.answer(json.dumps(found).encode(), 400)
        elif path.endswith("/preupload/main"):
            files = [file["path"] for file in json.loads(body)["files"]]
            found = {
                "files": [
                    {"path": p, "uploadMode": "regular", "shouldIgnore": False} for p in files
                ]
            }
        elif path.endswith("/commit/main"):
            for line in map(json.loads, body.splitlines()):
                if line["key"] == "file":
                    value = line["value"]
                    self.files[value["path"]] = base64.b64decode(value["content"])
            where = f"http://{self.headers['Host']}/me/small/commit/{'1' * 40}"
            found = {"commitUrl": where, "commitOid": "1" * 40}
        else:
            return self.answer(b"{}", 404)
        self.answer(json.dumps(found).encode(), Content_Type="application/json")

    def do_GET(self):
        path = self.path.partition("?")[0]
        name = path.rpartition("/")[2]
        if path == "/api/whoami-v2":
            body = json.dumps({"type": "user", "name": "me"}).encode()
            return self.answer(body, Content_Type="application/json")
        if "/resolve/" not in path or name not in self.files or not path.startswith("/me/small/"):
            return self.answer(b"", 404, X_Error_Code="RepoNotFound")
        data = self.files[name]
        tag = f'"{hashlib.sha256(data).hexdigest()}"'
        self.answer(data, ETag=tag, X_Repo_Commit="1" * 40)

    do_HEAD = do_GET

    def log_message(self, *_):
        pass


@pytest.fixture
def environment(tmp_path):
    """Return the environment of a process whose Hub is this one."""
    pytest.importorskip("huggingface_hub")
    server = ThreadingHTTPServer(("localhost", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Hub.files.clear()
    yield {
        **{k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")},
        "HF_ENDPOINT": f"http://localhost:{server.server_port}",
        "HF_HOME": str(tmp_path / "cache"),
        "HF_TOKEN": "hf_of_a_test",
        "HF_HUB_DISABLE_XET": "1",
        "PYTHONPATH": str(ROOT),
        "JAX_PLATFORMS": "cpu",
    }
    server.shutdown()
    server.server_close()


def run(environment, tmp_path, *argv: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "jaxgan", *argv]
    return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)


@pytest.mark.slow
def test_what_is_pushed_is_loaded_with_its_card(environment, tmp_path):
    tiny_run(tmp_path / "run", **{"data.name": "/home/someone/secret/cats"})
    argv = ("push", "run", "hf://me/small", "--licence=mit", "--dtype=float16")
    done = run(environment, tmp_path, *argv)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("me/small: http://localhost")
    names = {WEIGHTS, CONFIG, push.CARD, push.SHEET}
    assert Hub.files.keys() == names
    assert not any(b"someone" in data for data in Hub.files.values())
    text = Hub.files[push.CARD].decode()
    facts = yaml.safe_load(text.split("---")[1])
    assert facts["license"] == "mit" and facts["library_name"] == "jaxgan"
    assert "`cats`" in text and "7 steps" in text and 'jaxgan.load("hf://me/small")' in text

    done = run(environment, tmp_path, "export", "hf://me/small", "--output=a.safetensors")
    assert done.returncode == 0, done.stderr
    pushed = tmp_path / "pushed.safetensors"
    pushed.write_bytes(Hub.files[WEIGHTS])
    expected, found = read_tensors(pushed)[0], read_tensors(tmp_path / "a.safetensors")[0]
    assert expected.keys() == found.keys()
    for name, array in expected.items():
        assert (found[name] == array.astype(found[name].dtype)).all(), name

    for argv, line in (
        (("sample", "hf://me/none"), "hf://me/none: no such repository, or none that you may read"),
        (("push", "run", "hf://me/small", "--licence=mine"), "--licence=mine: the Hub answers: "),
    ):
        done = run(environment, tmp_path, *argv)
        assert done.returncode == 1 and line in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("hf://me/small", ("me/small", None)),
        ("hf://me/small-2.0@v1.0", ("me/small-2.0", "v1.0")),
    ],
)
def test_references(reference, expected):
    assert hub.repository(reference) == expected


@pytest.mark.parametrize("reference", ["hf://me", "hf://", "hf://a/b/c", "hf://a/b@", "hf://a b/c"])
def test_other_references_are_refused(reference):
    with pytest.raises(ValueError, match=re.escape(f"{reference}: write hf://OWNER/NAME")):
        hub.repository(reference)


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        ([], "write a generator and where it goes"),
        (["run", "hf://me/small"], "--licence is missing"),
        (["run", "somewhere", "--licence=mit"], "somewhere: write hf://OWNER/NAME"),
        (["run", "hf://me/small@v1", "--licence=mit"], "leave @REVISION out"),
        (["run", "hf://me/small", "--licence=mit", "--dtype=int8"], "--dtype=int8: write one of"),
    ],
)
def test_a_push_that_cannot_be_is_refused_before_anything_is_loaded(argv, line):
    with pytest.raises(ValueError, match=line):
        main.main(["push", *argv])


def test_a_file_that_would_import_other_code_is_refused(tmp_path):
    path = tmp_path / "a.safetensors"
    export.write_generator(path, tiny_tabulated())
    hub.refuse_foreign_modules(path, "hf://me/small")
    arrays, metadata = read_tensors(path)
    for section, field in hub.OWN.items():
        config = json.loads(metadata["config"])
        for name in ("their.module", "theirs:function"):
            config[section][field] = name
            write_tensors(tmp_path / "b", dict(arrays), metadata | {"config": json.dumps(config)})
            with pytest.raises(ValueError, match=f"{name}' is code that jaxgan does not bring"):
                hub.refuse_foreign_modules(tmp_path / "b", "hf://me/small")


def test_published_configs_hold_no_paths():
    mine = {"data.name": "/home/me/data/cats", "train.start_from": "/home/me/run"}
    config = tiny_config(**mine, **{f"train.{name}": "secret" for name in TRACKERS})
    public = push.without_paths(config).to_dict()
    assert not any(public["train"][name] for name in TRACKERS)
    assert public["data"]["name"] == "cats" and "/home" not in json.dumps(public)
    assert config.data.name == "/home/me/data/cats"


def test_without_the_package_the_command_to_get_it_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(ValueError, match="pip install huggingface_hub"):
        hub.downloaded("hf://me/small", WEIGHTS)
