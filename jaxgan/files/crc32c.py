"""CRC-32C (Castagnoli) with NumPy, and the masked form that TensorFlow stores beside records.

A CRC is linear over bits. The register after bytes a + b, started at 0, is the register after a,
moved on by as many zero bytes as b has, xor the register after b. So neighbours of equal length are
combined pairwise, all pairs of a level at once: log2(n) steps for n bytes instead of n, and the
same steps for many messages.
"""

import functools
from collections.abc import Sequence

import numpy as np

POLYNOMIAL = 0x82F63B78  # bits reversed
ONES = 0xFFFFFFFF
FIRST = b"Td\x1fd"  # moves the register from 0 to ONES, where a CRC starts
MASK = 0xA282EAD8


def crc32c(messages: Sequence[bytes]) -> list[int]:
    """Return the CRC-32C of each message. Fast if their lengths are similar."""
    if not messages:
        return []
    # Leading zeros leave a register of 0 as it is.
    width = -(-max(map(len, messages)) // 4) * 4 + len(FIRST)
    data = b"".join((FIRST + message).rjust(width, b"\0") for message in messages)
    values = np.frombuffer(data, "<u4").reshape(len(messages), -1)
    level = 0
    while values.shape[1] > 1:
        if values.shape[1] % 2:
            values = np.pad(values, ((0, 0), (1, 0)))
        values = _move(values[:, ::2], level) ^ values[:, 1::2]
        level += 1
    return [int(value) ^ ONES for value in _move(values[:, 0], 0)]


def masked_crc32c(messages: Sequence[bytes]) -> list[int]:
    """Return the CRC-32C of each message as TensorFlow and LevelDB store it."""
    return [(((crc >> 15) | (crc << 17)) + MASK) & ONES for crc in crc32c(messages)]


def _move(registers: np.ndarray, level: int) -> np.ndarray:
    """Return registers, any shape of uint32, moved on by 4 * 2**level zero bytes."""
    parts = np.ascontiguousarray(registers).view(np.uint8).reshape(*registers.shape, 4)
    a, b, c, d = (table.take(parts[..., i]) for i, table in enumerate(_tables(level)))
    return a ^ b ^ c ^ d


@functools.cache
def _tables(level: int) -> np.ndarray:
    """Return [4, 256] uint32: for each byte of a register, where it moves; their xor is the sum."""
    bits = np.left_shift(np.uint32(1), np.arange(32, dtype=np.uint32))
    if level:
        moved = _move(_move(bits, level - 1), level - 1)
    else:
        moved = bits
        for _ in range(32):
            moved = (moved >> 1) ^ np.where(moved & 1, np.uint32(POLYNOMIAL), np.uint32(0))
    tables = np.zeros((4, 256), "<u4")
    for byte in range(4):
        for bit in range(8):
            tables[byte, 1 << bit : 2 << bit] = tables[byte, : 1 << bit] ^ moved[8 * byte + bit]
    return tables
