"""Any folder or archive is prepared, or refused in one line, whatever it holds."""

import os
import tempfile
from pathlib import Path

import hypothesis
import pytest
from hypothesis import strategies

from jaxgan.data.prepare.prepare import prepare
from jaxgan.data.records import open_records
from tests.data.image_kinds import encoded, random_images, stored_images


def folder_is_prepared_or_refused(root, files, labels, size):
    """files: [(folder, name, content)]; content b"png" stands for a good image."""
    (root / "in").mkdir()
    for number, (folder, name, content) in enumerate(files):
        content = encoded(random_images((4, 4 + number % 2))) if content == b"png" else content
        path = Path(os.fsdecode(os.fsencode(root / "in" / folder) + b"/%d" % number + name))
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    table = None
    if labels is not None:
        table = root / "labels.csv"
        table.write_text(labels, encoding="utf-8")
    try:
        manifest = prepare(root / "in", root / "out", size=size, labels=table)
    except (ValueError, FileNotFoundError) as error:
        assert "\n" not in str(error) and len(str(error)) > 20
        return
    records = open_records(root / "out")
    assert len(records) == manifest["num_images"] > 0
    listed = len(records) + len(manifest["rejected"]) + len(manifest["ignored"])
    assert listed == sum(len(found) for _, _, found in os.walk(root / "in"))
    stored_images(root / "out")


def archive_is_refused(root, kind, junk, magic):
    starts = {"zip": b"PK\x03\x04", "npz": b"PK\x05\x06", "idx": b"\0\0\x08\x03", "h5": b"\x89HDF"}
    path = root / f"source.{kind}"
    path.write_bytes((starts.get(kind, b"") if magic else b"") + junk)
    with pytest.raises(ValueError, match="source") as error:
        prepare(path, root / "out")
    assert "\n" not in str(error.value)


letters = strategies.characters(codec="utf-8", exclude_characters="/\0.")
folders = strategies.just("") | strategies.text(letters, max_size=4) | strategies.just("cats")
names = strategies.just(b".png") | strategies.binary(max_size=9).map(
    lambda name: name.replace(b"/", b"").replace(b"\0", b"") + b".png"
)
contents = strategies.binary(max_size=60) | strategies.just(b"png")
file = strategies.tuples(folders, names, contents)
FUZZ = {
    folder_is_prepared_or_refused: {
        "files": strategies.lists(file, max_size=6),
        "labels": strategies.none() | strategies.text(max_size=60) | strategies.just("0.png,cat"),
        "size": strategies.none() | strategies.integers(1, 9),
    },
    archive_is_refused: {
        "kind": strategies.sampled_from(["zip", "tar", "npz", "idx", "h5"]),
        "junk": strategies.binary(max_size=200),
        "magic": strategies.booleans(),
    },
}


@pytest.mark.parametrize("examples", [20, pytest.param(2000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("check", FUZZ)
def test_any_input_is_prepared_or_refused_in_one_line(check, examples, tmp_path):
    @hypothesis.settings(max_examples=examples, derandomize=True, deadline=None)
    @hypothesis.given(**FUZZ[check])
    def run(**inputs):
        with tempfile.TemporaryDirectory(dir=tmp_path) as root:
            check(Path(root), **inputs)

    run()
