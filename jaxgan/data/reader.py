"""Batches as a pure function of the step.

    reader(step) -> Batch(sample, condition), leaves [batches, microbatches, rows, ...]

Element i (row-major over the global batch shape) of step s is example order(s * n + i), where n is
the number of examples per step: see `order.py`. A process reads only its own `rows` of the last
batch axis. So for every number of processes their union is the same global batch, and the step
count is the only position in the data.
"""

import collections
import logging
import math
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import jax
import numpy as np

from jaxgan.data.order import balanced_order, epoch_order
from jaxgan.data.records import BadRecordError, Records
from jaxgan.files import limits
from jaxgan.files.errors import one_line
from jaxgan.media.images import is_as_stored
from jaxgan.media.medium import Batch, Medium

CHUNK = 16  # images that a thread decodes before it takes the next ones from the queue
AT_ONCE = 1 << 18  # bytes to read before decoding: few enough to stay in a core's cache
log = logging.getLogger(__name__)


class Reader:
    """Reads batches; call it with a step. Close it (or use `with`) to end its threads.

    Args:
      records: an opened split.
      medium: what an example is; its `decode` turns a record into arrays.
      batch_shape: the global (batches, microbatches, examples).
      seed: of the order.
      rows: the rows of the last batch axis that this process reads.
      class_balanced: show every class equally often, for long-tailed data.
      on_bad_record: "stop" raises BadRecordError; "skip" takes the next good record instead,
        logs it once and counts it in `bad_records` {index: reason}.
      workers: number of decoding threads; None for one per core. With one, the calling thread
        decodes.
      cache_bytes: keep decoded examples in memory if all of them fit into this many bytes.
    """

    def __init__(
        self,
        records: Records,
        medium: Medium,
        batch_shape: tuple[int, int, int] = (1, 1, 1),
        seed: int = 0,
        rows: slice | np.ndarray = slice(None),
        class_balanced: bool = False,
        on_bad_record: str = "stop",
        workers: int | None = None,
        cache_bytes: int = 1 << 30,
    ):
        if on_bad_record not in ("stop", "skip"):
            raise ValueError(f"on_bad_record is {on_bad_record!r}; write 'stop' or 'skip'")
        self.records = records
        self.batch_shape = tuple(batch_shape)
        self._medium = medium
        self.bad_records: dict[int, str] = {}
        self._skip = on_bad_record == "skip"
        self._rows = rows
        self._order = (
            balanced_order(records.stored_labels(), seed)
            if class_balanced
            else epoch_order(len(records), seed)
        )
        workers = workers or os.cpu_count() or 1
        self._pool = ThreadPoolExecutor(workers, "jaxgan-decode") if workers > 1 else None
        leaves = jax.tree.leaves(medium.stored)
        example_bytes = sum(math.prod(x.shape) * np.dtype(x.dtype).itemsize for x in leaves)
        self._at_once = max(1, min(CHUNK, AT_ONCE // example_bytes))
        self._are_images = is_as_stored(medium)
        self._as_stored = records.are_arrays and self._are_images
        if self._as_stored:  # and of the same shape: no resize
            stored, sample = records.features, medium.stored.sample
            dtype = stored.dtype.newbyteorder("<")
            self._as_stored = (stored.shape, dtype) == (sample.shape, sample.dtype)
        self._cache = None
        if len(records) * example_bytes <= cache_bytes:
            self._cache = self._empty(len(records))
            self._cached = np.zeros(len(records), bool)

    def __call__(self, step: int) -> Batch:
        """Return the batch of a step: numpy arrays [batches, microbatches, rows, ...], with the
        dtypes of `medium.stored`."""
        return self.read(self.indices(step))

    def read(self, indices: np.ndarray) -> Batch:
        """Return the examples with these indices (any shape, int64): leaves [*indices.shape, ...].

        Raises BadRecordError for a record that cannot be read or decoded, unless it is to be
        skipped; OSError or MemoryError at a limit of the machine.
        """
        flat = indices.ravel()
        if self._cache is None:
            batch = self._decode(flat)
        else:
            missing = np.unique(flat[~self._cached[flat]])
            if missing.size:
                fill(self._cache, missing, self._decode(missing))
                self._cached[missing] = True
            batch = jax.tree.map(lambda values: values[flat], self._cache)
        return jax.tree.map(lambda v: v.reshape(*indices.shape, *v.shape[1:]), batch)

    def indices(self, step: int) -> np.ndarray:
        """Return the indices of the records that a step reads, [batches, microbatches, rows]
        int64."""
        count = int(np.prod(self.batch_shape))
        positions = step * count + np.arange(count, dtype=np.int64)
        return self._order(positions.reshape(self.batch_shape)[..., self._rows])

    def close(self) -> None:
        """End the threads."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def __enter__(self) -> "Reader":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def _empty(self, count: int) -> Batch:
        return jax.tree.map(lambda x: np.empty((count, *x.shape), x.dtype), self._medium.stored)

    def _decode(self, indices: np.ndarray) -> Batch:
        batch = self._empty(len(indices))
        arrays = jax.tree.leaves(batch)

        def decode(start: int) -> None:
            own = indices[start : start + CHUNK]
            if self._as_stored:
                place = slice(start, start + len(own))
                try:
                    batch.condition[place] = self.records.arrays(own, batch.sample[place])
                    return
                except BadRecordError:
                    pass  # one by one below
            # Images are decoded to where they are wanted, where that is possible.
            outs = batch.sample[start : start + len(own)] if self._are_images else [None] * len(own)
            for place, (out, example) in enumerate(self._examples(own, outs), start):
                for array, values in zip(arrays, jax.tree.leaves(example), strict=True):
                    if values is not out:
                        array[place] = values

        run = map if self._pool is None else self._pool.map
        for _ in run(decode, range(0, len(indices), CHUNK)):
            pass  # map keeps order and raises the first error
        return batch

    def _examples(self, indices: np.ndarray, outs: Any) -> Iterator[tuple[Any, Batch]]:
        for start in range(0, len(indices), self._at_once):
            now = slice(start, start + self._at_once)
            own = indices[now]
            try:
                found: list[Any] = self.records.examples(own)
            except BadRecordError:
                found = [None] * len(own)  # one by one below
            for index, record, out in zip(own.tolist(), found, outs[now], strict=True):
                yield out, self._example(index, record, out)

    def _example(self, index: int, record: Any, out: np.ndarray | None) -> Batch:
        for number in range(len(self.records)):
            at = (index + number) % len(self.records)
            try:
                return self._decoded(record or self.records.examples([at])[0], at, out)
            except BadRecordError as error:
                if not self._skip:
                    raise
                if at not in self.bad_records:
                    self.bad_records[at] = str(error)
                    log.warning("%s; the next good record is used instead", error)
            record = None
        raise BadRecordError(
            f"{self.records}: no record can be read; the first: {self.bad_records[index]}"
        )

    def _decoded(self, record: Any, index: int, out: np.ndarray | None) -> Batch:
        try:
            if out is None:
                return self._medium.decode(record, self.records.features)
            return self._medium.decode(record, self.records.features, out=out)
        except Exception as error:  # Pillow raises many kinds on damaged bytes
            limits.pass_on(error)
            raise BadRecordError(
                f"{self.records.location(index)} cannot be decoded ({one_line(error)})"
            ) from error


def fill(batch: Batch, places: Any, examples: Batch) -> None:
    """Write examples into a batch's arrays, at these places of their first axis."""
    for array, values in zip(jax.tree.leaves(batch), jax.tree.leaves(examples), strict=True):
        array[places] = values


class Prefetch:
    """Iterates over reader(first_step), reader(first_step + 1), ... ahead of the caller.

    The order never changes; an error is raised where its batch would have come. Close it (or use
    `with`) to end its thread.
    """

    def __init__(self, reader: Callable[[int], Any], first_step: int, depth: int = 2):
        if depth < 1:
            raise ValueError(f"depth is {depth}; write 1 or more")
        self._reader = reader
        self._step = first_step
        # One thread: the reader has its own threads for decoding.
        self._pool = ThreadPoolExecutor(1, "jaxgan-prefetch")
        self._pending: collections.deque[Future] = collections.deque()
        for _ in range(depth):
            self._submit()

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        batch = self._pending.popleft().result()
        self._submit()
        return batch

    def close(self) -> None:
        """Drop what is pending and end the thread."""
        self._pool.shutdown(cancel_futures=True)

    def __enter__(self) -> "Prefetch":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def _submit(self) -> None:
        self._pending.append(self._pool.submit(self._reader, self._step))
        self._step += 1


def prefetch(reader: Callable[[int], Any], first_step: int, depth: int = 2) -> Prefetch:
    """Return an iterator over the batches from first_step on, `depth` of them read ahead."""
    return Prefetch(reader, first_step, depth)
