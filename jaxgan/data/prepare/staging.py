"""Encoded images on disk, in the source's order, between the two passes of `prepare`.

A source is read from front to back (a compressed archive allows nothing else), but records are
written shuffled, and neither fits into memory. So the first pass appends encoded images to flat
files, and the second pass reads them in any order.

staged-00000.bin    encoded images, concatenated
staged-00000.json   their lengths and labels, and {name: reason} of the rejected images
"""

import contextlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from jaxgan.data.prepare.write import write_json, written
from jaxgan.files import atomic
from jaxgan.media.image_files import BadImageError


class Stage(NamedTuple):
    """The content of one staged file."""

    path: Path
    lengths: list[int]
    labels: list[int]
    rejected: dict[str, str]


def stage_path(folder: Path, number: int) -> Path:
    """Return the path of a staged file."""
    return folder / f"staged-{number:05d}.bin"


def write_stage(path: Path, results: Iterable[tuple[str, int, bytes | BadImageError]]) -> Stage:
    """Write (name, label, encoded image or why it is rejected). Raises OSError if it cannot."""
    stage = Stage(path, [], [], {})
    with atomic.replacing(path) as temporary:
        file = temporary.open("wb")  # closed below, where buffered bytes may not fit
        try:
            for name, label, result in results:
                if isinstance(result, BadImageError):
                    stage.rejected[name] = str(result)
                else:
                    written(path, file.write, result)
                    stage.lengths.append(len(result))
                    stage.labels.append(label)
            written(path, file.close)
        except BaseException:
            with contextlib.suppress(OSError):
                file.close()
            raise
    fields = {"lengths": stage.lengths, "labels": stage.labels, "rejected": stage.rejected}
    write_json(path.with_suffix(".json"), fields)
    return stage


def read_stage(path: Path) -> Stage | None:
    """Return what an interrupted run staged in a file; None if it did not finish it.

    Raises ValueError if the file's size differs from what was written.
    """
    note = path.with_suffix(".json")
    if not (note.exists() and path.exists()):
        return None
    stage = Stage(path, **json.loads(note.read_text("utf-8")))
    if sum(stage.lengths) != path.stat().st_size:
        raise ValueError(f"{path} was changed since it was written; delete {path.parent.parent}")
    return stage


class Staged:
    """Random access to all staged images, [n] in the source's order without the rejected ones."""

    def __init__(self, stages: Sequence[Stage]):
        self._paths = [stage.path for stage in stages]
        self._firsts = np.cumsum([0] + [len(stage.lengths) for stage in stages])
        self._lengths = np.array([n for stage in stages for n in stage.lengths], np.int64)
        self._offsets = np.concatenate(
            [np.cumsum([0, *stage.lengths], dtype=np.int64)[:-1] for stage in stages]
        )
        self.labels = np.array([label for stage in stages for label in stage.labels], np.int32)

    def __len__(self) -> int:
        return len(self.labels)

    def read(self, index: int) -> tuple[bytes, int]:
        """Return (encoded image, label)."""
        owner = int(np.searchsorted(self._firsts, index, side="right")) - 1
        with open(self._paths[owner], "rb") as file:
            file.seek(int(self._offsets[index]))
            return file.read(int(self._lengths[index])), int(self.labels[index])
