"""An open file of records: two libraries read each record once, later reads need neither.

The ArrayRecord library verifies a record's checksum, protobuf parses it, and both copy it. So they
see a record the first time after its file was opened. What stays in memory is where in the record
the image lies, and its label; a later read takes the image alone, straight from the file if
plain_file.py can read it.

Both read a record each time if it has texts, if its file is one that plain_file.py cannot read, or
if the file holds more than MOST_RECORDS, for which this memory would be too large.
"""

import functools
from array import array

from array_record.python.array_record_module import ArrayRecordReader

from jaxgan.data.description import Shard
from jaxgan.data.example import Example, parse_example
from jaxgan.data.plain_file import MOST_RECORDS, PlainFile, plain_file
from jaxgan.media.decode import Features

FARTHEST = 255  # bytes around an image, on either side, whose number is remembered in one byte


class OpenShard:
    """The records of a file, from any thread.

    Raises ValueError if the file is damaged or truncated; OSError if it cannot be opened.
    """

    def __init__(self, shard: Shard, features: Features):
        with open(shard.path, "rb"):  # the reader itself would say "0 records"
            pass
        options = "readahead_buffer_size:0,max_parallelism:0"
        self._library = ArrayRecordReader(str(shard.path), options)
        found = self._library.num_records()
        if found != shard.total:
            raise ValueError(f"{found} records in the file, expected {shard.total}")
        self._shard, self._features = shard, features
        remembered = 0 if features.text_dim or found > MOST_RECORDS else found
        self._before = bytearray(remembered)  # bytes of a record before its image; 0: not read yet
        self._behind = bytearray(remembered)
        self._labels = array("i", bytes(4 * remembered))

    def examples(self, first: int, count: int) -> list[Example]:
        """Return the content of `count` records from a position on.

        Raises as parse_example, and ValueError where the file is damaged.
        """
        positions, known = range(first, first + count), self._before[first : first + count]
        if not known or 0 in known or self._plain is None:
            return self._parsed(positions)
        found = []
        for position in positions:
            raw = self._plain.read(position)
            image = raw[self._before[position] : len(raw) - self._behind[position]]
            found.append(Example(bytes(image), self._labels[position]))
        return found

    def image_into(self, position: int, place: memoryview) -> int:
        """Write the image of a record to `place`; return its label.

        Raises as `examples`, and ValueError for an image of another length.
        """
        before = self._before[position] if self._before else 0
        if not before or self._plain is None:
            (example,) = self._parsed(range(position, position + 1))
            place[:] = example.image
            return example.label
        self._plain.read_into(position, before, self._behind[position], place)
        return self._labels[position]

    def _parsed(self, positions: range) -> list[Example]:
        found = []
        for position, raw in zip(positions, self._library.read(list(positions)), strict=True):
            example = parse_example(raw, self._features)
            found.append(example)
            before = raw.find(example.image[:16])
            end = before + len(example.image)
            around = before, len(raw) - end
            if self._before and max(around) <= FARTHEST and raw[before:end] == example.image:
                self._labels[position] = example.label
                self._behind[position] = around[1]
                self._before[position] = before  # last: other threads look at it first
        return found

    @functools.cached_property
    def _plain(self) -> PlainFile | None:
        """The file for later reads; None where the library has to read it."""
        return plain_file(self._shard.path, self._shard.total)
