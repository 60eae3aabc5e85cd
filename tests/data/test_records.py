"""Data sets on disk: exact round trips, and TFDS opens them without TensorFlow."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from jaxgan.data.description import EMBEDDED
from jaxgan.data.example import serialize
from jaxgan.data.prepare.sources import open_source
from jaxgan.data.prepare.write import ImageFormat, dataset_name, write_records
from jaxgan.data.records import BadRecordError, open_records
from jaxgan.media.decode import decode_record
from tests.data.image_kinds import encoded, random_images

ROUND_TRIPS = [
    ((4, 6, channels), dtype) for channels in (1, 2, 3, 4, 5) for dtype in ("uint8", "uint16")
]


def decoded(records, indices):
    return np.stack([decode_record(data, records.features) for data, _ in records.read(indices)])


@pytest.mark.parametrize(("shape", "dtype"), ROUND_TRIPS)
def test_every_format_round_trips(make_records, shape, dtype):
    records, images, labels = make_records(shape=shape, dtype=dtype)
    assert (len(records), records.shape, records.dtype) == (23, shape, np.dtype(dtype))
    assert records.class_names == ("class 0", "class 1", "class 2")
    order = np.random.default_rng(2).permutation(23)
    np.testing.assert_array_equal(decoded(records, order), images[order])
    np.testing.assert_array_equal([label for _, label in records.read(order)], labels[order])
    np.testing.assert_array_equal(records.labels(), labels)


def test_labels_without_their_file(make_records):
    records, _, labels = make_records()
    (records.directory / "labels-train.npy").unlink()
    np.testing.assert_array_equal(records.labels(), labels)


def test_sliced_split(make_records):
    records, images, labels = make_records()
    part = open_records(records.directory, "train[5:17]")
    np.testing.assert_array_equal(decoded(part, range(12)), images[5:17])
    np.testing.assert_array_equal(part.labels(), labels[5:17])


def test_jpeg_is_close():
    image = np.add.outer(np.arange(32), np.arange(48)).astype(np.uint8)[..., None]
    stored = ImageFormat((32, 48, 1), encoding="jpeg", quality=95)
    data = stored.encode(image)
    assert data[:2] == b"\xff\xd8"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((4, 4, 4), "uint8", "jpeg"), "JPEG cannot hold 4 channels"),
        (((4, 4, 3), "float32", "png"), "dtype is 'float32'"),
        (((4, 4, 3), "uint8", "gif"), "format is 'gif'"),
        (((4, 4, 3), "uint8", "jpeg", 0), "quality is 0"),
    ],
)
def test_impossible_formats(arguments, message):
    with pytest.raises(ValueError, match=message):
        ImageFormat(*arguments)


TFDS_READS = """
import sys, json, numpy as np
import tensorflow_datasets as tfds
builder = tfds.builder_from_directory(sys.argv[1])
source = builder.as_data_source(split="train")
rows = [source[i] for i in range(len(source))]
np.savez(sys.argv[2], images=np.stack([r["image"] for r in rows]),
         labels=np.array([r["label"] for r in rows]))
