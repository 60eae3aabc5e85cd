"""Data sets of TFDS as sources: ArrayRecord, and TFRecord read without TensorFlow."""

import json
import struct

import numpy as np
import pytest

from jaxgan.data.example import serialize
from jaxgan.data.prepare.sources import open_source
from jaxgan.files.crc32c import masked_crc32c
from jaxgan.media.image_files import read_picture
from tests.data.image_kinds import encoded


def record(data: bytes) -> bytes:
    """Return a TFRecord: [length][CRC][data][CRC]."""
    length = struct.pack("<Q", len(data))
    return b"".join(part + struct.pack("<I", masked_crc32c([part])[0]) for part in (length, data))


def test_array_records(make_records):
    records, images, labels = make_records(shape=(4, 6, 3))
    source = open_source(records.directory)
    np.testing.assert_array_equal(source.labels, labels)
    assert source.class_names == ["class 0", "class 1", "class 2"]
    for start in (0, 9):
        read = [read_picture(payload, 3) for payload in source.read(start)]
        np.testing.assert_array_equal(np.stack(read), images[start:])


def test_arrays_in_array_records(make_records):
    records, images, _ = make_records(shape=(4, 6, 5), dtype="uint16")
    source = open_source(records.directory, split="train[3:9]")
    assert (source.shape, source.dtype) == ((4, 6, 5), np.uint16)
    np.testing.assert_array_equal(np.stack(list(source.read(0))), images[3:9])


@pytest.fixture
def tfrecords(make_records, monkeypatch, tmp_path):
    """The same data set in TFRecord files, at TFDS_DATA_DIR/made/1.0.0."""
    records, images, labels = make_records()
    home = tmp_path / "home" / "made" / "1.0.0"
    home.mkdir(parents=True)
    for name in ("dataset_info.json", "features.json", "label.labels.txt"):
        (home / name).write_text((records.directory / name).read_text())
    info = json.loads((home / "dataset_info.json").read_text())
    (home / "dataset_info.json").write_text(json.dumps(info | {"fileFormat": "tfrecord"}))
    bounds = np.cumsum([0] + [int(n) for n in info["splits"][0]["shardLengths"]])
    for shard in range(3):
        with open(home / f"made-train.tfrecord-{shard:05d}-of-00003", "wb") as file:
            for index in range(bounds[shard], bounds[shard + 1]):
                data = serialize(encoded(images[index]), int(labels[index]))
                file.write(record(data))
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "home"))
    return home, images, labels


def test_tfrecords(tfrecords):
    home, images, labels = tfrecords
    for source in (open_source("tfds:made"), open_source("tfds:made/1.0.0"), open_source(home)):
        np.testing.assert_array_equal(source.labels, labels)
        for start in (0, 11):
            read = [read_picture(payload, 3) for payload in source.read(start)]
            np.testing.assert_array_equal(np.stack(read), images[start:])
    part = open_source(home, split="train[5:17]")
    read = [read_picture(payload, 3) for payload in part.read(0)]
    np.testing.assert_array_equal(np.stack(read), images[5:17])


def test_what_is_refused(tfrecords):
    home, _, _ = tfrecords
    with pytest.raises(FileNotFoundError, match=r"tfds:cifar10: not in .*download_and_prepare"):
        open_source("tfds:cifar10")
    with pytest.raises(FileNotFoundError, match=r"tfds:: not in"):
        open_source("tfds:")
    with pytest.raises(ValueError, match="no split 'test'"):
        open_source("tfds:made", split="test")
    path = home / "made-train.tfrecord-00001-of-00003"
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(ValueError, match=r"00001-of-00003: record \d+ is cut short"):
        open_source("tfds:made")


def test_a_user_without_a_home_is_told_what_to_set(monkeypatch):
    monkeypatch.delenv("TFDS_DATA_DIR", raising=False)
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr("os.getuid", lambda: 4_000_000_000)  # nobody: no entry
    with pytest.raises(FileNotFoundError, match=r"tfds:made: .* no home; set TFDS_DATA_DIR"):
        open_source("tfds:made")


@pytest.mark.parametrize("data", [b"no protobuf", serialize(b"x", 7), serialize(b"x", -1)])
def test_a_record_without_a_label_is_named(tfrecords, data):
    home, _, _ = tfrecords
    path = home / "made-train.tfrecord-00000-of-00003"
    length = struct.unpack("<Q", path.read_bytes()[:8])[0]
    path.write_bytes(record(data) + path.read_bytes()[16 + length :])
    with pytest.raises(ValueError, match=r"1\.0\.0: record 0 cannot be read") as error:
        open_source("tfds:made")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("where", ["length", "data", "crc"])
def test_a_flipped_bit_is_damage_of_the_record_that_has_it(tfrecords, where):
    home, _, _ = tfrecords
    path = home / "made-train.tfrecord-00001-of-00003"
    data = bytearray(path.read_bytes())
    length = struct.unpack("<Q", data[:8])[0]
    start = 16 + length  # of record 1
    at = {"length": start, "data": start + 12 + 40, "crc": start + 8}[where]
    data[at] ^= 1
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"00001-of-00003: record 1 is damaged \(the CRC"):
        open_source("tfds:made")
