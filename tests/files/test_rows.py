"""Many rows are kept in a file, and are the same."""

import tracemalloc

import numpy as np
import pytest

from jaxgan.files.rows import Rows


@pytest.mark.parametrize("in_memory", [0, 100, 10**9])
@pytest.mark.parametrize("dtype", [np.float32, np.int16])
def test_rows_are_what_was_added(in_memory, dtype):
    rng, rows = np.random.default_rng(0), Rows(in_memory)
    batches = [rng.integers(0, 99, (n, 5)).astype(dtype) for n in (3, 1, 0, 7, 2)]
    for batch in batches:
        rows.add(batch)
    found = rows.array()
    assert found.dtype == dtype and isinstance(found, np.memmap) == (in_memory <= 100)
    np.testing.assert_array_equal(found, np.concatenate(batches))


def test_rows_that_are_not_laid_out_in_order():
    rows = Rows(0)
    rows.add(np.arange(12.0).reshape(3, 4).T)
    np.testing.assert_array_equal(rows.array(), np.arange(12.0).reshape(3, 4).T)


def test_many_rows_take_no_memory():
    tracemalloc.start()
    rows = Rows(1 << 20)
    for number in range(64):
        rows.add(np.full((1024, 256), number, np.float32))  # 1 MiB each
    found = rows.array()
    assert found[-1, -1] == 63 and len(found) == 64 * 1024
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 8 << 20
