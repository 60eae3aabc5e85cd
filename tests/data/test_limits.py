"""No memory, no disk space, no file descriptors: raised as they are, never taken for damage."""

import errno
import gzip
import struct
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest

from jaxgan.data import records as records_module
from jaxgan.data.examine import examine_records, examine_source
from jaxgan.data.prepare.command import command
from jaxgan.data.prepare.prepare import prepare
from jaxgan.data.prepare.sources import open_source
from jaxgan.files.crc32c import masked_crc32c
from tests.data.image_kinds import random_images

LIMITS = [MemoryError("no memory"), OSError(errno.EMFILE, "Too many open files")]


def raises(error):
    def fail(*_, **__):
        raise error

    return fail


@pytest.mark.parametrize("error", LIMITS, ids=["memory", "files"])
@pytest.mark.parametrize("place", ["jaxgan.media.image_files.Image.open", "PIL.Image.Image.load"])
def test_an_image_is_not_to_blame(class_folder, tmp_path, monkeypatch, error, place):
    """Else every image after the first would be left out, and the run would end with success."""
    folder, _ = class_folder
    monkeypatch.setattr(place, raises(error))
    with pytest.raises(type(error)):
        prepare(folder, tmp_path / "out", size=4, channels=1, bits=8)
    with pytest.raises(type(error)):
        examine_source(open_source(folder))


@pytest.mark.parametrize("error", LIMITS, ids=["memory", "files"])
def test_a_record_is_not_to_blame(make_records, monkeypatch, error):
    records, *_ = make_records()
    monkeypatch.setattr(records_module, "OpenShard", raises(error))
    for use in (lambda: records.read([0, 1]), records.labels, records.content_hash):
        monkeypatch.setattr(type(records), "manifest", lambda self: None)
        with pytest.raises(type(error)):
            use()
    with pytest.raises(type(error)):
        examine_records(records, "stop")


FEW_FILES = """
import os, resource, sys
from jaxgan.data.records import open_records
records = open_records(sys.argv[1])
records.read([0])  # of another shard: every module is loaded now
resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
taken = []
try:
    while True:
        taken.append(os.open("/dev/null", os.O_RDONLY))
except OSError:
    pass
try:
    records.read([21, 22])
except Exception as error:
    os.write(1, f"{type(error).__name__} {getattr(error, 'errno', None)}".encode())
"""


def test_no_file_descriptors_left(make_records):
    """The ArrayRecord library itself answers "0 records", which is no damage."""
    records, *_ = make_records()
    run = [sys.executable, "-c", FEW_FILES, str(records.directory)]
    result = subprocess.run(run, capture_output=True, text=True)
    assert result.stdout == f"OSError {errno.EMFILE}", result


def test_open_shards_are_bounded(make_records, monkeypatch):
    monkeypatch.setattr(records_module, "most_open", lambda: 2)
    records, _, labels = make_records(shards=5)
    for _ in range(2):
        found = [label for index in range(23) for _, label in records.read([index])]
        assert found == labels.tolist() and len(records._open) <= 2


def test_memory_and_quota_are_one_line(tmp_path, monkeypatch, capsys):
    for error, words in (
        (MemoryError(), "out of memory; write --workers=1"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "run the same command again"),
    ):
        monkeypatch.setattr("jaxgan.data.prepare.command.prepare", raises(error))
        assert command(["a", "b"]) == 1
        out = capsys.readouterr().err
        assert words in out and out.count("\n") == 1


def test_a_tfrecord_length_is_checked_before_memory_is_taken(make_records, tmp_path):
    records, *_ = make_records(shards=1)
    info = records.directory / "dataset_info.json"
    info.write_text(info.read_text().replace("array_record", "tfrecord"))
    (path,) = records.directory.glob("*.array_record-*")
    target = path.with_name(path.name.replace("array_record", "tfrecord"))
    length = struct.pack("<Q", 1 << 36)
    target.write_bytes(length + struct.pack("<I", masked_crc32c([length])[0]) + bytes(100))
    path.unlink()
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="record 0 is cut short"):
            open_source(records.directory)
        assert tracemalloc.get_traced_memory()[1] < 1 << 24
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"images": np.zeros((2, 8, 8), np.uint8), "labels": np.zeros((2, 1 << 20), np.uint8)},
         r"'labels' has shape \(2, 1048576\) of uint8; give one label for each of 2 images"),
        ({"images": np.zeros((2, 8, 8), np.uint8), "labels": np.array(["a" * 5000, "b"])},
         "'labels' has shape"),
        ({"images": np.zeros((2, 8, 8), np.uint8), "class_names": np.zeros((1 << 21,), "S1")},
         "'class_names' has shape"),
        ({"images": np.zeros((2, 8, 8), np.uint8), "labels": [0, 1 << 30]},
         "label 1073741824 of 2 images; write labels from 0"),
        ({"images": np.zeros((1, 1 << 14, 1 << 13), np.uint8)}, "above 89478485 pixels"),
    ],
)  # fmt: skip
def test_arrays_that_promise_too_much(tmp_path, arrays, message):
    np.savez_compressed(tmp_path / "a.npz", **arrays)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=message):
            open_source(tmp_path / "a.npz")
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("kind", ["a.npz", "a-idx3.gz"])
def test_damage_inside_of_an_archive_is_named(tmp_path, kind):
    images = random_images((50, 20, 20))
    path = tmp_path / kind
    if kind == "a.npz":
        np.savez_compressed(path, images=images)
    else:
        path.write_bytes(gzip.compress(struct.pack(">I3I", 0x803, 50, 20, 20) + images.tobytes()))
    data = bytearray(path.read_bytes())
    data[9000:9100] = bytes(100)
    path.write_bytes(data)
    with pytest.raises(ValueError, match=rf"{kind}: damaged") as error:
        prepare(path, tmp_path / "out")
    assert "\n" not in str(error.value)


MANY_SHARDS = """
import os, resource, sys
import numpy as np
resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
from jaxgan.data.reader import Reader
from jaxgan.data.records import open_records
from jaxgan.media.images import for_features
splits = [open_records(sys.argv[1]) for _ in range(2)]  # training images, held-out ones
for records in splits:
    medium = for_features(records.features, None)
    with Reader(records, medium, (1, 1, 512), workers=8, cache_bytes=0) as reader:
        seen = np.concatenate([reader(step).condition.ravel() for step in range(2)])
    assert sorted(seen) == sorted(records.labels()), seen
print(len(os.listdir("/proc/self/fd")))
"""


def test_a_thousand_shards_need_few_files(make_records):
    records, *_ = make_records(count=1024, num_classes=9, shards=1024)
    assert len(list(records.directory.glob("*array_record*"))) == 1024
    run = [sys.executable, "-c", MANY_SHARDS, str(records.directory)]
    result = subprocess.run(run, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert 2 * 32 <= int(result.stdout) < 2 * 64  # a shard may take two
