"""Batches as a function of the step: coverage, rows, sizes, bad records, prefetching."""

import dataclasses
import logging
import threading

import numpy as np
import pytest

from jaxgan.data.example import serialize
from jaxgan.data.prepare.write import ImageFormat, write_shard
from jaxgan.data.reader import Reader, prefetch
from jaxgan.data.records import BadRecordError, open_records
from jaxgan.media.decode import decode_record, of_size
from jaxgan.media.images import for_features
from tests.data.image_kinds import random_images
from tests.data.made_arrays import raw_records


def batches(records, steps, **options):
    options = {"batch_shape": (2, 1, 4), "seed": 0} | options
    with reader_of(records, **options) as reader:
        return [reader(step) for step in steps]


def reader_of(records, *args, size=None, **options):
    return Reader(records, for_features(records.features, size), *args, **options)


@pytest.mark.parametrize("cache_bytes", [0, 1 << 20])
def test_batch_holds_the_images_that_the_order_names(make_records, cache_bytes):
    records, images, labels = make_records(shape=(4, 6, 3))
    with reader_of(records, (2, 2, 2), seed=5, cache_bytes=cache_bytes) as reader:
        for step in (0, 7, 1, 0):  # a step holds a third of the images: the cache fills by parts
            batch, indices = reader(step), reader.indices(step)
            assert batch.sample.shape == (2, 2, 2, 4, 6, 3)
            assert batch.sample.dtype == np.uint8 and batch.condition.dtype == np.int32
            np.testing.assert_array_equal(batch.sample, images[indices])
            np.testing.assert_array_equal(batch.condition, labels[indices])


def test_sixteen_bits_stay(make_records):
    records, images, _ = make_records(shape=(4, 6, 1), dtype="uint16")
    with reader_of(records, (1, 1, 23), 0) as reader:
        batch = reader(0).sample
        assert batch.dtype == np.uint16
        np.testing.assert_array_equal(batch, images[reader.indices(0)])


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("size", [None, (16, 24)])
def test_arrays_kept_as_they_are_go_straight_into_the_batch(tmp_path, workers, size):
    """Read first by the library, then without it; a resize goes the way of all other images."""
    records, images, labels = raw_records(tmp_path / "made")
    shape = (*(size or (32, 48)), 3)
    decoded = [of_size(image, size) for image in images]
    options = {"cache_bytes": 0, "workers": workers, "size": size}
    with reader_of(records, (2, 1, 10), seed=5, **options) as reader:
        assert reader._as_stored == (size is None)
        for step in range(4):
            batch, indices = reader(step), reader.indices(step)
            assert batch.sample.shape == (2, 1, 10, *shape) and batch.sample.flags.writeable
            np.testing.assert_array_equal(batch.sample, np.stack(decoded)[indices])
            np.testing.assert_array_equal(batch.condition, labels[indices])
            assert batch.condition.dtype == np.int32
        for index in (-1, 20):
            with pytest.raises(IndexError, match=r"must be in \[0, 20\)"):
                reader.read(np.array([3, index]))


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("shape", [(16, 24, 3), (16, 24, 1)])
@pytest.mark.parametrize("size", [None, (8, 8)])
def test_jpeg_files_are_decoded_into_the_batch(make_records, workers, shape, size):
    """Whether the fast decoder is installed or not, and where images are resized on the way."""
    records, _, labels = make_records(shape=shape, encoding="jpeg")
    decoded = [decode_record(e.image, records.features, size) for e in records.examples(range(23))]
    options = {"cache_bytes": 0, "workers": workers, "size": size}
    with reader_of(records, (2, 1, 10), seed=5, **options) as reader:
        for step in range(4):
            batch, indices = reader(step), reader.indices(step)
            np.testing.assert_array_equal(batch.sample, np.stack(decoded)[indices])
            np.testing.assert_array_equal(batch.condition, labels[indices])


