"""Images at scale: each file depends on (seed, i) alone, whatever was done before."""

import csv

import numpy as np
import pytest
from PIL import Image

from jaxgan.data.prepare.sources import open_source
from jaxgan.trained.sample.files import file_name, write_images
from tests.tiny import tiny_tabulated


def contents(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*.png")}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    assert write_images(tiny_tabulated(), folder, 20, seed=3, truncation=0.5) == 20
    return folder


def test_file_i_is_image_i(whole):
    g = tiny_tabulated()
    _, labels = g.draw(range(20), 3, 0.5)
    images = g.sample(labels.tolist(), seed=3, truncation=0.5)
    for i in (0, 7, 19):
        with Image.open(whole / file_name(i)) as picture:
            np.testing.assert_array_equal(np.asarray(picture)[..., None], images[i])
    rows = list(csv.reader((whole / "labels.csv").read_text().splitlines()))
    assert rows == [[file_name(i), g.class_names[label]] for i, label in enumerate(labels)]
    assert file_name(12345) == "00012/00012345.png"


def test_shards_in_any_order_are_the_whole(whole, tmp_path):
    for k in (2, 0, 1):
        write_images(tiny_tabulated(), tmp_path, 20, 3, 0.5, shard=(k, 3))
    assert contents(tmp_path) == contents(whole)


def test_what_is_there_is_left_and_what_is_missing_is_made(whole, tmp_path):
    g = tiny_tabulated()
    write_images(g, tmp_path, 12, 3, 0.5)
    for i in (2, 9):
        (tmp_path / file_name(i)).unlink()
    kept = (tmp_path / file_name(0)).stat().st_mtime_ns
    assert write_images(g, tmp_path, 20, 3, 0.5) == 10
    assert (tmp_path / file_name(0)).stat().st_mtime_ns == kept
    assert contents(tmp_path) == contents(whole)
    assert write_images(g, tmp_path, 20, 3, 0.5) == 0


def test_the_labels_of_images_that_are_there_are_kept(whole, tmp_path):
    write_images(tiny_tabulated(), tmp_path, 20, 3, 0.5)
    write_images(tiny_tabulated(), tmp_path, 5, 3, 0.5)
    assert (tmp_path / "labels.csv").read_bytes() == (whole / "labels.csv").read_bytes()


def test_labels_of_something_else_are_not_replaced(tmp_path):
    (tmp_path / "labels.csv").write_text("cat.jpg,cat\n")
    with pytest.raises(ValueError, match=r"labels\.csv that is not of samples: write another"):
        write_images(tiny_tabulated(), tmp_path, 2, 3, 0.5)
    assert (tmp_path / "labels.csv").read_text() == "cat.jpg,cat\n"


def test_other_images_are_not_mixed_in(tmp_path):
    g = tiny_tabulated()
    write_images(g, tmp_path, 2, seed=3, truncation=0.5)
    before = contents(tmp_path)
    for other in ({"seed": 4}, {"truncation": 1.0}, {"classes": [1]}):
        with pytest.raises(ValueError, match=r"holds other samples .*write another --output"):
            write_images(g, tmp_path, 4, **{"seed": 3, "truncation": 0.5, **other})
    assert contents(tmp_path) == before


def test_a_shard_without_images_writes_none_and_a_count_of_none_is_refused(tmp_path):
    assert write_images(tiny_tabulated(), tmp_path, 2, shard=(3, 4)) == 0
    assert not contents(tmp_path)
    with pytest.raises(ValueError, match=r"--count=0: write 1 or more"):
        write_images(tiny_tabulated(), tmp_path / "none", 0)
    assert not (tmp_path / "none").exists()


def test_classes_go_round(tmp_path):
    g = tiny_tabulated()
    write_images(g, tmp_path, 5, seed=3, classes=[4, 1])
    found = [row[1] for row in csv.reader((tmp_path / "labels.csv").read_text().splitlines())]
    assert found == ["Ankle boot", "Trouser", "Ankle boot", "Trouser", "Ankle boot"]


def test_prepare_reads_the_folder(whole):
    source = open_source(whole, labels=whole / "labels.csv")
    assert len(source.names) == 20 and set(source.class_names) <= set(tiny_tabulated().class_names)
