"""A finished data set is not taken for that of a source that has changed since."""

import os
import shutil
import zipfile

import numpy as np
import pytest

from jaxgan.data.prepare.prepare import prepare
from tests.data.image_kinds import encoded, random_images

OTHER = encoded(random_images((5, 7), seed=9))
CHANGED = "files that have changed since"


def mended(folder):
    path = folder / "a" / "00.png"
    path.write_bytes(path.read_bytes()[:-1] + b"x")


def replaced_by_an_older_file_of_that_size(folder):
    path = folder / "a" / "00.png"
    size = path.stat().st_size
    path.write_bytes(bytes(size))
    os.utime(path, (1, 1))


def added(folder):
    (folder / "a" / "new.png").write_bytes(OTHER)


def removed(folder):
    (folder / "a" / "00.png").unlink()


def swapped(folder):
    a, b = folder / "a" / "00.png", folder / "b" / "04.png"
    a.rename(folder / "x"), b.rename(a), (folder / "x").rename(b)


def renamed_class(folder):
    (folder / "a").rename(folder / "aa")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (mended, CHANGED),
        (replaced_by_an_older_file_of_that_size, CHANGED),
        (swapped, CHANGED),
        (added, r"another number of images \(12, now 13\)"),
        (removed, r"another number of images \(12, now 11\)"),
        (renamed_class, "other image names, labels or classes"),
    ],
)
def test_a_changed_folder(class_folder, tmp_path, change, words, capsys):
    folder, _ = class_folder
    prepare(folder, tmp_path / "out")
    prepare(folder, tmp_path / "out")
    assert capsys.readouterr().err.count("complete already") == 1
    change(folder)
    with pytest.raises(ValueError, match=f"{words}.*; delete it or write another target"):
        prepare(folder, tmp_path / "out")


def test_other_labels_and_names(class_folder, tmp_path):
    table = tmp_path / "labels.csv"
    rows = [f"{'abc'[i // 4]}/{i:02d}.png" for i in range(12)]
    table.write_text("".join(f"{row},{i % 2}\n" for i, row in enumerate(rows)))
    prepare(class_folder[0], tmp_path / "out", labels=table)
    with pytest.raises(ValueError, match="labels or classes"):
        prepare(class_folder[0], tmp_path / "out", labels=table, class_names=["even", "odd"])
    table.write_text("".join(f"{row},{i % 3 % 2}\n" for i, row in enumerate(rows)))
    with pytest.raises(ValueError, match="labels or classes"):
        prepare(class_folder[0], tmp_path / "out", labels=table)


@pytest.mark.parametrize("kind", ["a.zip", "a.npz", "train-images-idx3-ubyte", "set"])
def test_a_changed_file(class_folder, tmp_path, kind):
    folder, images = class_folder
    path = tmp_path / kind
    if kind == "a.zip":
        with zipfile.ZipFile(path, "w") as archive:
            for file in sorted(folder.rglob("*.png")):
                archive.write(file, file.relative_to(folder).as_posix())
    elif kind == "a.npz":
        np.savez(path, images=images)
    elif kind == "set":
        prepare(folder, path, order="source")
    else:
        path.write_bytes(b"\0\0\x08\x03\0\0\0\x02\0\0\0\x05\0\0\0\x05" + bytes(50))
    prepare(path, tmp_path / "out")
    prepare(path, tmp_path / "out")
    changed = next(path.glob("*array_record*")) if kind == "set" else path
    os.utime(changed, ns=(0, changed.stat().st_mtime_ns + 1))
    with pytest.raises(ValueError, match=CHANGED):
        prepare(path, tmp_path / "out")


def test_an_unfinished_one_is_not_continued_with_changed_files(class_folder, tmp_path, monkeypatch):
    folder, _ = class_folder

    def dies(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("jaxgan.data.prepare.passes.write_shard", dies)
        with pytest.raises(KeyboardInterrupt):
            prepare(folder, tmp_path / "out")
    mended(folder)
    with pytest.raises(ValueError, match=f"holds unfinished work with {CHANGED}"):
        prepare(folder, tmp_path / "out")


def test_a_complete_set_that_lost_a_shard_is_not_complete(class_folder, tmp_path):
    prepare(class_folder[0], tmp_path / "out", shards=2)
    next((tmp_path / "out").glob("*-00001-of-00002")).unlink()
    with pytest.raises(ValueError, match=r"its shards hold \d+ bytes, not the \d+ written"):
        prepare(class_folder[0], tmp_path / "out", shards=2)


def test_a_source_that_moved_is_the_same(class_folder, tmp_path, capsys):
    folder, _ = class_folder
    prepare(folder, tmp_path / "out")
    (tmp_path / "elsewhere").mkdir()
    shutil.move(folder, tmp_path / "elsewhere" / folder.name)
    prepare(tmp_path / "elsewhere" / folder.name, tmp_path / "out")
    assert "complete already" in capsys.readouterr().err