@pytest.mark.parametrize("on_bad_record", ["stop", "skip"])
def test_a_damaged_array_is_named_or_left_out(tmp_path, on_bad_record):
    _, images, labels = raw_records(tmp_path / "made")
    (path,) = (tmp_path / "made").glob("*-00001-of-00002")
    data = bytearray(path.read_bytes())
    data[20_000] ^= 1  # within the array of record 4 of this file, image 14
    path.write_bytes(data)
    options = {"cache_bytes": 0, "on_bad_record": on_bad_record}
    with reader_of(open_records(tmp_path / "made"), (1, 1, 20), **options) as reader:
        for step in range(2):
            if on_bad_record == "stop":
                with pytest.raises(BadRecordError, match="00001-of-00002: record 4 cannot be read"):
                    reader(step)
                continue
            batch, indices = reader(step), reader.indices(step)
            indices = np.where(indices == 14, 15, indices)
            np.testing.assert_array_equal(batch.sample, images[indices])
            np.testing.assert_array_equal(batch.condition, labels[indices])


def test_every_image_once_an_epoch_across_steps(make_records):
    records, _, _ = make_records(count=23)
    with reader_of(records, (2, 1, 4), seed=1) as reader:
        seen = np.concatenate([reader.indices(step).ravel() for step in range(23)])
    for epoch in seen.reshape(8, 23):  # 23 steps of 8 are 8 epochs of 23
        assert sorted(epoch) == list(range(23))


@pytest.mark.parametrize("processes", [2, 4])
@pytest.mark.parametrize("class_balanced", [False, True])
def test_rows_of_all_processes_are_the_global_batch(make_records, processes, class_balanced):
    records, _, _ = make_records()
    options = {"batch_shape": (2, 2, 8), "class_balanced": class_balanced}
    whole = batches(records, [3], **options)[0]
    share = 8 // processes
    parts = [
        batches(records, [3], rows=slice(p * share, (p + 1) * share), **options)[0]
        for p in range(processes)
    ]
    for name in ("sample", "condition"):
        joined = np.concatenate([getattr(part, name) for part in parts], axis=2)
        np.testing.assert_array_equal(joined, getattr(whole, name))


def test_same_batches_whatever_the_workers_and_the_past(make_records):
    records, _, _ = make_records()
    first = batches(records, range(6), workers=1)
    for again in (batches(records, [5, 0, 3], workers=3), batches(records, [5, 0, 3], workers=1)):
        for step, batch in zip([5, 0, 3], again, strict=True):
            np.testing.assert_array_equal(batch.sample, first[step].sample)
    other = batches(records, [0], seed=1)[0]
    assert not np.array_equal(other.sample, first[0].sample)


def test_class_balance(make_records):
    records, _, labels = make_records(count=40, num_classes=4)
    assert np.bincount(labels).min() < np.bincount(labels).max()
    (batch,) = batches(records, [2], batch_shape=(1, 1, 40), class_balanced=True)
    np.testing.assert_array_equal(np.bincount(batch.condition.ravel()), [10] * 4)


def test_other_sizes_are_cropped_and_averaged(make_records):
    records, images, _ = make_records(shape=(4, 6, 3))
    with reader_of(records, (1, 1, 5), 0, size=(2, 2)) as reader:
        batch, indices = reader(0).sample, reader.indices(0).ravel()
    square = images[indices][:, :, 1:5].astype(float)
    blocks = square.reshape(5, 2, 2, 2, 2, 3).mean((2, 4))
    # Pillow rounds the exact mean to the nearest integer
    assert np.abs(batch[0, 0] - blocks).max() <= 0.5


@pytest.fixture
def one_bad_record(make_records):
    """A data set whose records 5 and 6 hold bytes that are no image."""
    records, images, labels = make_records(shards=1)
    stored = ImageFormat((4, 6, 3))
    pairs = [
        (stored.encode(image), int(label)) for image, label in zip(images, labels, strict=True)
    ]
    pairs[5] = pairs[6] = (b"no image", 0)
    (path,) = records.directory.glob("*array_record*")
    write_shard(path, pairs, stored)
    return open_records(records.directory), images, labels


