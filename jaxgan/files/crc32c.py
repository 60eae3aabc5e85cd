"""CRC-32C (Castagnoli) with NumPy, and the masked form that TensorFlow stores beside records.

A CRC is linear over the bits of its input. For messages a and b and a register that starts at 0,

    register(a + b) = shift(register(a), length of b) xor register(b)

where shift feeds that many zero bytes. So neighbours of equal length are combined in pairs, all
pairs of a level at once: log2(n) steps for n bytes instead of n, shared by many messages.
"""

import functools
from collections.abc import Sequence

import numpy as np

POLYNOMIAL = 0x82F63B78  # bits reversed
ONES = 0xFFFFFFFF
FIRST = b"Td\x1fd"  # takes the register from 0 to ONES, a CRC's start
MASK = 0xA282EAD8


def crc32c(messages: Sequence[bytes]) -> list[int]:
    """Return the CRC-32C of each message. Fast if their lengths are similar."""
    if not messages:
        return []
    # Leading zeros leave a register of 0 unchanged.
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
    """Return registers, uint32 of any shape, after another 4 * 2**level zero bytes."""
    parts = np.ascontiguousarray(registers).view(np.uint8).reshape(*registers.shape, 4)
    a, b, c, d = (table.take(parts[..., i]) for i, table in enumerate(_tables(level)))
    return a ^ b ^ c ^ d


@functools.cache
def _tables(level: int) -> np.ndarray:
    """Return [4, 256] uint32: for each value of each byte of a register, the shifted register. The
    xor of four entries is the whole register, shifted."""
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
