"""Records of arrays that are kept as they are: parsed without a copy of the array.

What a record holds beside its array, the bytes before it and after it, is the same in many records.
Protobuf parses it once, with other bytes in the array's place; a record with the same bytes around
an array of the same length means the same.
"""

import functools
import math
from collections.abc import Callable

from jaxgan.data.plain_file import PlainFile
from jaxgan.media.decode import Features

Parse = Callable[[bytes, Features], tuple]


class PlainArrays:
    """Parses records of features whose encoding is "bytes" and whose arrays are of one shape.

    size: bytes of an array.
    """

    def __init__(self, features: Features, parse: Parse):
        self._features, self._parse = features, parse
        self.size = math.prod(features.one_shape()) * features.dtype.itemsize
        self._start = 0  # of the array in the record that was parsed last as a whole
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
        """Read a record of a file, its array to where it is wanted; return its label.

        Raises as parse_example, or ValueError for an array of another length.
        """
        start = self._start
        if start:
            label = self._label(*file.read_around(position, start, array))
            if label is not None:
                return label
        array[:], label = self(file.read(position))
        return label

    def _label_around(self, head: bytes, tail: bytes) -> int | None:
        """Return the label that these bytes mean around any array; None where they mean none."""
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
