"""What a desk brings, sends and leaves alone."""

import hashlib
import json

import pytest

from jaxgan.files import desk, manifest
from tests.files.stores import URL, bad_store

ROOT = URL.removeprefix("bad://") + "/"


@pytest.fixture
def store(monkeypatch):
    return bad_store(monkeypatch)


@pytest.fixture
def run(store):
    """A run in the store: {name: content}."""
    names = ("config.json", "metrics.jsonl", "samples/00000010.png", "events.x", "profile/a/b")
    store.objects = {ROOT + name: b"{}\n" for name in names}
    return store


def test_sheets_come_when_they_are_read(run):
    workdir = desk.local(URL)
    files = sorted(p.relative_to(workdir).as_posix() for p in workdir.rglob("*") if p.is_file())
    assert files == ["config.json", "metrics.jsonl", "samples/00000010.png"]
    sheet = workdir / "samples" / "00000010.png"
    assert sheet.read_bytes() == b""
    assert desk.fetch(sheet).read_bytes() == b"{}\n"
    desk.push(workdir)
    assert run.objects[ROOT + "samples/00000010.png"] == b"{}\n"


def test_only_changes_are_sent(run):
    workdir = desk.local(URL)
    (workdir / "metrics.jsonl").write_bytes(b"{}\n{}\n")
    (workdir / "samples" / "00000010.png").unlink()
    (workdir / ".hidden.jaxgan-tmp").write_bytes(b"half a file")
    (workdir / "lock").write_bytes(b"this machine's")
    before = dict(run.objects)
    desk.push(workdir)
    changed = {n for n in {**before, **run.objects} if before.get(n) != run.objects.get(n)}
    assert changed == {ROOT + "metrics.jsonl", ROOT + "samples/00000010.png"}
    assert ROOT + "samples/00000010.png" not in run.objects
    count = run.count
    desk.push(workdir)
    assert run.count == count


def test_what_is_new_in_the_store_is_brought_and_own_changes_stay(run):
    workdir = desk.local(URL)
    (workdir / "metrics.jsonl").write_bytes(b"mine")
    run.objects[ROOT + "metrics.jsonl"] = b"theirs"
    run.objects[ROOT + "config.json"] = b"{1: 2}"
    run.objects[ROOT + "checkpoints/10/manifest"] = b"m"
    desk.pull(workdir)
    assert (workdir / "metrics.jsonl").read_bytes() == b"mine"
    assert (workdir / "config.json").read_bytes() == b"{1: 2}"
    assert (workdir / "checkpoints/10/manifest").read_bytes() == b"m"
    del run.objects[ROOT + "checkpoints/10/manifest"]
    desk.pull(workdir)
    assert not (workdir / "checkpoints/10").exists()


def test_a_url_of_one_file_is_that_file(run):
    run.objects["bucket/models/g.safetensors"] = b"weights"
    path = desk.local("bad://bucket/models/g.safetensors")
    assert path.name == "g.safetensors" and path.read_bytes() == b"weights"


def test_users_see_urls(run):
    workdir = desk.local(URL)
    assert desk.with_urls(f"{workdir}/report.html: 1 MB") == f"{URL}/report.html: 1 MB"


def test_a_path_is_on_no_desk(run, tmp_path):
    desk.local(URL)
    count = run.count
    (tmp_path / "checkpoints" / "10").mkdir(parents=True)
    for function in (desk.push, desk.pull, desk.fetch, desk.withdraw, desk.sweep):
        function(tmp_path / "checkpoints" / "10")
    with desk.held(tmp_path):
        desk.publish(tmp_path, tmp_path)
    assert run.count == count and desk.local(str(tmp_path)) == tmp_path


def test_a_checkpoint_is_brought_as_it_is_now(run):
    """A process that did not write it has an old one of the same step, of before a roll-back."""
    checkpoint = desk.local(URL) / "checkpoints" / "10"
    for content in (b"old", b"new"):
        listed = {"a": [3, hashlib.sha256(content).hexdigest()]}
        body = json.dumps({"metrics": {}, "leaves": {}, "files": listed}).encode()
        seal = hashlib.sha256(body).hexdigest().encode()
        run.objects[ROOT + "checkpoints/10/manifest"] = body + b"\n" + seal + b"\n"
        run.objects[ROOT + "checkpoints/10/a"] = content
        manifest.verify(desk.fetch_again(checkpoint))
        assert (checkpoint / "a").read_bytes() == content


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("az://b/run", "write a path, or a URL that starts with gs:// or s3:// or bad://"),
        ("bad://bucket", "bad://bucket is a bucket: write a folder in it, such as bad://bucket/r"),
    ],
)
def test_urls_that_cannot_be_used(store, url, says):
    with pytest.raises(ValueError, match=says):
        desk.local(url)


def test_a_package_that_is_missing_is_named(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"needs the package gcsfs: pip install 'jaxgan\[gcs\]'"):
        desk.local("gs://bucket/run")
