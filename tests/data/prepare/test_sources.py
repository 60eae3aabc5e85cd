"""Folders, archives, arrays and TFDS data sets give the same images, names and labels."""

import gzip
import io
import struct
import tarfile
import tracemalloc
import zipfile

import numpy as np
import pytest

from jaxgan.data.prepare.sources import open_source
from jaxgan.media.image_files import BadImageError, read_picture
from tests.data.image_kinds import encoded, random_images


def pixels(source, start=0, channels=1):
    return np.stack(
        [p if isinstance(p, np.ndarray) else read_picture(p, channels) for p in source.read(start)]
    )


def zip_of(folder, path, prefix=""):
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, prefix + file.relative_to(folder).as_posix())


def tar_of(folder, path, prefix="."):
    with tarfile.open(path, "w:gz" if path.suffix == ".tgz" else "w") as archive:
        archive.add(folder, prefix)


@pytest.mark.parametrize(
    "kind", ["folder", "zip", "zip in a folder", "tar", "tgz", "tgz in a folder"]
)
def test_folders_and_archives(class_folder, tmp_path, kind):
    folder, images = class_folder
    if kind.startswith("zip"):
        path = tmp_path / "source.zip"
        zip_of(folder, path, "top/" if "folder" in kind else "")
    elif kind.startswith(("tar", "tgz")):
        path = tmp_path / f"source.{kind[:3]}"
        tar_of(folder, path, "top" if "folder" in kind else ".")
    else:
        path = folder
    source = open_source(path)
    assert source.class_names == ["a", "b", "c"]
    index = [int(name.split("/")[1][:2]) for name in source.names]
    assert sorted(index) == list(range(12))
    assert [name.split("/")[0] for name in source.names] == [f"{'abc'[i // 4]}" for i in index]
    np.testing.assert_array_equal(source.labels, np.array(index) // 4)
    np.testing.assert_array_equal(pixels(source), images[index])
    np.testing.assert_array_equal(pixels(source, 7), images[index][7:])


def test_labels_file(class_folder, tmp_path):
    folder, images = class_folder
    table = tmp_path / "labels.csv"
    rows = [f"{'abc'[i // 4]}/{i:02d}.png,{10 - i % 3}" for i in range(11)]
    table.write_text("name,label\n" + "\n".join(rows) + "\n\n", encoding="utf-8-sig")
    source = open_source(folder, table)
    assert source.class_names == ["8", "9", "10"]  # numbers sort as numbers
    np.testing.assert_array_equal(source.labels, [2 - i % 3 for i in range(11)])
    np.testing.assert_array_equal(pixels(source), images[:11])
    assert source.ignored == {"c/11.png": "not in the labels file"}
    zip_of(folder, tmp_path / "source.zip")
    assert open_source(tmp_path / "source.zip", table).names == source.names


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "a/00.png,1\nd/99.png,1\n",
            r"1 names are not images of .* such as 'd/99\.png'.*'a/00\.png'",
        ),
        ("../../etc/passwd.png,1\n", "names are not images of"),
        ("a/00.png,1\na/00.png,2\n", "appears twice"),
        ("a/00.png\n", "line 1 is 'a/00.png'; write name,label"),
        ("a/00.png,1,2\n", "write name,label"),
        ("", "no rows"),
        ("\udcff", "line 1 is not UTF-8"),
    ],
)
def test_bad_labels_files(class_folder, tmp_path, text, message):
    (tmp_path / "labels.csv").write_text(text, errors="surrogateescape")
    with pytest.raises(ValueError, match=message):
        open_source(class_folder[0], tmp_path / "labels.csv")


def test_images_without_folders_are_one_class(class_folder):
    source = open_source(class_folder[0] / "a")
    assert source.class_names == ["images"] and source.labels.tolist() == [0] * 4


def test_what_folders_refuse_and_leave_out(class_folder, tmp_path):
    folder, _ = class_folder
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="no images found"):
        open_source(tmp_path / "empty")
    (tmp_path / "outside.png").write_bytes(b"x")
    (folder / "a" / "link.png").symlink_to(tmp_path / "outside.png")
    (folder / "d").symlink_to(tmp_path)
    (folder / "a" / ".DS_Store").write_bytes(b"x")
    (folder / "notes.txt").write_text("x")
    source = open_source(folder)
    assert source.ignored == {
        "a/link.png": "a link that leaves the folder; copy the file that it names",
        "d": "a link to a folder; copy the folder that it names",
        "a/.DS_Store": "a hidden file",
        "notes.txt": "not named as an image",
    }
    assert len(source.names) == 12
    (folder / "beside.png").write_bytes(b"x")
    with pytest.raises(ValueError, match=r"both beside and inside .* 'beside\.png'"):
        open_source(folder)


