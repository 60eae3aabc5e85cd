"""Folders, zip and tar files follow one rule, and say what they saw where images are missing."""

import os
import tarfile
import zipfile

import pytest

from jaxgan.data.examine import examine_source
from jaxgan.data.prepare.prepare import prepare
from jaxgan.data.prepare.sources import open_source
from tests.data.image_kinds import encoded, random_images

PNG = encoded(random_images((4, 4)))


def make(root, kind, files, folders=()):
    """Write {path: bytes} as a folder, a zip or a tar; return its path."""
    folder = root / "in"
    for name in folders:
        (folder / name).mkdir(parents=True)
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    if kind == "folder":
        return folder
    every = sorted(folder.rglob("*"))
    if kind == "zip":
        with zipfile.ZipFile(root / "in.zip", "w") as archive:
            for path in every:
                archive.write(path, path.relative_to(folder).as_posix())
    else:
        with tarfile.open(root / "in.tar", "w") as archive:
            for path in every:
                archive.add(path, path.relative_to(folder).as_posix(), recursive=False)
    return root / f"in.{kind}"


@pytest.fixture(params=["folder", "zip", "tar"])
def kind(request):
    return request.param


@pytest.mark.parametrize("above", ["", "top/", "home/me/top/"])
def test_folders_above_all_classes_are_no_classes(kind, above, tmp_path):
    source = open_source(make(tmp_path, kind, {f"{above}{n}.png": PNG for n in ("a/1", "b/2")}))
    assert source.class_names == ["a", "b"] and sorted(source.names) == ["a/1.png", "b/2.png"]
    assert [note for note in source.notes if above and f"all images lie in {above}" in note] or (
        not above and source.notes == ()
    )
    assert len(list(source.read(0))) == 2


def test_images_deeper_than_their_class_are_noted(kind, tmp_path):
    source = open_source(make(tmp_path, kind, {"a/x/1.png": PNG, "b/2.png": PNG}))
    assert source.class_names == ["a", "b"]
    (note,) = source.notes
    assert "1 images lie deeper than CLASS/IMAGE, such as 'a/x/1.png'" in note


@pytest.mark.parametrize("below", ["a/", ""])
def test_splits_are_no_classes(kind, below, tmp_path):
    path = make(tmp_path, kind, {f"{top}/{below}1.png": PNG for top in ("train", "val")})
    with pytest.raises(ValueError, match=r"train, val are splits, not classes; give one of them"):
        open_source(path)
    only = make(tmp_path / "one", kind, {f"train/{n}/1.png": PNG for n in "ab"})
    assert open_source(only).class_names == ["a", "b"]


def test_empty_class_folders_are_named(kind, tmp_path, capsys):
    files = {"a/1.png": PNG, "b/2.png": PNG, "c/readme.txt": b"x", ".git/x": b"x"}
    path = make(tmp_path, kind, files, folders=["d"])
    source = open_source(path)
    assert source.empty == ("c", "d") and source.class_names == ["a", "b"]
    problems = [finding.text for finding in examine_source(source) if finding.is_error]
    assert problems[:2] == [
        "class folder 'c' is empty: it becomes no class",
        "class folder 'd' is empty: it becomes no class",
    ]
    prepare(path, tmp_path / "out")
    assert "2 folders hold no image and become no class, such as 'c'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, ", and no other files"),
        ({"a/1.HEIC": b"x", "a/2.heic": b"x", "b/1.avif": b"x"},
         r"2 left out \(.heic is not read; convert it to PNG or JPEG\), such as 'a/1.HEIC'"),
        ({"b/1.avif": b"x"}, r"1 left out \(.avif is not read; convert it to PNG or JPEG\)"),
        ({"a\\1.png": PNG}, r"a backslash in its name; rename it\), such as 'a\\\\1.png'"),
        ({"a/.1.png": PNG}, r"a hidden file\), such as 'a/.1.png'"),
        ({"a.tar": b"x"}, r"not named as an image\), such as 'a.tar'"),
    ],
)  # fmt: skip
def test_why_there_are_no_images(kind, files, words, tmp_path):
    (tmp_path / "in").mkdir()
    with pytest.raises(ValueError, match=rf"no images found.*{words}.*; give a folder of class"):
        open_source(make(tmp_path, kind, files))


def test_links_are_named(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "1.png").write_bytes(PNG)
    folder = tmp_path / "in"
    (folder / "a").mkdir(parents=True)
    (folder / "a" / "out.png").symlink_to(tmp_path / "elsewhere" / "1.png")
    (folder / "a" / "loop.png").symlink_to(folder / "a" / "loop.png")
    (folder / "a" / "gone.png").symlink_to(folder / "a" / "nothing.png")
    (folder / "b").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ValueError, match="no images found") as error:
        open_source(folder)
    for words in (
        "a link that leaves the folder; copy the file that it names",
        "a link to a folder; copy the folder that it names",
        "2 left out (a broken link)",
    ):
        assert words in str(error.value)


def test_a_pipe_named_as_an_image_is_not_waited_for(tmp_path):
    (tmp_path / "1.png").write_bytes(PNG)
    os.mkfifo(tmp_path / "2.png")
    source = open_source(tmp_path)
    assert source.names == ["1.png"] and source.ignored == {"2.png": "not a regular file"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"1.png,a\n\n2.png\n", "line 3 is '2.png'; write name,label"),
        (b"1.png,a\n1.png,b\n", "line 2: '1.png' appears twice"),
        (b'1.png,a\n"2.png\n3.png",b,c\n', "line 3 is '2.png"),
        (b"1.png,a\n2.png,caf\xe9\n", "line 2 is not UTF-8 .byte 0xe9.; save the file as UTF-8"),
        (b"1.png," + b"a" * 200_000 + b"\n", "line 1 is not CSV"),
    ],
)
def test_a_labels_file_is_refused_with_its_line(tmp_path, text, message):
    (tmp_path / "1.png").write_bytes(PNG)
    (tmp_path / "labels.csv").write_bytes(text)
    with pytest.raises(ValueError, match=rf"labels\.csv: {message}") as error:
        open_source(tmp_path, tmp_path / "labels.csv")
    assert "\n" not in str(error.value) and len(str(error.value)) < 500


def test_labels_are_utf8_whatever_the_locale(tmp_path):
    (tmp_path / "1.png").write_bytes(PNG)
    (tmp_path / "labels.csv").write_bytes("1.png,größe\n".encode("utf-8-sig"))
    assert open_source(tmp_path, tmp_path / "labels.csv").class_names == ["größe"]
