"""Read other people's MIDI files: do all of them give notes, and come back as they were?

    apt-get download openttd-openmsx && dpkg-deb -x openttd-openmsx_*.deb openmsx
    python -m tests.data.real_midi openmsx

Prints a line for each .mid below a folder: type and division are the file's own, then notes, beats,
lowest and highest pitch. Each must be written and read again note by note, and their bytes too.
(openttd-openmsx: 31 songs, GPL-2; they are not part of this project.)
"""

import sys
from pathlib import Path

import numpy as np

from jaxgan.media.events import TICKS, events_of
from jaxgan.media.midi import SUFFIXES, midi_bytes, read_midi


def main(folder: str) -> None:
    paths = sorted(p for p in Path(folder).rglob("*") if p.suffix.lower() in SUFFIXES)
    for path in paths:
        data = path.read_bytes()
        tune = read_midi(data)
        again = midi_bytes(tune)
        np.testing.assert_array_equal(read_midi(again).notes, tune.notes)
        assert midi_bytes(read_midi(again)) == again
        start, length, pitch, _ = tune.notes.T
        beats = (start + length).max(initial=0) / tune.division
        events = events_of(tune)
        assert abs(events[:, 0].sum() / TICKS - (start.max() - start.min()) / tune.division) < 1
        print(
            f"{path.name}: type {data[9]}, {tune.division} ticks a beat, {len(pitch):,} notes, "
            f"{beats:.0f} beats, pitches {pitch.min()} to {pitch.max()}"
        )
    print(f"{len(paths)} files")


if __name__ == "__main__":
    main(*sys.argv[1:])
