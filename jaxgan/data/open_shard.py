"""An open file of records: read by the ArrayRecord library, and later reads without it.

The library verifies a record's checksum, but copies the record several times. So the library reads
each record the first time after the file was opened; later reads go through plain_file.py if it can
read the file. One bit per record says whether it has been verified.
"""

import functools

from array_record.python.array_record_module import ArrayRecordReader

from jaxgan.data.description import Shard
from jaxgan.data.plain_file import PlainFile, plain_file


class OpenShard:
    """The records of a file, from any thread.

    Raises ValueError if the file is damaged or truncated; OSError if it cannot be opened.
    """

    def __init__(self, shard: Shard):
        with open(shard.path, "rb"):  # the reader itself would say "0 records"
            pass
        options = "readahead_buffer_size:0,max_parallelism:0"
        self._library = ArrayRecordReader(str(shard.path), options)
        found = self._library.num_records()
        if found != shard.total:
            raise ValueError(f"{found} records in the file, expected {shard.total}")
        self._shard = shard
        self._verified = bytearray(shard.total // 8 + 1)  # a race may lose a bit: read twice

    def read(self, first: int, count: int) -> list[bytes]:
        """Return `count` records from a position on, verified."""
        positions = range(first, first + count)
        found = self._library.read(list(positions))
        for position in positions:
            self._verified[position >> 3] |= 1 << (position & 7)
        return found

    def plain(self, first: int, count: int) -> PlainFile | None:
        """Return a faster reader for these records; None if some are not verified yet, or if the
        file is not plain."""
        for position in range(first, first + count):
            if not self._verified[position >> 3] >> (position & 7) & 1:
                return None
        return self._plain

    @functools.cached_property
    def _plain(self) -> PlainFile | None:
        return plain_file(self._shard.path, self._shard.total)
