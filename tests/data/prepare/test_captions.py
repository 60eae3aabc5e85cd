"""`jaxgan prepare SOURCE TARGET --captions=FILE`: texts are in the records, or refused by name."""

import dataclasses
import subprocess
import sys

import numpy as np
import pytest

from jaxgan.config import default_config
from jaxgan.data.caption_file import read_captions
from jaxgan.data.prepare.command import command
from jaxgan.data.prepare.prepare import prepare
from jaxgan.data.reader import Reader
from jaxgan.data.records import open_records
from jaxgan.media.captions import condition_of, medium
from jaxgan.training.run import resolve
from tests.data.image_kinds import random_images, stored_images
from tests.data.prepare.test_pairs import write

D = 6
FILES = np.array(["2.png", "0.png", "1.png", "0.png", "3.png", "4.png"])
CAPTIONS = np.array(["two", "zéro", "one", "nought", "three", "four"])
VECTORS = np.random.default_rng(0).normal(size=(6, D))
IMAGES = random_images((5, 8, 8, 3), seed=1)


@pytest.fixture
def source(tmp_path):
    """Five images and their captions: 0.png has two."""
    write(tmp_path / "in", IMAGES)
    np.savez(tmp_path / "c.npz", files=FILES, captions=CAPTIONS, vectors=VECTORS)
    return tmp_path


def config_of(directory, **fields):
    config = default_config("text_dcgan", "gan_cls")
    config.condition = "data"
    config.data.update(name=str(directory), medium="captions", size=(8, 8), **fields)
    config.train.batch = 8
    return config


def test_texts_are_in_the_records(source):
    """Each image comes with its captions and vectors; its condition is their mean, of length
    sqrt(d)."""
    manifest = prepare(source / "in", source / "out", captions=source / "c.npz", shards=2, seed=4)
    assert manifest["text_dim"] == D and manifest["classes"] == {"captions": 5}
    images, records = stored_images(source / "out"), open_records(source / "out")
    order = [int(np.argmax([(x == y).all() for y in IMAGES])) for x in images]
    assert sorted(order) == list(range(5)) != order  # shuffled
    for example, number in zip(records.examples(range(5)), order, strict=True):
        (own,) = np.nonzero(f"{number}.png" == FILES)
        assert example.texts.captions == tuple(CAPTIONS[own]) and example.label == 0
        np.testing.assert_array_equal(example.texts.vectors, np.float32(VECTORS[own]))

    config = resolve(config_of(source / "out"), records, 1)
    assert config.data.text_dim == D and config.data.class_names == ("captions",)
    found = medium(config.data)
    with Reader(records, found) as reader:
        batch = reader.read(np.arange(5))
    np.testing.assert_array_equal(batch.sample, IMAGES[order])
    for condition, number in zip(batch.condition, order, strict=True):
        mean = VECTORS[f"{number}.png" == FILES].mean(0)
        np.testing.assert_allclose(condition, mean * np.sqrt(D / (mean**2).sum()), rtol=1e-6)
    assert found.stored.condition.dtype == np.float32 and found.spec.condition.shape == (D,)


def test_tfds_reads_them(source):
    prepare(source / "in", source / "out", captions=source / "c.npz", order="source")
    script = """
import sys
import tensorflow_datasets as tfds
example = tfds.builder_from_directory(sys.argv[1]).as_data_source(split="train")[0]
print([text.decode() for text in example["captions"]], example["vectors"].shape)
"""
    argv = [sys.executable, "-c", script, str(source / "out")]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert done.stdout == f"['zéro', 'nought'] (2, {D})\n"


def test_the_content_is_known_by_its_texts(source):
    """The hash in the manifest is that of all records, and another vector makes another one."""
    first = prepare(source / "in", source / "out", captions=source / "c.npz")
    records = open_records(source / "out")
    assert records.content_hash() == first["content_hash"]
    (source / "out" / "manifest.json").unlink()
    assert open_records(source / "out").content_hash() == first["content_hash"]
    np.savez(source / "c.npz", files=FILES, captions=CAPTIONS, vectors=2 * VECTORS)
    other = prepare(source / "in", source / "other", captions=source / "c.npz")
    assert other["content_hash"] != first["content_hash"]
    np.savez(source / "c.npz", files=FILES, captions=CAPTIONS, vectors=VECTORS)
    with pytest.raises(ValueError, match="files that have changed since"):
        prepare(source / "in", source / "other", captions=source / "c.npz")