assert builder.info.features["label"].names[0] == "class 0"
assert "tensorflow" not in sys.modules
"""


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [
        ((4, 6, 1), "uint8"),
        ((4, 6, 3), "uint8"),
        ((4, 6, 5), "uint16"),
        ((40, 1), "int16"),
        ((3, 4, 5, 1), "uint8"),
    ],
)
def test_tfds_reads_what_we_wrote_without_tensorflow(make_records, tmp_path, shape, dtype):
    records, images, labels = make_records(shape=shape, dtype=dtype)
    result = tmp_path / "read.npz"
    subprocess.run(
        [sys.executable, "-c", TFDS_READS, str(records.directory), str(result)], check=True
    )
    with np.load(result) as read:
        np.testing.assert_array_equal(read["images"], images)
        np.testing.assert_array_equal(read["labels"], labels)


def test_content_hash_is_that_of_the_ordered_records(make_records):
    for shards in (1, 3):
        records, images, labels = make_records(shards=shards)
        raws = [
            serialize(ImageFormat((4, 6, 3)).encode(image), int(label))
            for image, label in zip(images, labels, strict=True)
        ]
        head = json.dumps([[4, 6, 3], "uint8", "image", ["class 0", "class 1", "class 2"]])
        digests = b"".join(hashlib.sha256(raw).digest() for raw in raws)
        expected = hashlib.sha256(head.encode() + digests).hexdigest()
        assert records.manifest()["content_hash"] == records.content_hash() == expected
        assert records.manifest()["classes"] == dict(
            zip(records.class_names, np.bincount(labels).tolist(), strict=True)
        )
        for file in records.directory.iterdir():
            file.unlink()


def images_of_two_classes(directory, **changes):
    """Write 6 images; `changes` name one thing that is otherwise. Return the content hash."""
    images = random_images((6, 4, 6, 3), seed=changes.get("pixels", 0))
    shape = changes.get("shape", (4, 6, 3))
    labels = [0, 1, 0, 1, 1, changes.get("last_label", 0)]
    examples = list(zip(images.reshape(6, *shape), labels, strict=True))[:: changes.get("step", 1)]
    write_records(
        directory,
        examples[: changes.get("count", 6)],
        changes.get("names", ["a", "b"]),
        ImageFormat(shape, changes.get("dtype", "uint8"), changes.get("encoding", "zlib")),
        shards=changes.get("shards", 1),
    )
    return open_records(directory).content_hash()


@pytest.mark.parametrize(
    "change",
    [
        {"pixels": 1},
        {"last_label": 1},
        {"names": ["a", "c"]},
        {"names": ["b", "a"]},
        {"names": ["a", "b", "c"]},
        {"step": -1},
        {"count": 5},
        {"shape": (6, 4, 3)},  # the same bytes, as other images
        {"encoding": "png"},
    ],
)
def test_the_content_hash_covers_each_thing_that_an_image_is(tmp_path, change):
    assert images_of_two_classes(tmp_path / "a") != images_of_two_classes(tmp_path / "b", **change)


def test_the_content_hash_is_one_wherever_it_comes_from(tmp_path):
    expected = images_of_two_classes(tmp_path / "a")
    assert images_of_two_classes(tmp_path / "other name", shards=3) == expected
    assert open_records(tmp_path / "a", "train[:100%]").content_hash() == expected
    half = open_records(tmp_path / "a", "train[:50%]").content_hash()
    assert half != expected
    assert open_records(tmp_path / "a", "train[:50%]+train[:50%]").content_hash() != expected
    (tmp_path / "a" / "manifest.json").unlink()  # as a data set that TFDS made
    assert open_records(tmp_path / "a").content_hash() == expected
    assert open_records(tmp_path / "a", "train[:50%]").content_hash() == half


def test_the_content_hash_follows_class_names_that_were_edited(tmp_path):
    before = images_of_two_classes(tmp_path / "a")
    path = tmp_path / "a" / "label.labels.txt"
    path.write_text(path.read_text().replace("a", "x"))
    assert open_records(tmp_path / "a").content_hash() != before


def test_the_content_hash_is_computed_once(make_records, monkeypatch):
    records, *_ = make_records()
    part = open_records(records.directory, "train[:50%]")
    found = part.content_hash()
    monkeypatch.setattr(part, "read", None)
    assert part.content_hash() == found


def test_a_damaged_manifest_is_named(make_records):
    records, *_ = make_records()
    for text in ("{", "[1]", "\udcff"):
        (records.directory / "manifest.json").write_text(text, errors="surrogateescape")
        with pytest.raises(ValueError, match=r"manifest\.json is damaged .*; restore it"):
            open_records(records.directory).labels()


@pytest.mark.parametrize("side", [28, 64])
def test_disk_is_at_most_1_1_times_the_encoded_images(tmp_path, side):
    stored = ImageFormat((side, side, 1))
    images = random_images((2000, side, side, 1)) // 16
    write_records(
        tmp_path / "made", ((image, 0) for image in images), ["x"], stored, num_examples=2000
    )
    encoded = sum(len(stored.encode(image)) for image in images)
    on_disk = sum(file.stat().st_size for file in (tmp_path / "made").iterdir())
    assert on_disk <= 1.1 * encoded


def test_embedded_data_set():
    records = open_records(EMBEDDED)
    assert (len(records), records.shape, records.num_classes) == (10_000, (28, 28, 1), 10)
    assert records.class_names[0] == "T-shirt/top" and records.class_names[9] == "Ankle boot"
    np.testing.assert_array_equal(np.bincount(records.labels()), [1000] * 10)
    size = sum(os.path.getsize(file) for file in records.directory.iterdir())
    assert size < 5_000_000
    assert records.manifest()["content_hash"].startswith("5a8f0927d7f9fd3c")


@pytest.mark.parametrize("removed", [b"{", b"(", b"\2"])
def test_a_damaged_labels_file_is_not_used(make_records, removed, caplog):
    """Neither one whose header NumPy cannot parse, nor one that lost a label."""
    records, _, labels = make_records()
    path = records.directory / "labels-train.npy"
    head, data = path.read_bytes()[:10], path.read_bytes()[10:]
    path.write_bytes(head + data.replace(removed, b"", 1))
    np.testing.assert_array_equal(records.labels(), labels)
    assert f"{path} is missing or damaged" in caplog.text


def test_labels_come_from_their_file_without_reading_records(make_records, monkeypatch):
    records, _, labels = make_records()
    parts = [open_records(records.directory, s) for s in ("train", "train[5:17]", "train[90%:]")]
    monkeypatch.setattr("jaxgan.data.open_shard.parse_example", None)  # no record can be read
    for part, expected in zip(parts, (labels, labels[5:17], labels[21:]), strict=True):
        np.testing.assert_array_equal(part.labels(), expected)
        assert part.labels().dtype == np.int32


def test_damaged_record_is_named(make_records):
    records, images, _ = make_records(shape=(32, 32, 3), shards=2)
    (path,) = records.directory.glob("*-00001-of-00002")
    data = bytearray(path.read_bytes())
    needle = ImageFormat((32, 32, 3)).encode(images[15])[50:200]
    place = bytes(data).index(needle)
    data[place : place + 100] = bytes(100)
    path.write_bytes(data)
    records = open_records(records.directory)
    with pytest.raises(BadRecordError, match=r"00001-of-00002: record 4 cannot be read"):
        records.read([3, 15, 20])
    np.testing.assert_array_equal(decoded(records, [3, 20]), images[[3, 20]])
    assert records.location(15).endswith("-00001-of-00002: record 4")


def test_truncated_shard_is_named(make_records):
    records, _, _ = make_records()
    (path,) = records.directory.glob("*-00002-of-00003")
    path.write_bytes(path.read_bytes()[:70_000])
    with pytest.raises(BadRecordError, match="00002-of-00003"):
        open_records(records.directory).read([22])


def test_what_open_refuses(make_records, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no dataset_info\.json .* 'fashion_mnist'"):
        open_records(tmp_path / "nothing")
    with pytest.raises(FileNotFoundError, match="name of the data set is empty: write its"):
        open_records("")
    records, _, _ = make_records()
    with pytest.raises(ValueError, match=r"no split 'test'; write one of \['train'\]"):
        open_records(records.directory, "test")
    with pytest.raises(IndexError, match="23"):
        records.read([23])
    (path,) = records.directory.glob("*-00001-of-00003")
    path.unlink()
    with pytest.raises(FileNotFoundError, match="00001-of-00003: this file"):
        open_records(records.directory)
    info = records.directory / "dataset_info.json"
    info.write_text(json.dumps(json.loads(info.read_text()) | {"fileFormat": "tfrecord"}))
    with pytest.raises(ValueError, match=r"'tfrecord'; convert it with `jaxgan prepare"):
        open_records(records.directory)


@pytest.mark.parametrize(
    "features",
    [
        {"pythonClassName": "intruder.Feature", "jsonFeature": {"json": "{}"}},
        {"python_class_name": "intruder.Feature", "jsonFeature": {"json": "{}"}},
        {"type": "intruder.Feature", "content": {}},
        {
            "pythonClassName": "tensorflow_datasets.core.features.features_dict.FeaturesDict",
            "jsonFeature": {"json": json.dumps({"x": {"type": "intruder.Feature", "content": {}}})},
        },
    ],
)
def test_a_data_set_cannot_have_code_run(features, make_records, tmp_path, monkeypatch):
    (tmp_path / "intruder.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    monkeypatch.syspath_prepend(tmp_path)
    records, _, _ = make_records()
    (records.directory / "features.json").write_text(json.dumps(features))
    for opened in (open_records, open_source):
        with pytest.raises(ValueError, match=r"'intruder\.Feature' is not a feature of TFDS"):
            opened(records.directory)
    assert not (tmp_path / "ran").exists()


def test_found_below_and_ambiguous(make_records, tmp_path):
    records, _, _ = make_records()
    above = tmp_path / "sets" / "mine"
    above.mkdir(parents=True)
    records.directory.rename(above / "1.0.0")
    assert len(open_records(tmp_path / "sets")) == 23
    (above / "2.0.0").mkdir()
    (above / "2.0.0" / "dataset_info.json").write_text("{}")
    with pytest.raises(ValueError, match="several data sets"):
        open_records(above)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("cats", "cats"), ("My Cats!", "my_cats"), ("64px", "images_64px"), ("ü", "images_")],
)
def test_dataset_name(name, expected):
    assert dataset_name(Path("/data") / name) == expected


TFDS_PREPARES = """
import sys
import numpy as np
import tensorflow_datasets as tfds

