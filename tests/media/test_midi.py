"""MIDI files: notes written and read back bit for bit, other people's forms, damage."""

import struct

import numpy as np
import pytest

from jaxgan.media.midi import Tune, midi_bytes, read_midi


def file_of(*tracks, kind=1, division=96):
    head = struct.pack(">4sIHHH", b"MThd", 6, kind, len(tracks), division)
    parts = (b"MTrk" + struct.pack(">I", len(track)) + track for track in tracks)
    return head + b"".join(parts)


def test_notes_and_bytes_come_back():
    rng = np.random.default_rng(0)
    for n in (0, 1, 200):
        start, length = rng.integers(0, 5000, n), rng.integers(1, 20_000, n)
        pitch, velocity = rng.integers(0, 128, n), rng.integers(1, 128, n)
        notes = np.stack([start, length, pitch, velocity], -1).astype(np.int64)
        notes = notes[np.lexsort((velocity, length, pitch, start))]
        data = midi_bytes(Tune(480, notes))
        found = read_midi(data)
        assert found.division == 480 and found.notes.shape == (n, 4)
        np.testing.assert_array_equal(found.notes, notes)
        assert midi_bytes(found) == data


def test_notes_of_one_pitch_that_overlap_end_where_they_do():
    notes = np.array([[0, 100, 60, 9], [10, 20, 60, 8], [30, 5, 60, 7]])
    np.testing.assert_array_equal(read_midi(midi_bytes(Tune(24, notes))).notes, notes)
    many = np.tile([0, 9, 60, 9], (16, 1))
    with pytest.raises(ValueError, match="more than 15 notes of pitch 60 sound together"):
        midi_bytes(Tune(24, many))


def test_other_forms():
    """Two tracks, running status, note on of velocity 0, long times, text, sysex, percussion, a
    part of another kind, a note that is never ended."""
    first = bytes([0, 0xFF, 1, 2, 65, 66])  # a text
    first += bytes([0, 0x90, 60, 100, 10, 62, 90])  # running status
    first += bytes([0x81, 0x00, 60, 0, 0, 0x80, 62, 64])  # 128 ticks; velocity 0; note off
    first += bytes([0, 0xFF, 0x2F, 0])
    second = bytes([5, 0x99, 35, 99, 0, 0xF0, 3, 1, 2, 0xF7])  # percussion, sysex
    second += bytes([0, 0xC3, 7, 0, 0xE3, 0, 64, 0, 0x93, 70, 50, 4, 0xB3, 64, 127])
    data = file_of(first, second)
    data += b"XFIH" + struct.pack(">I", 3) + b"abc"
    expected = [[0, 138, 60, 100], [5, 4, 70, 50], [10, 128, 62, 90]]
    assert read_midi(data).notes.tolist() == expected
    assert read_midi(file_of(first + second, kind=0)).division == 96


ON = bytes([0, 0x90, 60, 100])
BAD = {
    "not a MIDI file": b"RIFF" + bytes(20),
    "a MIDI file of type 2": file_of(ON, kind=2),
    "parts of a second": file_of(ON, division=0xE728),
    "a part is longer than the file": file_of(ON)[:-1],
    "a track ends inside an event": file_of(ON[:-1]),
    "an event is longer than its track": file_of(bytes([0, 0xFF, 1, 0xFF, 0xFF, 0xFF, 0x7F])),
    "a number of more than four bytes": file_of(bytes([0xFF] * 4 + [0x7F, 0x90, 60, 1])),
    "an event that begins with 0x00": file_of(bytes([0, 60, 100])),
    "an event that begins with 0xf4": file_of(bytes([0, 0xF4, 60])),
    "a value above 127": file_of(bytes([0, 0x90, 200, 1])),
    "longer than 2.28 ticks": file_of(bytes([0xFF, 0xFF, 0xFF, 0x7F, 0x90, 60, 1] * 2)),
}


@pytest.mark.parametrize("words", BAD)
def test_damage_is_refused_in_a_line(words):
    with pytest.raises(ValueError, match=words):
        read_midi(BAD[words])


def test_no_bytes_do_anything_else():
    """Any damage ends in a ValueError or in notes that a file can hold."""
    rng = np.random.default_rng(1)
    whole = midi_bytes(Tune(24, np.array([[i, 5, 60 + i % 9, 80] for i in range(40)])))
    for _ in range(300):
        data = bytearray(whole)
        for place in rng.integers(0, len(data), rng.integers(1, 6)):
            data[place] = rng.integers(0, 256)
        try:
            notes = read_midi(bytes(data[: rng.integers(10, len(data) + 1)])).notes
        except ValueError:
            continue
        assert (notes[:, 1:] >= [1, 0, 1]).all() and (notes[:, 2:] <= 127).all()


@pytest.mark.parametrize("note", [[-1, 1, 60, 1], [0, 0, 60, 1], [0, 1, 128, 1], [0, 1, 60, 0]])
def test_what_no_file_holds_is_not_written(note):
    with pytest.raises(ValueError, match="notes are ticks from 0"):
        midi_bytes(Tune(24, np.array([note])))