def test_a_rejected_image_takes_its_texts_along(source):
    (source / "in" / "0.png").write_bytes(IMAGES.tobytes())
    prepare(source / "in", source / "out", 8, captions=source / "c.npz", order="source")
    records = open_records(source / "out")
    captions = [example.texts.captions for example in records.examples(range(4))]
    assert captions == [("one",), ("two",), ("three",), ("four",)]


def test_the_command(source, capsys):
    argv = [str(source / "in"), str(source / "out"), f"--captions={source / 'c.npz'}"]
    assert command(argv) == 0
    says = capsys.readouterr().out
    assert f"captions with vectors of {D} numbers. Train with data.medium = 'captions'" in says


NO_IMAGE = r"1 captions belong to no image, such as that of '9.png'; the images are called '0.png'"
NO_CAPTION = r"1 of 5 images have no caption, such as '4.png': write one, or remove them"


@pytest.mark.parametrize(
    "arrays, line",
    [
        ({"files": np.where(FILES == "3.png", "9.png", FILES)}, NO_IMAGE),
        ({"files": np.where(FILES == "4.png", "3.png", FILES)}, NO_CAPTION),
        ({"files": FILES[:5]}, "5 files of 6 captions"),
        ({"files": None}, "has no array 'files'"),
        ({"captions": None}, "has no array 'captions': write captions"),
        ({"captions": np.arange(6)}, r"captions are int64 \[6\]: write text"),
        ({"captions": CAPTIONS.astype(object)}, "cannot be read as .npz with text and numbers"),
        ({"vectors": VECTORS[0]}, r"vectors are float64 \[6\]: write floats \[m, d\]"),
        ({"vectors": VECTORS[:4]}, "4 vectors of 6 captions"),
        ({"vectors": VECTORS * (np.arange(6) != 2)[:, None]}, "caption 2, 'one', is 0 or not"),
        (
            {"vectors": np.where(np.arange(6)[:, None] == 5, np.inf, VECTORS)},
            "caption 5, 'four', is 0 or not",
        ),
    ],
)
def test_files_that_do_not_fit_are_refused(source, arrays, line):
    arrays = {"files": FILES, "captions": CAPTIONS, "vectors": VECTORS} | arrays
    np.savez(source / "c.npz", **{k: v for k, v in arrays.items() if v is not None})
    with pytest.raises(ValueError, match=line):
        prepare(source / "in", source / "out", captions=source / "c.npz")
    assert not (source / "out").exists()


def test_other_refusals(source):
    with pytest.raises(FileNotFoundError, match="no such file of captions"):
        read_captions(source / "none.npz")
    (source / "c.csv").write_text("0.png,a dog\n")
    with pytest.raises(ValueError, match=r"cannot be read as .npz"):
        read_captions(source / "c.csv")
    vectors = np.array([[1.0, 2.0], [-1.0, -2.0]])
    np.savez(source / "c.npz", files=["0.png", "0.png"], captions=["a", "b"], vectors=vectors)
    for number in range(1, 5):
        (source / "in" / f"{number}.png").unlink()
    with pytest.raises(ValueError, match=r"the captions of '0.png' cancel out"):
        prepare(source / "in", source / "out", captions=source / "c.npz")
    for flags, line in (
        ({"pairs": "b"}, "captions are for images without partners; leave out pairs and domains"),
        ({"class_names": ["a"]}, "images with captions have no classes: leave out class_names"),
    ):
        with pytest.raises(ValueError, match=line):
            prepare(source / "in", source / "out", captions=source / "c.npz", **flags)


def test_data_and_config_that_differ_are_refused(source):
    prepare(source / "in", source / "plain")
    with pytest.raises(ValueError, match=r"holds images: .* make captions with .* --captions=FILE"):
        resolve(config_of(source / "plain"), open_records(source / "plain"), 1)
    prepare(source / "in", source / "out", captions=source / "c.npz")
    records = open_records(source / "out")
    with pytest.raises(ValueError, match=r"data.text_dim = 7, but the text vectors in .* have 6"):
        resolve(config_of(source / "out", text_dim=7), records, 1)
    features = dataclasses.replace(records.features, text_dim=4)  # not what the records hold
    records.features = features
    with pytest.raises(ValueError, match="cannot be read"):
        records.examples([0])


def test_the_condition_does_not_know_the_encoders_scale():
    vectors = np.random.default_rng(1).normal(size=(3, 2, 16))
    found = condition_of(vectors)
    np.testing.assert_allclose((found**2).mean(-1), 1, rtol=1e-5)
    np.testing.assert_allclose(found, condition_of(100 * vectors), rtol=1e-5)
