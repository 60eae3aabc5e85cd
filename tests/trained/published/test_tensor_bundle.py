"""The reader of TensorFlow's variables, on files written here byte by byte from the format."""

import numpy as np
import pytest

from jaxgan.files.crc32c import masked_crc32c
from jaxgan.trained.published.tensor_bundle import MAGIC, read_bundle

VALUES = {
    "Generator/GBlock/conv0/w": np.arange(12, dtype="<f4").reshape(3, 4),
    "Generator/GBlock/conv0/wide": np.arange(3, dtype="<f8"),
    "Generator/GBlock_1/u0": np.arange(300, dtype="<i8"),
    "global_step": np.int32(7),
    "half": np.array([[1.5], [-2.0]], "<f2"),
}
TYPES = {"<f4": 1, "<f8": 2, "<i4": 3, "<i8": 9, "<f2": 19}


def varint(n):
    parts = []
    while n > 127:
        parts.append(n & 127 | 128)
        n >>= 7
    return bytes([*parts, n])


def field(number, value):
    if isinstance(value, bytes):
        return varint(number << 3 | 2) + varint(len(value)) + value
    return varint(number << 3) + varint(value)


def block(pairs):
    """Return a block whose keys share prefixes with the keys before, and its trailer."""
    data, last = b"", b""
    for key, value in pairs:
        shared = 0
        while shared < min(len(key), len(last)) and key[shared] == last[shared]:
            shared += 1
        data += varint(shared) + varint(len(key) - shared) + varint(len(value))
        data, last = data + key[shared:] + value, key
    data += (0).to_bytes(4, "little") + (1).to_bytes(4, "little")
    return data, b"\0" + masked_crc32c([data + b"\0"])[0].to_bytes(4, "little")


def write(folder, values):
    """Write `values` as two shards, two data blocks and an index block."""
    shards, entries = [b"", b""], [(b"", field(1, 2))]
    for i, (name, x) in enumerate(sorted(values.items())):
        x = np.asarray(x)
        shape = b"".join(field(2, field(1, n)) for n in x.shape)
        shard = i % 2
        entry = field(1, TYPES[x.dtype.str]) + field(2, shape)
        entry += field(3, shard) + field(4, len(shards[shard])) + field(5, x.nbytes)
        entry += varint(6 << 3 | 5) + masked_crc32c([x.tobytes()])[0].to_bytes(4, "little")
        entries.append((name.encode(), entry))
        shards[shard] += x.tobytes()
    table, handles = b"", []
    for part in (entries[:3], entries[3:]):
        data, trailer = block(part)
        handles.append((part[-1][0], varint(len(table)) + varint(len(data))))
        table += data + trailer
    places = []
    for pairs in ([], handles):  # meta blocks, then the index
        data, trailer = block(pairs)
        places.append(varint(len(table)) + varint(len(data)))
        table += data + trailer
    footer = b"".join(places).ljust(40, b"\0") + MAGIC.to_bytes(8, "little")
    (folder / "variables.index").write_bytes(table + footer)
    for i, data in enumerate(shards):
        (folder / f"variables.data-{i:05d}-of-00002").write_bytes(data)


def test_reads_what_was_written(tmp_path):
    write(tmp_path, VALUES)
    found = read_bundle(tmp_path / "variables")
    assert found.keys() == VALUES.keys()
    for name, x in VALUES.items():
        np.testing.assert_array_equal(found[name], x, strict=True)


@pytest.mark.parametrize("damage", ["index", "magic", "data"])
def test_damage_is_refused(damage, tmp_path):
    write(tmp_path, VALUES)
    index, data = tmp_path / "variables.index", tmp_path / "variables.data-00000-of-00002"
    if damage == "index":
        index.write_bytes(index.read_bytes()[-60:])
    elif damage == "magic":
        index.write_bytes(index.read_bytes()[:-1])
    else:
        data.write_bytes(data.read_bytes()[:-1])
    with pytest.raises(ValueError, match=r"variables\.index cannot be read"):
        read_bundle(tmp_path / "variables")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("variables.index", r"the block at byte 0 is damaged \(its CRC differs\)"),
        ("variables.data-00000-of-00002", r"data-00000-of-00002 is damaged at byte 0 \(the CRC"),
    ],
)
def test_a_flipped_bit_is_found(name, words, tmp_path):
    write(tmp_path, VALUES)
    data = bytearray((tmp_path / name).read_bytes())
    data[5] ^= 1
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ValueError, match=words):
        read_bundle(tmp_path / "variables")
