"""What a source of images is, and its first kind: a folder.

A source knows its names and labels from the start, and streams its images in a fixed order from any
position, never holding more than a few.
"""

import dataclasses
import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from jaxgan.data.prepare.listing import IMAGES, Wanted, label_files, left_out, printable
from jaxgan.files import limits
from jaxgan.media.image_files import BadImageError

Payload = bytes | Path | np.ndarray | BadImageError  # an error is a rejected image


@dataclasses.dataclass(frozen=True)
class Source:
    """Images, or other samples, in a fixed order.

    names: one per image, for messages. labels: [n] int32 into class_names.
    read(start): the payloads from position start on: a file's bytes or path, or
      [height, width, channels] uint8 or uint16. stamp: changes when the source does.
    shape, dtype: of the images if all are arrays, else None.
    ignored: {name: reason} of files that are not images of this data set.
    notes: what the user may not have intended, one line each. empty: class folders without images.
    medium: what they are, in the plural. facts: further entries for the manifest.
    files: [n], the number of the file that each was cut from, if files give several.
    """

    names: Sequence[str]
    labels: np.ndarray
    class_names: list[str]
    read: Callable[[int], Iterator[Payload]]
    stamp: str
    shape: tuple[int, ...] | None = None
    dtype: np.dtype | None = None
    ignored: dict[str, str] = dataclasses.field(default_factory=dict)
    notes: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()
    medium: str = "images"
    facts: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    files: np.ndarray | None = None


def open_folder(folder: Path, labels: Path | None = None, wanted: Wanted = IMAGES) -> Source:
    """Open a folder of class sub-folders, or any folder with a labels file.

    wanted: which files, by default images.
    """
    ignored, stamps, folders = {}, {}, []

    def unreadable(error: OSError) -> None:
        limits.pass_on(error)
        ignored[printable(_relative(Path(error.filename), folder))] = (
            f"a folder that cannot be read ({error.strerror})"
        )

    for parent, below, names in os.walk(folder, onerror=unreadable):
        for name in below:
            relative = _relative(Path(parent, name), folder)
            if Path(parent, name).is_symlink():
                ignored[printable(relative)] = "a link to a folder; copy the folder that it names"
            else:
                folders.append(relative)
        below.sort()
        for name in names:
            relative = _relative(Path(parent, name), folder)
            reason = left_out(relative, wanted) or _not_a_file(Path(parent, name), folder)
            if reason:
                ignored[printable(relative)] = reason
            else:
                stamps[relative] = stamp(Path(parent, name))
    listing = label_files(sorted(stamps), folders, labels, str(folder), ignored, wanted)

    def read(start: int) -> Iterator[Path]:
        for path in listing.paths[start:]:
            yield folder / path

    return Source(
        listing.names,
        listing.labels,
        listing.class_names,
        read,
        " ".join(stamps[path] for path in listing.paths),
        ignored=ignored,
        notes=listing.notes,
        empty=listing.empty,
        medium=wanted.medium,
    )


def stamp(path: Path) -> str:
    """Return a file's size and modification time as text; "" if they cannot be read."""
    try:
        found = path.stat()
    except OSError as error:
        limits.pass_on(error)
        return ""
    return f"{found.st_size}@{found.st_mtime_ns}"


def _not_a_file(path: Path, folder: Path) -> str | None:
    try:
        if path.is_symlink() and not path.resolve().is_relative_to(folder.resolve()):
            return "a link that leaves the folder; copy the file that it names"
        if not stat.S_ISREG(path.stat().st_mode):
            return "not a regular file"
    except (OSError, RuntimeError) as error:  # a link to itself, to nothing
        limits.pass_on(error)
        return "a broken link" if path.is_symlink() else "a file that cannot be looked at"
    return None


def _relative(path: Path, folder: Path) -> str:
    return PurePosixPath(path.relative_to(folder)).as_posix()
