"""Records that are read without the ArrayRecord library: the same bytes, and the same refusals."""

import contextlib

import numpy as np
import pytest
from array_record.python.array_record_module import ArrayRecordReader, ArrayRecordWriter
from tensorflow_datasets.proto import tf_example_pb2

from jaxgan.data.description import Shard
from jaxgan.data.example import Example, parse_example, serialize
from jaxgan.data.open_shard import OpenShard
from jaxgan.data.plain_file import BLOCK, plain_file
from jaxgan.data.records import BadRecordError, open_records
from jaxgan.media.decode import Features
from tests.data.made_arrays import raw_records

PLAIN = "group_size:1,uncompressed"


def write(path, records, options=PLAIN):
    writer = ArrayRecordWriter(str(path), options)
    for record in records:
        writer.write(record)
    writer.close()


def by_library(path):
    reader = ArrayRecordReader(str(path), "readahead_buffer_size:0,max_parallelism:0")
    return [reader.read([number])[0] for number in range(reader.num_records())]


def both(path):
    """Return the records of a file as the library and as PlainFile read them."""
    expected = by_library(path)
    plain = plain_file(path, len(expected))
    assert plain is not None
    return expected, [bytes(plain.read(number)) for number in range(len(expected))]


def test_records_that_end_anywhere_around_the_head_of_a_block(tmp_path):
    """The second chunk begins before the block's 24 bytes, at them, and behind them."""
    rng = np.random.default_rng(0)
    for ending in range(-70, 40):
        first = BLOCK - 109 + ending  # a file's first chunk has 109 bytes before its record
        expected = [rng.bytes(first), rng.bytes(90), rng.bytes(3)]
        write(tmp_path / "file", expected)
        assert both(tmp_path / "file") == (expected, expected), ending


def test_records_of_many_sizes(tmp_path):
    """Of up to 64 KiB times 600, more than one call of the system fills; and a long footer."""
    rng = np.random.default_rng(0)
    sizes = [0, 1, 127, 128, 16_383, 16_384, 2 * BLOCK - 48, 5 * BLOCK, 600 * BLOCK]
    sizes += rng.integers(0, 900, 9000).tolist()
    expected = [rng.bytes(size) for size in sizes]
    write(tmp_path / "file", expected)
    assert both(tmp_path / "file") == (expected, expected)


@pytest.mark.parametrize(
    "options", ["group_size:1", "group_size:2,uncompressed", "group_size:1,transpose,uncompressed"]
)
def test_other_files_are_the_librarys(tmp_path, options):
    write(tmp_path / "file", [bytes(100)] * 3, options)
    assert plain_file(tmp_path / "file", 3) is None


def test_long_files_are_the_librarys(tmp_path, monkeypatch):
    """Where each record lies takes memory, for every file that is open."""
    write(tmp_path / "file", [bytes(100)] * 3)
    assert plain_file(tmp_path / "file", 3) is not None
    monkeypatch.setattr("jaxgan.data.plain_file.MOST_RECORDS", 2)
    assert plain_file(tmp_path / "file", 3) is None


def test_damaged_files_are_the_librarys(tmp_path):
    """Each byte that is not 0, replaced: what cannot be read is refused, and nothing else is."""
    path = tmp_path / "file"
    expected = [b"one", b"two"]
    write(path, expected)
    data = path.read_bytes()
    places = [i for i, value in enumerate(data) if value and i > 64]
    for place in places:
        for value in (0, 255, data[place] ^ 1, data[place]):
            with path.open("r+b") as file:
                file.seek(place)
                file.write(bytes([value]))
            plain = plain_file(path, 2)
            for number in range(2) if plain else ():
                with contextlib.suppress(ValueError):
                    assert len(plain.read(number)) < 1000
    for size in (100, *range(0, len(data), BLOCK)):
        path.write_bytes(data[:size])
        assert plain_file(path, 2) is None
    path.write_bytes(data)
    assert plain_file(path, 3) is None


def test_arrays_as_they_are(tmp_path):
    """Labels of one byte and of two, read first by the library and then without it."""
    records, images, labels = raw_records(tmp_path / "made")
    order = np.random.default_rng(0).permutation(20)
    for _ in range(3):
        found = records.examples(order)
        arrays = [np.frombuffer(example.image, np.uint8).reshape(32, 48, 3) for example in found]
        np.testing.assert_array_equal(arrays, images[order])
        assert [example.label for example in found] == labels[order].tolist()
    assert records.content_hash() == records.manifest()["content_hash"]


