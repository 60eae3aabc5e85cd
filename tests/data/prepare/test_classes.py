"""Class names reach the images that they are meant for, from every kind of source."""

import struct

import numpy as np
import pytest

from jaxgan.data.prepare.classes import named, numbered
from jaxgan.data.prepare.prepare import prepare
from jaxgan.data.prepare.sources import open_source
from jaxgan.data.records import open_records
from tests.data.image_kinds import encoded, random_images, stored_images

IMAGES = random_images((4, 5, 5))
LABELS = np.array([2, 0, 0, 2], np.uint8)
NAMES = ["cat", "dog", "fox"]


def idx(array):
    header = struct.pack(">HBB", 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.tobytes()


def folder_of(root, class_of):
    for i, image in enumerate(IMAGES):
        path = root / class_of(LABELS[i]) / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encoded(image))
    return root


def csv_source(tmp_path):
    folder = folder_of(tmp_path / "in", lambda label: ".")
    rows = "".join(f"{i}.png,{label}\n" for i, label in enumerate(LABELS))
    (tmp_path / "labels.csv").write_text(rows)
    return folder, {"labels": tmp_path / "labels.csv"}


def folder_source(tmp_path):
    return folder_of(tmp_path / "in", str), {}


def npz_source(tmp_path):
    np.savez(tmp_path / "a.npz", images=IMAGES, labels=LABELS)
    return tmp_path / "a.npz", {}


def npz_of_strings(tmp_path):
    np.savez(tmp_path / "a.npz", images=IMAGES, labels=LABELS.astype(str))
    return tmp_path / "a.npz", {}


def idx_source(tmp_path):
    (tmp_path / "x-images-idx3-ubyte").write_bytes(idx(IMAGES))
    (tmp_path / "x-labels-idx1-ubyte").write_bytes(idx(LABELS))
    return tmp_path / "x-images-idx3-ubyte", {}


def hdf5_source(tmp_path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["images"], file["labels"] = IMAGES, LABELS
    return tmp_path / "a.h5", {}


def prepared_source(tmp_path):
    np.savez(tmp_path / "a.npz", images=IMAGES, labels=LABELS)
    prepare(tmp_path / "a.npz", tmp_path / "first")
    return tmp_path / "first", {}


SOURCES = [csv_source, folder_source, npz_source, npz_of_strings, idx_source, hdf5_source]
SOURCES += [prepared_source]


@pytest.mark.parametrize("make", SOURCES)
def test_names_of_numbers_go_by_number(make, tmp_path):
    """Labels 0 and 2 with the names cat, dog, fox: an image of 2 is a fox."""
    source, options = make(tmp_path)
    prepare(source, tmp_path / "out", class_names=NAMES, **options)
    records = open_records(tmp_path / "out")
    assert records.class_names == ("cat", "dog", "fox")
    expected = {image.tobytes(): NAMES[label] for image, label in zip(IMAGES, LABELS, strict=True)}
    stored = zip(stored_images(tmp_path / "out"), records.labels(), strict=True)
    assert {image.tobytes(): records.class_names[label] for image, label in stored} == expected


def folder_of_words(tmp_path):
    return folder_of(tmp_path / "in", lambda label: NAMES[label])


def npz_of_words(tmp_path):
    np.savez(tmp_path / "a.npz", images=IMAGES, labels=np.array(NAMES)[LABELS])
    return tmp_path / "a.npz"


def npz_with_names(tmp_path):
    np.savez(tmp_path / "a.npz", images=IMAGES, labels=LABELS, class_names=NAMES)
    return tmp_path / "a.npz"


def prepared_with_names(tmp_path):
    prepare(npz_with_names(tmp_path), tmp_path / "first")
    return tmp_path / "first"


WORDS = [folder_of_words, npz_of_words, npz_with_names, prepared_with_names]


@pytest.mark.parametrize("make", WORDS)
def test_names_of_words_go_by_name(make, tmp_path):
    """A names file in another order than the source's renumbers classes; it never swaps them."""
    order = ["fox", "owl", "dog", "cat"]
    prepare(make(tmp_path), tmp_path / "out", class_names=order, order="source")
    records = open_records(tmp_path / "out")
    assert records.class_names == tuple(order)
    expected = {image.tobytes(): NAMES[label] for image, label in zip(IMAGES, LABELS, strict=True)}
    stored = zip(stored_images(tmp_path / "out"), records.labels(), strict=True)
    assert {image.tobytes(): order[label] for image, label in stored} == expected


@pytest.mark.parametrize("make", WORDS)
def test_other_words_are_refused(make, tmp_path):
    with pytest.raises(ValueError, match=r"class 'cat' of the source is not among .* 'Katze'"):
        prepare(make(tmp_path), tmp_path / "out", class_names=["Katze", "Hund", "fox"])
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("make", SOURCES)
def test_too_few_names_are_refused(make, tmp_path):
    source, options = make(tmp_path)
    message = "2 class names, but labels go up to 2; write 3 names, the first one for label 0"
    with pytest.raises(ValueError, match=message):
        prepare(source, tmp_path / "out", class_names=["cat", "dog"], **options)


def test_an_npz_with_strings_and_names_matches_them(tmp_path):
    words = np.array(NAMES)[LABELS]
    np.savez(tmp_path / "a.npz", images=IMAGES, labels=words, class_names=NAMES)
    source = open_source(tmp_path / "a.npz")
    assert source.class_names == NAMES and source.labels.tolist() == LABELS.tolist()
    np.savez(tmp_path / "b.npz", images=IMAGES, labels=words, class_names=["cat", "dog"])
    with pytest.raises(ValueError, match=r"b\.npz.*'fox' of the source is not among"):
        open_source(tmp_path / "b.npz")


def test_names_inside_of_a_file_are_checked_too(tmp_path):
    np.savez(tmp_path / "a.npz", images=IMAGES, labels=LABELS, class_names=["a", "b", "a"])
    with pytest.raises(ValueError, match="class name 'a' appears twice; write different names"):
        prepare(tmp_path / "a.npz", tmp_path / "out")


def test_hdf5_of_words(tmp_path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["images"], file["labels"] = IMAGES, [NAMES[label] for label in LABELS]
        file["class_names"] = NAMES
    source = open_source(tmp_path / "a.h5")
    assert source.class_names == NAMES and source.labels.tolist() == LABELS.tolist()


def test_numbers_sort_as_numbers_before_words():
    labels, names = numbered(["10", "b", "9", "a", "9"])
    assert names == ["9", "10", "a", "b"] and labels.tolist() == [1, 3, 0, 2, 0]


@pytest.mark.parametrize(
    ("known", "names", "message"),
    [
        (["a", "b"], [], "there are no class names; write one per line"),
        (["1", "2"], ["a", "b"], "labels go up to 2; write 3 names"),
        (["1", "01"], ["a", "b"], "hold one number twice"),
        (["a", "b"], ["a", "b", "a"], "class name 'a' appears twice"),
        (["0", "b"], ["zero", "b"], "class '0' of the source is not among"),
    ],
)
def test_what_names_are_refused(known, names, message):
    with pytest.raises(ValueError, match=message):
        named(np.array([0, 1]), known, names)
