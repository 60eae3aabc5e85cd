"""Images by index: a data set and a folder give the same pixels, in the same order."""

import numpy as np
import pytest
from PIL import Image

from jaxgan.data.prepare.prepare import prepare
from jaxgan.data.records import open_records
from jaxgan.evaluate.images import Images, class_map, open_images
from tests.data.image_kinds import BAD, GOOD, messy_files


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """12 colour images of 10 x 14 in 3 classes."""
    place = tmp_path_factory.mktemp("images") / "photos"
    rng = np.random.default_rng(0)
    for i in range(12):
        path = place / "abc"[i % 3] / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (10, 14, 3), dtype=np.uint8)).save(path)
    return place


@pytest.mark.parametrize("size", [None, (5, 7), (6, 6)])
def test_a_folder_reads_as_the_data_set_made_of_it(folder, size, tmp_path):
    prepare(folder, tmp_path / "set", order="source")
    direct, stored = open_images(folder, size=size), open_images(tmp_path / "set", size=size)
    assert direct.shape == stored.shape == (*(size or (10, 14)), 3)
    assert direct.class_names == stored.class_names == ("a", "b", "c")
    chosen = np.array([7, 0, 0, 11])
    for a, b in zip(direct.read(chosen), stored.read(chosen), strict=True):
        np.testing.assert_array_equal(a, b)
        assert a.dtype == b.dtype
    batches = list(direct.batches(5))
    assert [len(labels) for _, labels in batches] == [5, 5, 2]
    np.testing.assert_array_equal(np.concatenate([y for _, y in batches]), np.arange(12) // 4)


def test_the_digest_knows_pixels_labels_and_order(folder, tmp_path):
    def copy(name, change=lambda i, path: path):
        for i, path in enumerate(sorted(folder.rglob("*.png"))):
            target = tmp_path / name / change(i, path.relative_to(folder))
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
        return open_images(tmp_path / name).digest

    digest = open_images(folder).digest
    assert copy("same") == digest
    moved = copy("moved", lambda i, path: ("b" if i == 0 else path.parent) / path)
    assert moved != digest


def test_a_labels_file_in_the_folder_is_read(tmp_path):
    for i in range(4):
        Image.new("L", (6, 5), 50 * i).save(tmp_path / f"{i}.png")
    (tmp_path / "labels.csv").write_text("".join(f"{i}.png,{'ab'[i % 2]}\n" for i in range(4)))
    images = open_images(tmp_path)
    pixels, labels = images.read(np.arange(4))
    assert images.class_names == ("a", "b") and images.shape == (5, 6, 1)
    np.testing.assert_array_equal(labels, [0, 1, 0, 1])
    np.testing.assert_array_equal(pixels[:, 0, 0, 0], [0, 50, 100, 150])


def test_unreadable_files_are_said_and_counted(folder, tmp_path, capsys):
    for name, data in (("empty.png", b""), ("cut.png", (folder / "a/0.png").read_bytes()[:90])):
        (tmp_path / name).write_bytes(data)
    Image.new("RGB", (4, 4)).save(tmp_path / "good.png")
    images = open_images(tmp_path)
    assert images.count == 1 and images.facts == {"unreadable": 2}
    said = capsys.readouterr().err
    assert "2 files cannot be read" in said and "'empty.png': empty file" in said
    (tmp_path / "good.png").unlink()
    with pytest.raises(ValueError, match="none of 2 images can be read"):
        open_images(tmp_path)


def test_every_kind_of_image_reads_as_prepared(tmp_path):
    for name, data in messy_files().items():
        path = tmp_path / "messy" / ("one" if name < "jpeg" else "two") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    manifest = prepare(tmp_path / "messy", tmp_path / "set", size=8, order="source")
    direct, stored = open_images(tmp_path / "messy"), open_images(tmp_path / "set")
    assert direct.facts == {"unreadable": len(BAD)} and set(GOOD).isdisjoint(BAD)
    assert direct.count == stored.count == len(GOOD) and len(manifest["rejected"]) == len(BAD)
    every = np.arange(direct.count)
    for a, b in zip(direct.read(every), stored.read(every), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_file_that_changes_after_it_was_read_is_named(folder, tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes((folder / "a/0.png").read_bytes())
    images = open_images(tmp_path)
    path.write_bytes(b"other")
    with pytest.raises(ValueError, match=r"a\.png has changed: not an image"):
        images.read(np.array([0]))


def test_classes_are_matched_by_name():
    def named(*names):
        return Images("x", 1, (1, 1, 1), names, "", None, {})

    np.testing.assert_array_equal(class_map(named("b", "a"), named("a", "x", "b")), [2, 0])
    with pytest.raises(ValueError, match="x has no class 'c'"):
        class_map(named("c"), named("a", "b"))


def test_content_hash_of_a_slice_is_computed(folder, tmp_path):
    prepare(folder, tmp_path / "set")
    whole, part = (open_records(tmp_path / "set", s) for s in ("train", "train[:50%]"))
    assert whole.content_hash() == whole.manifest()["content_hash"]
    assert part.content_hash() != whole.content_hash()