@pytest.mark.parametrize(
    ("shape", "encoding"),
    [((32, 32, 3), "png"), ((32, 32, 3), "jpeg"), ((40, 60, 5), "zlib"), ((4, 6, 3), "png")],
)
def test_a_record_is_the_same_however_it_is_read(make_records, shape, encoding):
    records, _, labels = make_records(shape=shape, encoding=encoding)
    first, again = records.examples(range(23)), records.examples(range(23))
    one_by_one = [records.examples([number])[0] for number in range(23)]
    assert first == again == one_by_one
    assert [example.label for example in first] == labels.tolist()
    raws = [raw for shard in records._shards for raw in by_library(shard.path)]
    assert [parse_example(raw, records.features) for raw in raws] == first
    is_plain = encoding != "png" or shape[0] > 4
    assert all((shard._plain is not None) == is_plain for shard in records._open.values())


def test_each_record_is_verified_once(tmp_path, monkeypatch):
    records, _, _ = raw_records(tmp_path / "made")
    (path,) = (tmp_path / "made").glob("*-00001-of-00002")
    data = bytearray(path.read_bytes())
    data[20_000] ^= 1  # within the array of record 4
    path.write_bytes(data)
    records = open_records(tmp_path / "made")
    for _ in range(2):
        with pytest.raises(BadRecordError, match="00001-of-00002: record 4 cannot be read"):
            records.read(range(20))
    good = [number for number in range(20) if number != 14]
    assert len(records.read(good)) == 19
    for shard in records._open.values():
        monkeypatch.setattr(shard, "_library", None)
    assert len(records.read(good)) == 19


@pytest.mark.parametrize("change", ["cut", "moved"])
def test_a_file_that_changes_while_it_is_open_is_named(tmp_path, change):
    records, _, _ = raw_records(tmp_path / "made")
    records.read(range(20))
    (path,) = (tmp_path / "made").glob("*-00000-of-00002")
    data = path.read_bytes()
    with path.open("r+b") as file:
        if change == "cut":
            file.truncate(30_000)
        else:
            file.write(data[:64] + b"x" + data[64:-1])
    with pytest.raises(BadRecordError, match="00000-of-00002: record 7 cannot be read"):
        records.read([7])


def shard_of(path, raws, features, options):
    write(path, raws, options)
    return OpenShard(Shard(path, 0, len(raws), len(raws), "train", 0), features)


FEATURES = Features((2, 2), np.dtype(np.uint8), "bytes", "image", "label", ("a", "b"))


def with_another(array, other):
    """Return a record that holds a second array, before the first and its label."""
    example = tf_example_pb2.Example.FromString(serialize(array, 1))
    example.features.feature["another"].bytes_list.value.append(other)
    return example.SerializeToString(deterministic=True)


@pytest.mark.parametrize("options", [PLAIN, "group_size:1"])
def test_the_image_is_not_taken_from_elsewhere(tmp_path, options):
    """Arrays as in the head of a record, in another feature, at the end, and of other lengths."""
    arrays = [b"abcd", b"\n\x04\n\x02", bytes(4), b"\xff" * 4, b"labe", b"", bytes(300), b"abcd"]
    others = [b"abcd", b"ab", b"abc", bytes(256), b"", b"abcde", bytes(4), bytes(70_000)]
    arrays, others = [*arrays, bytes(20) + b"x"], [*others, bytes(40)]  # 20 bytes that are alike
    raws = [serialize(array, 0) for array in arrays]
    raws += [with_another(*pair) for pair in zip(arrays, others, strict=True)]
    shard = shard_of(tmp_path / "file", raws, FEATURES, options)
    expected = [parse_example(raw, FEATURES) for raw in raws]
    for _ in range(3):
        assert shard.examples(0, len(raws)) == expected
        for position, (image, label, _) in enumerate(expected):
            place = bytearray(len(image))
            assert (shard.image_into(position, memoryview(place)), place) == (label, image)
            with pytest.raises(ValueError):
                shard.image_into(position, memoryview(bytearray(len(image) + 1)))


def test_files_of_many_records_are_read_by_the_libraries(tmp_path, monkeypatch):
    """What is remembered of each record takes memory, for every file that is open."""
    monkeypatch.setattr("jaxgan.data.open_shard.MOST_RECORDS", 2)
    raws = [serialize(b"abcd", 1)] * 3
    shard = shard_of(tmp_path / "file", raws, FEATURES, PLAIN)
    place = bytearray(4)
    for _ in range(2):
        assert shard.examples(0, 3) == [Example(b"abcd", 1)] * 3
        assert shard.image_into(2, memoryview(place)) == 1 and place == b"abcd"
    assert not shard._before