@pytest.mark.parametrize("cache_bytes", [0, 1 << 20])
def test_bad_record_stops_with_its_place(one_bad_record, cache_bytes):
    records, _, _ = one_bad_record
    with (
        reader_of(records, (1, 1, 23), 0, cache_bytes=cache_bytes) as reader,
        pytest.raises(BadRecordError, match=r"made-train.*: record [56] cannot be decoded"),
    ):
        reader(0)


@pytest.mark.parametrize("cache_bytes", [0, 1 << 20])
def test_bad_record_is_skipped_counted_and_logged_once(one_bad_record, cache_bytes, caplog):
    records, images, labels = one_bad_record
    options = {"on_bad_record": "skip", "cache_bytes": cache_bytes}
    with reader_of(records, (1, 1, 23), 0, **options) as reader, caplog.at_level(logging.WARNING):
        for step in (0, 1):
            batch, indices = reader(step), reader.indices(step)
            indices = np.where((indices == 5) | (indices == 6), 7, indices)  # the next good one
            np.testing.assert_array_equal(batch.sample, images[indices])
            np.testing.assert_array_equal(batch.condition, labels[indices])
        assert sorted(reader.bad_records) == [5, 6]
        assert "record 5" in reader.bad_records[5]
    assert len(caplog.records) == 2


def test_nothing_but_bad_records(make_records):
    records, _, _ = make_records(shards=1)
    (path,) = records.directory.glob("*array_record*")
    write_shard(path, [(b"bad", 0)] * 23, ImageFormat((4, 6, 3)))
    with (
        reader_of(open_records(records.directory), (1, 1, 2), 0, on_bad_record="skip") as reader,
        pytest.raises(BadRecordError, match="no record can be read"),
    ):
        reader(0)


def test_prefetch_keeps_order_and_ends_its_threads(make_records):
    records, _, _ = make_records()
    before = threading.active_count()
    with reader_of(records, (1, 1, 4), 0) as reader:
        for depth in (1, 3):
            with prefetch(reader, first_step=2, depth=depth) as stream:
                for step in range(2, 12):
                    np.testing.assert_array_equal(next(stream).sample, reader(step).sample)
    assert threading.active_count() == before


def test_prefetch_raises_where_the_batch_would_come():
    def reader(step):
        if step == 3:
            raise BadRecordError("record 3")
        return step

    with prefetch(reader, 0, depth=4) as stream:
        assert [next(stream) for _ in range(3)] == [0, 1, 2]
        with pytest.raises(BadRecordError, match="record 3"):
            next(stream)


def test_what_the_reader_refuses(make_records):
    records, _, _ = make_records()
    with pytest.raises(ValueError, match="on_bad_record is 'ignore'; write 'stop' or 'skip'"):
        reader_of(records, (1, 1, 1), 0, on_bad_record="ignore")
    records.features = dataclasses.replace(records.features, shape=(None, None, 3))
    with pytest.raises(ValueError, match=r"write size=\(height, width\)"):
        reader_of(records, (1, 1, 1), 0)
    with pytest.raises(ValueError, match="depth is 0"):
        prefetch(lambda step: step, 0, 0)


def test_label_outside_the_classes_is_a_bad_record(make_records, tmp_path):
    records, _, _ = make_records(shards=1)
    (path,) = records.directory.glob("*array_record*")
    image = ImageFormat((4, 6, 3)).encode(random_images((4, 6, 3)))
    assert serialize(image, 3) != serialize(image, 2)
    write_shard(path, [(image, 3)] * 23, ImageFormat((4, 6, 3)))
    with pytest.raises(BadRecordError, match=r"label 3 is outside \[0, 3\)"):
        open_records(records.directory).read([0])
