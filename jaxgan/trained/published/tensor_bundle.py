"""Read the variables of a TensorFlow saved model without TensorFlow.

PREFIX.index is a LevelDB table, key -> entry, in blocks that share key prefixes; a footer points at
the index block. PREFIX.data-00000-of-00001 and so on hold the values, little-endian, at the entry's
offset. An entry is a protocol buffer: 1 dtype, 2 shape, 3 shard, 4 offset, 5 size, 6 CRC. Blocks
are uncompressed, as TensorFlow writes them, and end with a type and a CRC. All CRCs are checked.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from jaxgan.files.crc32c import masked_crc32c

FOOTER = 48
MAGIC = 0xDB4775248B80FB57
# TensorFlow's numbers for the dtypes of weights.
DTYPES = {1: "<f4", 2: "<f8", 3: "<i4", 9: "<i8", 10: "?", 19: "<f2"}


def read_bundle(prefix: str | Path) -> dict[str, np.ndarray]:
    """Return {variable: value} from the files PREFIX.index and PREFIX.data-*.

    Variables that are not numbers are left out. Raises ValueError if a file is damaged.
    """
    prefix = Path(prefix)
    index = prefix.with_name(prefix.name + ".index")
    try:
        entries = dict(_table(index.read_bytes()))
        shards = _number(dict(_fields(entries.pop(b""))), 1, 1)
        arrays = {}
        for key, entry in entries.items():
            fields = dict(_fields(entry))
            dtype = DTYPES.get(_number(fields, 1))
            if dtype is None or 7 in fields:  # 7: a slice of a larger variable
                continue
            shape = [_number(dict(_fields(dim)), 1) for dim in _dimensions(fields.get(2, b""))]
            shard = f"{prefix.name}.data-{_number(fields, 3):05d}-of-{shards:05d}"
            place = _number(fields, 4), _number(fields, 5)
            path = prefix.with_name(shard)
            arrays[key.decode()] = _value(path, np.dtype(dtype), shape, *place, fields.get(6))
        return arrays
    except (IndexError, KeyError, TypeError, ValueError, UnicodeDecodeError) as error:
        raise ValueError(f"{index} cannot be read: {error}") from None


def _value(
    path: Path,
    dtype: np.dtype,
    shape: list[int],
    offset: int,
    size: int,
    crc: int | bytes | None,
) -> np.ndarray:
    count = int(np.prod(shape, dtype=np.int64))
    if count * dtype.itemsize != size or offset + size > path.stat().st_size:
        raise ValueError(f"{path.name} is truncated, or its index is damaged")
    with path.open("rb") as file:
        file.seek(offset)
        data = file.read(size)
    if crc is not None and crc != masked_crc32c([data])[0]:
        raise ValueError(f"{path.name} is damaged at byte {offset} (the CRC differs)")
    return np.frombuffer(data, dtype).reshape(shape)


def _number(fields: dict[int, int | bytes], key: int, default: int = 0) -> int:
    value = fields.get(key, default)
    if not isinstance(value, int):
        raise TypeError(f"field {key} is not a number")
    return value


def _dimensions(shape: int | bytes) -> Iterator[bytes]:
    if not isinstance(shape, bytes):
        raise TypeError("a shape is not a message")
    return (v for number, v in _fields(shape) if number == 2 and isinstance(v, bytes))


def _table(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the keys and values of a LevelDB table."""
    footer = data[-FOOTER:]
    if len(data) < FOOTER or int.from_bytes(footer[-8:], "little") != MAGIC:
        raise ValueError("it is not a table of variables")
    *_, at = _handle(footer, 0)  # the handle of the metaindex block is skipped
    offset, size, _ = _handle(footer, at)
    for _, handle in _block(data, offset, size):
        yield from _block(data, *_handle(handle, 0)[:2])


def _handle(data: bytes, at: int) -> tuple[int, int, int]:
    """Return a block's offset and size, and where the handle ends."""
    offset, at = _varint(data, at)
    size, at = _varint(data, at)
    return offset, size, at


def _block(data: bytes, offset: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    block, kind = data[offset : offset + size], data[offset + size]
    if kind != 0:
        raise ValueError(f"a block is compressed (type {kind}): only plain ones are read")
    crc = int.from_bytes(data[offset + size + 1 : offset + size + 5], "little")
    if crc != masked_crc32c([data[offset : offset + size + 1]])[0]:
        raise ValueError(f"the block at byte {offset} is damaged (its CRC differs)")
    restarts = int.from_bytes(block[-4:], "little")
    end, at, key = len(block) - 4 * (restarts + 1), 0, b""
    while at < end:
        shared, at = _varint(block, at)
        fresh, at = _varint(block, at)
        length, at = _varint(block, at)
        key = key[:shared] + block[at : at + fresh]
        yield key, block[at + fresh : at + fresh + length]
        at += fresh + length


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield (field number, value) of a protocol buffer."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        kind = tag & 7
        if kind == 0:
            value, at = _varint(message, at)
        elif kind == 2:
            length, at = _varint(message, at)
            value, at = message[at : at + length], at + length
        elif kind in (1, 5):
            length = 8 if kind == 1 else 4
            value, at = int.from_bytes(message[at : at + length], "little"), at + length
        else:
            raise ValueError(f"a field of type {kind}")
        yield tag >> 3, value


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        shift, at = shift + 7, at + 1
        if byte < 128:
            return value, at
