"""Records of arrays stored as they are, parsed without copying the array.

In many records, everything but the array is the same: the bytes before it and the bytes after it.
Protobuf parses these bytes once, around a dummy array; any record with the same bytes around an
array of the same length has the same meaning.
"""

import functools
import math
from collections.abc import Callable

from jaxgan.data.plain_file import PlainFile
from jaxgan.media.decode import Features

Parse = Callable[[bytes, Features], tuple]


class PlainArrays:
    """Parses records of features with encoding "bytes" and arrays of one shape.

    size: bytes of an array.
    """

    def __init__(self, features: Features, parse: Parse):
        self._features, self._parse = features, parse
        self.size = math.prod(features.one_shape()) * features.dtype.itemsize
        self._start = 0  # offset of the array in the last record that was parsed as a whole
        self._label = functools.lru_cache(1 << 16)(self._label_around)

    def __call__(self, raw: bytes | memoryview) -> tuple[bytes | memoryview, int]:
        """Return the array's bytes and the label of a record. Raises as parse_example."""
        view, start = memoryview(raw), self._start
        end = start + self.size
        if end <= len(view):
            label = self._label(bytes(view[:start]), bytes(view[end:]))
            if label is not None:
                return view[start:end], label
        raw = bytes(raw)
        image, label = self._parse(raw, self._features)[:2]
        self._start = raw.find(image)
        return image, label

    def read(self, file: PlainFile, position: int, array: memoryview) -> int:
        """Read a record of a file, its array into `array`; return its label.

        Raises as parse_example, and ValueError for an array of another length.
        """
        start = self._start
        if start:
            label = self._label(*file.read_around(position, start, array))
            if label is not None:
                return label
        array[:], label = self(file.read(position))
        return label

    def _label_around(self, head: bytes, tail: bytes) -> int | None:
        """Return the label of a record with these bytes around any array; None if there is none."""
        found = []
        for filling in (b"\x00", b"\xff"):
            array = filling * self.size
            try:
                image, label = self._parse(head + array + tail, self._features)[:2]
            except Exception:  # DecodeError among them; `parse` then says what is wrong
                return None
            if image != array:
                return None
            found.append(label)
        return found[0]
