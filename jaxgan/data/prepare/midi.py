"""Tunes for `jaxgan prepare FOLDER TARGET --notes=N`: MIDI files are cut into tunes of N notes.

A file is cut into consecutive tunes of N notes, with the notes of all its tracks merged by their
start; the rest at its end is dropped. Times are rounded to 1/24 of a beat (media/events.py).
Rejected, by name: files without notes, or with fewer than N.
"""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from jaxgan.data.prepare.folders import Payload, Source, open_folder
from jaxgan.data.prepare.listing import TUNES
from jaxgan.files import limits
from jaxgan.files.errors import one_line
from jaxgan.media.events import events_of
from jaxgan.media.image_files import BadImageError
from jaxgan.media.midi import MAX_FILE_BYTES, read_midi

MOST_NOTES = 4096  # per tune


def open_tunes(folder: Path, notes: int, labels: Path | None = None) -> Source:
    """Open the MIDI files of a folder as tunes; its sub-folders are classes.

    labels: a CSV file of name,label lines instead of the sub-folders.

    Raises ValueError or FileNotFoundError, with one line on what to write instead.
    """
    if not 2 <= notes <= MOST_NOTES:
        raise ValueError(f"notes is {notes}; write a number from 2 to {MOST_NOTES}")
    if not folder.is_dir():
        raise ValueError(f"{folder}: tunes are read from a folder; unpack it, or write another")
    source = open_folder(folder, labels, TUNES)
    paths = [path for path in source.read(0) if isinstance(path, Path)]
    counts = [len(tunes_of(path, notes)) for path in paths]
    files = np.repeat(np.arange(len(paths)), counts)
    starts = np.concatenate([[0], np.cumsum(counts)])

    def read(start: int) -> Iterator[Payload]:
        first = int(np.searchsorted(starts, start, side="right")) - 1
        for number in range(first, len(paths)):
            yield from tunes_of(paths[number], notes)[max(start - int(starts[number]), 0) :]

    return dataclasses.replace(
        source,
        names=[f"{source.names[f]}[{i}]" for f, n in enumerate(counts) for i in range(n)],
        labels=source.labels[files],
        read=read,
        shape=(notes, 4),
        dtype=np.dtype(np.int16),
        facts={"medium": "events"},
        files=files,
    )


def tunes_of(path: Path, notes: int) -> list[np.ndarray | BadImageError]:
    """Return the tunes of a file, [notes, 4] int16 each, or one error with the reason if it has
    none."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise ValueError(f"above {MAX_FILE_BYTES:,} bytes")
        found = events_of(read_midi(path.read_bytes()))
        if len(found) < notes:
            what = f"{len(found)} notes; a tune needs {notes}" if len(found) else ""
            raise ValueError(what or "no notes except percussion")
    except (ValueError, OSError) as error:
        limits.pass_on(error)
        return [BadImageError(one_line(error))]
    tunes = found[: len(found) // notes * notes].reshape(-1, notes, 4).copy()
    tunes[:, 0, 0] = 0  # a tune begins with its first note
    return list(tunes)
