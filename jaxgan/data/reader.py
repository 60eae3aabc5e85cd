"""Batches as a pure function of the step.

    reader(step) -> {"images": [d_steps, microbatches, rows, H, W, C], "labels": [.., rows]}

Element i (row-major over the global batch shape) of step s is image order(s * n + i), n the images
in a step: see `order.py`. A process reads only its own `rows` of the last batch axis, so the union
over processes is the same global batch for every process count, and the position in the data is
the step count.
"""

import collections
import logging
import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np

from jaxgan.data.order import balanced_order, epoch_order
from jaxgan.data.records import BadRecordError, Records
from jaxgan.files.errors import one_line
from jaxgan.media.decode import decode_record

Batch = dict[str, np.ndarray]
CHUNK = 16  # images a thread decodes between two looks at the queue
log = logging.getLogger(__name__)


class Reader:
    """Reads batches; call it with a step. Close it (or use `with`) to end its threads.

    Args:
      records: an opened split.
      batch_shape: the global (num_d_steps, microbatches, batch).
      seed: of the order.
      size: (height, width) of the images returned; None for the stored size. Stored images of
        another size are cropped at the centre to its aspect ratio and area-resized (`resize.py`).
      rows: which of the batch axis this process reads.
      class_balanced: show every class equally often, for long tails.
      on_bad_record: "stop" raises BadRecordError; "skip" takes the next good record instead,
        logs it once and counts it in `bad_records` {index: reason}.
      workers: decoding threads; None for one a core.
      cache_bytes: keep decoded images in memory when all of them fit into this many bytes.
    """

    def __init__(
        self,
        records: Records,
        batch_shape: tuple[int, int, int],
        seed: int,
        size: tuple[int, int] | None = None,
        rows: slice = slice(None),
        class_balanced: bool = False,
        on_bad_record: str = "stop",
        workers: int | None = None,
        cache_bytes: int = 1 << 30,
    ):
        if on_bad_record not in ("stop", "skip"):
            raise ValueError(f"on_bad_record is {on_bad_record!r}; write 'stop' or 'skip'")
        if size is None and None in records.shape:
            raise ValueError(f"{records}: images differ in size; write size=(height, width)")
        self.records = records
        self.batch_shape = tuple(batch_shape)
        self.image_shape = (*(size or records.shape[:2]), records.shape[-1])
        self.bad_records: dict[int, str] = {}
        self._skip = on_bad_record == "skip"
        self._rows = rows
        self._order = (
            balanced_order(records.labels(), seed)
            if class_balanced
            else epoch_order(len(records), seed)
        )
        self._pool = ThreadPoolExecutor(workers or os.cpu_count(), "jaxgan-decode")
        image_bytes = int(np.prod(self.image_shape)) * records.dtype.itemsize
        self._cache = None
        if len(records) * image_bytes <= cache_bytes:
            self._cache = self._empty(len(records))
            self._cached = np.zeros(len(records), bool)

    def __call__(self, step: int) -> Batch:
        """Return the batch of a step.

        Returns:
          images: [num_d_steps, microbatches, rows, height, width, channels] uint8 or uint16;
          labels: [num_d_steps, microbatches, rows] int32.
        """
        return self.read(self.indices(step))

    def read(self, indices: np.ndarray) -> Batch:
        """Return records by index (any shape, int64): images [..., H, W, C], labels [...]."""
        flat = indices.ravel()
        if self._cache is None:
            batch = self._decode(flat)
        else:
            missing = np.unique(flat[~self._cached[flat]])
            if missing.size:
                for name, values in self._decode(missing).items():
                    self._cache[name][missing] = values
                self._cached[missing] = True
            batch = {name: values[flat] for name, values in self._cache.items()}
        return {name: v.reshape(*indices.shape, *v.shape[1:]) for name, v in batch.items()}

    def indices(self, step: int) -> np.ndarray:
        """Return which records a step reads, [num_d_steps, microbatches, rows] int64."""
        count = int(np.prod(self.batch_shape))
        positions = step * count + np.arange(count, dtype=np.int64)
        return self._order(positions.reshape(self.batch_shape)[..., self._rows])

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(cancel_futures=True)

    def __enter__(self) -> "Reader":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def _empty(self, count: int) -> Batch:
        return {
            "images": np.empty((count, *self.image_shape), self.records.dtype),
            "labels": np.empty(count, np.int32),
        }

    def _decode(self, indices: np.ndarray) -> Batch:
        batch = self._empty(len(indices))

        def fill(start: int) -> None:
            own = indices[start : start + CHUNK]
            for place, example in enumerate(self._examples(own), start):
                batch["images"][place], batch["labels"][place] = example

        for _ in self._pool.map(fill, range(0, len(indices), CHUNK)):
            pass  # map keeps order and raises the first error
        return batch

    def _examples(self, indices: np.ndarray) -> Iterator[tuple[np.ndarray, int]]:
        try:
            pairs = self.records.read(indices)
        except BadRecordError:
            pairs = [None] * len(indices)  # one by one below
        for index, pair in zip(indices.tolist(), pairs, strict=True):
            yield self._example(index, pair)

    def _example(self, index: int, pair: tuple[bytes, int] | None) -> tuple[np.ndarray, int]:
        for number in range(len(self.records)):
            at = (index + number) % len(self.records)
            try:
                data, label = pair or self.records.read([at])[0]
                return self._image(data, at), label
            except BadRecordError as error:
                if not self._skip:
                    raise
                if at not in self.bad_records:
                    self.bad_records[at] = str(error)
                    log.warning("%s; the next good record is used instead", error)
            pair = None
        raise BadRecordError(
            f"{self.records}: no record can be read; the first: {self.bad_records[index]}"
        )

    def _image(self, data: bytes, index: int) -> np.ndarray:
        try:
            return decode_record(data, self.records.features, self.image_shape[:2])
        except Exception as error:  # Pillow raises many kinds on damaged bytes
            raise BadRecordError(
                f"{self.records.location(index)} cannot be decoded ({one_line(error)})"
            ) from error


class Prefetch:
    """Iterates over reader(first_step), reader(first_step + 1), ... ahead of the caller.

    Order never changes; an error is raised where its batch would have come. Close it (or use
    `with`, or leave the loop and close) to end its thread.
    """

    def __init__(self, reader: Reader, first_step: int, depth: int = 2):
        if depth < 1:
            raise ValueError(f"depth is {depth}; write 1 or more")
        self._reader = reader
        self._step = first_step
        # One thread: the reader has its own threads for decoding.
        self._pool = ThreadPoolExecutor(1, "jaxgan-prefetch")
        self._pending: collections.deque[Future] = collections.deque()
        for _ in range(depth):
            self._submit()

    def __iter__(self) -> Iterator[Batch]:
        return self

    def __next__(self) -> Batch:
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


def prefetch(reader: Reader, first_step: int, depth: int = 2) -> Prefetch:
    """Return an iterator over the batches from first_step on, `depth` of them read ahead."""
    return Prefetch(reader, first_step, depth)
