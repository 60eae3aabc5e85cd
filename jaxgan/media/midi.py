"""MIDI files of types 0 and 1: reading and writing their notes. Trusts nothing in a file.

A note is (start, length, pitch, velocity): ticks, ticks, 0 to 127 (60 is middle C, 69 is 440 Hz),
1 to 127. `division` is the number of ticks per beat. The notes of all tracks and channels are
merged, sorted by start, then pitch. Percussion (channel 10), whose numbers are not pitches, is left
out, and so are tempo, instruments, pedals and bends. A note off ends the oldest note of its channel
and pitch; a note that is never ended ends with its track; notes of length 0 are left out.

`read_midi` reads back exactly the notes that `midi_bytes` wrote, and writing these again gives the
same bytes.
"""

import struct
from collections import defaultdict, deque
from typing import NamedTuple

import numpy as np

SUFFIXES = (".mid", ".midi")
MAX_FILE_BYTES = 1 << 24
MOST_TICKS = 1 << 28  # limit of a time of four bytes
PERCUSSION = 9  # channel 10, counted from 0
CHANNELS = [channel for channel in range(16) if channel != PERCUSSION]
DATA_BYTES = {0x80: 2, 0x90: 2, 0xA0: 2, 0xB0: 2, 0xC0: 1, 0xD0: 1, 0xE0: 2}
TEMPO = bytes((0, 0xFF, 0x51, 3)) + (500_000).to_bytes(3, "big")  # 120 beats per minute
END = bytes((0, 0xFF, 0x2F, 0))


class Tune(NamedTuple):
    """notes: [n, 4] int64, see above. division: ticks per beat."""

    division: int
    notes: np.ndarray


def read_midi(data: bytes) -> Tune:
    """Parse a file's bytes. Raises ValueError with the reason, without the file's name."""
    if len(data) > MAX_FILE_BYTES:
        raise ValueError(f"{len(data):,} bytes, above {MAX_FILE_BYTES:,}")
    if data[:4] != b"MThd" or len(data) < 14:
        raise ValueError("not a MIDI file")
    length, kind, _, division = struct.unpack(">IHHH", data[4:14])
    if kind > 1:
        raise ValueError(f"a MIDI file of type {kind}; write one of type 0 or 1")
    if division & 0x8000 or division == 0:
        raise ValueError("its ticks are parts of a second, not of a beat")
    place, found = 8 + max(length, 6), []
    while place < len(data):
        name, size = data[place : place + 4], data[place + 4 : place + 8]
        end = place + 8 + int.from_bytes(size, "big")
        if len(size) < 4 or end > len(data):
            raise ValueError("cut short: a part is longer than the file")
        if name == b"MTrk":
            found += _notes(data[place + 8 : end])
        place = end
    return Tune(division, np.array(sorted(found), np.int64).reshape(-1, 4)[:, [0, 2, 1, 3]])


def _notes(track: bytes) -> list[tuple[int, int, int, int]]:
    """Return (start, pitch, length, velocity) of each note of a track."""
    now, place, running, found = 0, 0, 0, []
    sounding: dict[tuple[int, int], deque] = defaultdict(deque)

    def ended(key: tuple[int, int]) -> None:
        start, velocity = sounding[key].popleft()
        if now > start:
            found.append((start, key[1], now - start, velocity))

    while place < len(track):
        wait, place = _number(track, place)
        now += wait
        if now >= MOST_TICKS:
            raise ValueError("damaged: longer than 2^28 ticks")
        status = _byte(track, place)
        if status >= 0x80:
            place += 1
        else:
            status = running
        if status in (0xF0, 0xF7, 0xFF):
            size, place = _number(track, place + (status == 0xFF))
            place += size
            if place > len(track):
                raise ValueError("cut short: an event is longer than its track")
            continue
        if status & 0xF0 not in DATA_BYTES:
            raise ValueError(f"damaged: an event that begins with {status:#04x}")
        running, kind, channel = status, status & 0xF0, status & 0x0F
        values = [_byte(track, place + i) for i in range(DATA_BYTES[kind])]
        place += len(values)
        if max(values) > 127:
            raise ValueError("damaged: a value above 127")
        if kind not in (0x80, 0x90) or channel == PERCUSSION:
            continue
        key = channel, values[0]
        if kind == 0x90 and values[1]:
            sounding[key].append((now, values[1]))
        elif sounding[key]:
            ended(key)
    for key, notes in sounding.items():
        while notes:
            ended(key)
    return found


def _byte(track: bytes, place: int) -> int:
    if place >= len(track):
        raise ValueError("cut short: a track ends inside an event")
    return track[place]


def _number(track: bytes, place: int) -> tuple[int, int]:
    """Return a number coded in 7 bits per byte, at most four bytes, and the index after it."""
    value = 0
    for i in range(4):
        byte = _byte(track, place + i)
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, place + i + 1
    raise ValueError("damaged: a number of more than four bytes")


def midi_bytes(tune: Tune) -> bytes:
    """Return a file of type 0 at 120 beats per minute.

    Overlapping notes of one pitch go to different channels, so that each keeps its own end. Raises
    ValueError for numbers that a MIDI file cannot hold.
    """
    notes = np.asarray(tune.notes, np.int64).reshape(-1, 4)
    start, length, pitch, velocity = notes.T
    inside = (start >= 0) & (length >= 1) & (start + length < MOST_TICKS)
    inside &= (pitch >= 0) & (pitch <= 127) & (velocity >= 1) & (velocity <= 127)
    if not inside.all() or not 0 < tune.division < 0x8000:
        raise ValueError("notes are ticks from 0, 1 tick or longer, pitch 0-127, velocity 1-127")
    free: dict[tuple[int, int], int] = {}
    events = []
    for a, duration, tone, loud in notes[np.lexsort((velocity, length, pitch, start))].tolist():
        channel = next((c for c in CHANNELS if free.get((c, tone), 0) <= a), None)
        if channel is None:
            raise ValueError(f"more than {len(CHANNELS)} notes of pitch {tone} sound together")
        free[channel, tone] = a + duration
        events.append((a, 1, tone, channel, loud))
        events.append((a + duration, 0, tone, channel, 0))
    track, now = bytearray(TEMPO), 0
    for time, is_on, tone, channel, loud in sorted(events):  # ends before starts of the same tick
        track += _coded(time - now) + bytes((0x80 | is_on << 4 | channel, tone, loud))
        now = time
    track += END
    head = struct.pack(">4sIHHH", b"MThd", 6, 0, 1, tune.division)
    return head + b"MTrk" + len(track).to_bytes(4, "big") + bytes(track)


def _coded(value: int) -> bytes:
    """Return a number below 2^28 coded in 7 bits per byte."""
    parts = [value & 0x7F]
    while value := value >> 7:
        parts.append(value & 0x7F | 0x80)
    return bytes(reversed(parts))