def test_unsafe_archive_names_are_left_out(tmp_path):
    data = encoded(random_images((4, 4)))
    unsafe = ["../up.png", "/root.png", "a/../../up.png", "a\\..\\b.png"]
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
        for name in ["a/good.png", *unsafe]:
            archive.writestr(name, data)
    with tarfile.open(tmp_path / "bad.tar", "w") as archive:
        for name in ["a/good.png", *unsafe]:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        for kind, name in ((tarfile.SYMTYPE, "a/link.png"), (tarfile.LNKTYPE, "a/hard.png")):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "/etc/passwd"
            archive.addfile(member)
    source = open_source(tmp_path / "bad.zip")
    assert source.names == ["a/good.png"]
    reasons = dict.fromkeys(unsafe[:3], "an unsafe name")
    reasons |= {unsafe[3]: "a backslash in its name; rename it"}
    assert source.ignored == reasons
    source = open_source(tmp_path / "bad.tar")
    assert source.ignored == reasons
    payloads = dict(zip(source.names, source.read(0), strict=True))
    assert payloads["a/good.png"] == data
    for name in ("a/link.png", "a/hard.png"):
        assert isinstance(payloads[name], BadImageError)


@pytest.mark.parametrize("name", ["source.zip", "source.tar", "source.tgz", "source.npz"])
def test_damaged_archives_are_named(class_folder, tmp_path, name):
    path = tmp_path / name
    if name.endswith("zip"):
        zip_of(class_folder[0], path)
    elif name.endswith("npz"):
        np.savez(path, images=random_images((9, 8, 8)))
    else:
        tar_of(class_folder[0], path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ValueError, match=name):
        list(open_source(path).read(0))


def idx(array):
    header = struct.pack(">HBB", 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.tobytes()


@pytest.mark.parametrize("kind", ["npz", "compressed npz", "idx", "idx.gz", "h5"])
@pytest.mark.parametrize("shape", [(9, 4, 5), (9, 4, 5, 3)])
def test_arrays(tmp_path, kind, shape):
    images = random_images(shape)
    labels = np.arange(9, dtype=np.uint8) % 4
    if "npz" in kind:
        path = tmp_path / "a.npz"
        save = np.savez_compressed if "compressed" in kind else np.savez
        save(path, images=images, labels=labels)
    elif "idx" in kind:
        axes = len(shape)
        opener = gzip.open if kind == "idx.gz" else open
        path = tmp_path / f"train-images-idx3-ubyte{kind[3:]}"
        for file, array in (
            (path, images),
            (tmp_path / path.name.replace("images-idx3", "labels-idx1"), labels),
        ):
            with opener(file, "wb") as out:
                out.write(idx(array))
        assert axes in (3, 4)
    else:
        h5py = pytest.importorskip("h5py")
        path = tmp_path / "a.h5"
        with h5py.File(path, "w") as file:
            file["images"], file["labels"] = images, labels
    source = open_source(path)
    expected = images.reshape(9, 4, 5, -1)
    assert source.shape == expected.shape[1:] and source.dtype == np.uint8
    assert source.class_names == ["0", "1", "2", "3"]
    np.testing.assert_array_equal(source.labels, labels)
    np.testing.assert_array_equal(np.stack(list(source.read(0))), expected)
    np.testing.assert_array_equal(np.stack(list(source.read(6))), expected[6:])


def test_npz_with_names_sixteen_bits_and_big_endian(tmp_path):
    images = random_images((4, 3, 3, 2), np.uint16)
    np.savez(tmp_path / "a.npz", x=images.astype(">u2"), y=np.array(["dog", "cat", "dog", "ant"]))
    source = open_source(tmp_path / "a.npz")
    assert source.class_names == ["ant", "cat", "dog"] and source.labels.tolist() == [2, 1, 2, 0]
    np.testing.assert_array_equal(np.stack(list(source.read(0))), images)
    np.savez(tmp_path / "b.npz", x=images, y=[0, 1, 1, 0], class_names=["ant", "bee", "cat"])
    assert open_source(tmp_path / "b.npz").class_names == ["ant", "bee", "cat"]


IMAGES = random_images((4, 8, 8, 3))


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": IMAGES.astype(np.float32)}, "images are float32; save them as uint8 or uint16"),
        ({"x": IMAGES, "z": IMAGES}, "name the array of images 'images'"),
        ({"x": IMAGES, "y": [0, 1, 2, 3], "t": [0, 1, 2, 3]}, "name the array of labels 'labels'"),
        ({"x": IMAGES, "labels": [0, 1]}, "one label for each of 4 images"),
        ({"x": IMAGES, "y": [0, 1, -1, 2]}, "integers >= 0"),
        ({"x": IMAGES, "y": [0.5, 1, 1, 2]}, "integers >= 0"),
        ({"x": IMAGES, "y": np.eye(4)}, "one label for each of 4"),
        ({"x": IMAGES.transpose(0, 3, 1, 2).copy()}, "look channels-first"),
        ({"x": np.asfortranarray(IMAGES)}, "column-major"),
        ({"x": IMAGES[:0]}, "there are none"),
        ({"x": IMAGES, "y": [0, 1, 2, 3], "class_names": ["a"]}, "label 3 is outside"),
        ({"x": np.array([{}], dtype=object)}, "name the array of images"),
    ],
)
def test_bad_npz(tmp_path, arrays, message):
    np.savez(tmp_path / "bad.npz", **arrays)
    with pytest.raises(ValueError, match=message) as error:
        open_source(tmp_path / "bad.npz")
    assert "bad.npz" in str(error.value)


