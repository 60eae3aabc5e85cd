"""CRC-32C against its published check values and against one byte at a time."""

import numpy as np
import pytest

from jaxgan.files.crc32c import crc32c, masked_crc32c


def byte_by_byte(data: bytes) -> int:
    """Return the CRC-32C by its definition: divide by the polynomial, bit after bit."""
    register = 0xFFFFFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (0x82F63B78 if register & 1 else 0)
    return register ^ 0xFFFFFFFF


@pytest.mark.parametrize(
    ("data", "crc"),
    [  # RFC 3720, B.4, and the check value of the catalogue of CRCs
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (b"123456789", 0xE3069283),
        (b"", 0),
    ],
)
def test_published_values(data, crc):
    assert crc32c([data]) == [crc]


def test_messages_of_every_length_at_once():
    random = np.random.default_rng(0)
    messages = [random.bytes(length) for length in [1000, *range(18), 255, 1001]]
    assert crc32c(messages) == [byte_by_byte(message) for message in messages]
    assert crc32c([]) == []


def test_masked_as_tensorflow_does():
    # The header of a TFRecord of 24 bytes, as TensorFlow writes it in every event file.
    header = bytes.fromhex("1800000000000000")
    assert masked_crc32c([header])[0].to_bytes(4, "little").hex() == "a37f4b22"