class Tiny(tfds.core.GeneratorBasedBuilder):
    VERSION = tfds.core.Version("1.2.3")

    def _info(self):
        return tfds.core.DatasetInfo(
            builder=self,
            features=tfds.features.FeaturesDict({
                "file_name": tfds.features.Text(),
                "label": tfds.features.ClassLabel(names=["cat", "dog"]),
                "image": tfds.features.Image(shape=(None, None, 3), encoding_format="png"),
            })
        )

    def _split_generators(self, manager):
        return {"train": self._generate_examples(0), "test": self._generate_examples(9)}

    def _generate_examples(self, start):
        with np.load(sys.argv[1]) as arrays:
            for index in range(start, len(arrays.files)):
                yield index, {"file_name": str(index), "label": index % 2,
                              "image": arrays[str(index)].tobytes()}

builder = Tiny(data_dir=sys.argv[2], file_format="array_record")
builder.download_and_prepare()
assert "tensorflow" not in sys.modules
"""


def test_opens_what_tfds_prepared(tmp_path):
    """Other features beside ours, images of different sizes, another order, several splits."""
    images = [random_images((5 + i, 4 + i % 3, 3), seed=i) for i in range(12)]
    files = {str(i): np.frombuffer(encoded(image), np.uint8) for i, image in enumerate(images)}
    np.savez(tmp_path / "files.npz", **files)
    script = tmp_path / "make_tiny.py"
    script.write_text(TFDS_PREPARES)
    run = [sys.executable, str(script), str(tmp_path / "files.npz"), str(tmp_path / "home")]
    subprocess.run(run, check=True, capture_output=True)
    for split, count in (("train", 12), ("test", 3)):
        records = open_records(tmp_path / "home" / "tiny", split)
        assert (len(records), records.shape) == (count, (None, None, 3))
        assert records.class_names == ("cat", "dog") and records.manifest() is None
        found = {data: label for data, label in records.read(range(count))}
        expected = {files[str(i)].tobytes(): i % 2 for i in range(12 - count, 12)}
        assert found == expected
        np.testing.assert_array_equal(
            np.bincount(records.labels()), np.bincount(list(expected.values()))
        )
