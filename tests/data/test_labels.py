"""Labels in a file and images by class, against arrays."""

import numpy as np
import pytest

from jaxgan.data import labels as labels_module
from jaxgan.data.labels import ClassIndex, FileLabels, class_sizes, in_chunks, labels_at
from jaxgan.data.order import balanced_order, shuffled, stratified
from jaxgan.data.records import open_records


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(labels_module, "AT_ONCE", 16)


def file_labels(tmp_path, labels, parts=None):
    path = tmp_path / "labels.npy"
    np.save(path, labels)
    mapped = np.load(path, mmap_mode="r")
    return FileLabels(path, mapped.dtype, mapped.offset, parts or [(0, len(labels))])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_slices_of_parts_of_a_file(tmp_path, dtype):
    whole = np.random.default_rng(0).integers(0, 200, 100).astype(dtype)
    parts = [(10, 20), (30, 5), (80, 20), (0, 7), (3, 0)]
    labels = file_labels(tmp_path, whole, parts)
    expected = np.concatenate([whole[first : first + count] for first, count in parts])
    assert len(labels) == len(expected) == 52
    for start in range(53):
        for stop in range(start, 60):
            found = labels[start:stop]
            assert found.dtype == np.int32
            np.testing.assert_array_equal(found, expected[start:stop])
    np.testing.assert_array_equal(labels[:], expected)


@pytest.mark.parametrize("block", [1, 4, 16, 64, 1024])
def test_images_by_their_class(tmp_path, small, block):
    values = np.random.default_rng(0).choice(7, 200, p=[0.5, 0.3, 0, 0.1, 0.05, 0.045, 0.005])
    index = ClassIndex(file_labels(tmp_path, values.astype(np.uint8)), block)
    np.testing.assert_array_equal(index.sizes, np.bincount(values))
    for label in range(7):
        own = np.flatnonzero(values == label).tolist()
        assert [index.place(label, number) for number in range(len(own))] == own


def test_a_table_that_would_be_too_large_has_larger_blocks(monkeypatch):
    values = np.random.default_rng(0).integers(0, 50, 100_000)
    monkeypatch.setattr(labels_module, "TABLE", 1 << 10)
    index = ClassIndex(values)
    assert index._before.nbytes <= 1 << 10 and index._block == 1 << 15
    own = np.flatnonzero(values == 49)
    assert [index.place(49, k) for k in (0, 7, len(own) - 1)] == own[[0, 7, -1]].tolist()


def test_labels_at_places_and_sizes(tmp_path, small):
    values = np.random.default_rng(0).integers(0, 9, 100).astype(np.uint8)
    labels = file_labels(tmp_path, values)
    for places in ([], [0], [99], [0, 15, 16, 17, 48, 99], range(100)):
        places = np.array(places, np.int64)
        np.testing.assert_array_equal(labels_at(labels, places), values[places])
    np.testing.assert_array_equal(class_sizes(labels), np.bincount(values))
    np.testing.assert_array_equal(class_sizes(labels, 12), np.bincount(values, minlength=12))
    np.testing.assert_array_equal(np.concatenate(list(in_chunks(labels))), values)


def test_orders_and_draws_do_not_depend_on_where_labels_lie(tmp_path, small):
    values = np.random.default_rng(0).choice([2, 3, 11], 300, p=[0.6, 0.3, 0.1])
    labels = file_labels(tmp_path, values.astype(np.uint8))
    positions = np.arange(2000)
    found = balanced_order(labels, 3)(positions)
    np.testing.assert_array_equal(found, balanced_order(values, 3)(positions))
    np.testing.assert_array_equal(stratified(labels, 77, "x"), stratified(values, 77, "x"))
    # The same by the definition in the docstring of order.py
    members = [np.flatnonzero(values == label) for label in (2, 3, 11)]
    for position in (0, 1, 500, 1999):
        number = position // 3
        member = shuffled(3, 3, "round", number)(position % 3)
        own = members[member]
        within = shuffled(len(own), 3, "class", int(member), number // len(own))
        assert found[position] == own[within(number % len(own))]


def test_labels_without_a_file_take_a_byte_each(make_records):
    records, _, labels = make_records()
    (records.directory / "labels-train.npy").unlink()
    found = open_records(records.directory).stored_labels()
    assert isinstance(found, np.ndarray) and found.dtype == np.uint8
    np.testing.assert_array_equal(found, labels)