def test_headers_that_promise_too_much(tmp_path):
    """Refused by the header: nothing of that size is ever allocated."""
    huge = struct.pack(">HBB3I", 0, 8, 3, 2**32 - 1, 2**31, 2**31) + bytes(9)
    (tmp_path / "huge-idx3").write_bytes(huge)
    (tmp_path / "huge-images-idx3.gz").write_bytes(gzip.compress(huge))
    header = io.BytesIO()
    fields = {"descr": "|u1", "fortran_order": False, "shape": (2**40, 8, 8)}
    np.lib.format.write_array_header_1_0(header, fields)
    with zipfile.ZipFile(tmp_path / "huge.npz", "w") as archive:
        archive.writestr("images.npy", header.getvalue() + bytes(64))
    with zipfile.ZipFile(tmp_path / "burst.npz", "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("images.npy", b"")
    with pytest.raises(ValueError, match="not compressed by deflate"):
        open_source(tmp_path / "burst.npz")
    for path in tmp_path.glob("huge*"):
        with pytest.raises(ValueError, match=r"huge.*bytes, but its header promises \d{14}"):
            open_source(path)


def test_a_zip_unpacks_no_more_than_it_promises(tmp_path):
    path = tmp_path / "lie.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("bomb.png", bytes(1 << 25), zipfile.ZIP_DEFLATED)
        archive.writestr("burst.png", bytes(1 << 25), zipfile.ZIP_BZIP2)
        for member in archive.infolist():
            member.file_size = 100  # as the directory at the end will say
    tracemalloc.start()
    try:
        bomb, burst = open_source(path).read(0)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert isinstance(bomb, BadImageError) and "CRC" in str(bomb)
    assert isinstance(burst, BadImageError) and "deflate" in str(burst)
    assert peak < 1 << 20


def test_unknown_sources(tmp_path):
    (tmp_path / "a.rar").write_bytes(b"x")
    with pytest.raises(ValueError, match=r"a\.rar: unknown kind of source"):
        open_source(tmp_path / "a.rar")
    with pytest.raises(FileNotFoundError, match="no such file or folder"):
        open_source(tmp_path / "nothing")
    with pytest.raises(FileNotFoundError, match="no such labels file"):
        open_source(tmp_path, tmp_path / "nothing.csv")
    np.savez(tmp_path / "a.npz", images=np.zeros((2, 4, 4), np.uint8))
    (tmp_path / "l.csv").write_text("a,b\n")
    with pytest.raises(ValueError, match=r"a\.npz holds its labels itself: leave out labels"):
        open_source(tmp_path / "a.npz", tmp_path / "l.csv")
    with pytest.raises(ValueError, match="split is 'test': only TFDS data sets have splits"):
        open_source(tmp_path, split="test")
    (tmp_path / "bad-idx3").write_bytes(b"\0\0\x0d\x03" + bytes(12))
    with pytest.raises(ValueError, match="type 13"):
        open_source(tmp_path / "bad-idx3")
