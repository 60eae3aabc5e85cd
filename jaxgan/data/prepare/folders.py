"""What a source of images is, and the first kind: a folder.

A source knows its names and labels at once and streams its images in a fixed order, from any
position, never holding more than a few.
"""

import csv
import dataclasses
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from jaxgan.media.image_files import SUFFIXES

Payload = bytes | Path | np.ndarray | Exception  # an exception is a rejected image


@dataclasses.dataclass(frozen=True)
class Source:
    """Images in a fixed order.

    names: one an image, for messages. labels: [n] int32 into class_names. read(start): the payloads
    from position start on: a file's bytes or path, or [height, width, channels] uint8 or uint16.
    shape, dtype: of the images where all are arrays, else None.
    ignored: {name: reason} of files that are no images of this data set.
    stamp: changes when the source does.
    """

    names: Sequence[str]
    labels: np.ndarray
    class_names: list[str]
    read: Callable[[int], Iterator[Payload]]
    stamp: str
    shape: tuple[int, ...] | None = None
    dtype: np.dtype | None = None
    ignored: dict[str, str] = dataclasses.field(default_factory=dict)


def open_folder(folder: Path, labels: Path | None = None) -> Source:
    """Open a folder of class sub-folders, or any folder with a labels file."""
    ignored, files = {}, []
    for parent, folders, names in os.walk(folder):
        place = Path(parent)
        for name in list(folders):
            if (place / name).is_symlink():
                relative = printable(_relative(place / name, folder))
                ignored[relative] = "a link to a folder, not followed"
        folders.sort()
        for name in names:
            relative = _relative(place / name, folder)
            reason = not_an_image(relative)
            if not reason and (place / name).is_symlink() and not _stays(place / name, folder):
                reason = "a link that leaves the folder"
            if reason:
                ignored[printable(relative)] = reason
            else:
                files.append(relative)
    files.sort()
    names, labels_, class_names = label_files(files, labels, str(folder), ignored)
    sizes = [(folder / name).stat().st_size for name in names if (folder / name).exists()]

    def read(start: int) -> Iterator[Path]:
        for name in names[start:]:
            yield folder / name

    return Source(names, labels_, class_names, read, f"{sizes}", ignored=ignored)


def not_an_image(name: str) -> str | None:
    """Return why a file is left out by its name alone, None where it is not."""
    path = PurePosixPath(name)
    if name != printable(name):
        return "a name that is not UTF-8"
    if path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name:
        return "an unsafe name"
    if any(part.startswith(".") or part == "__MACOSX" for part in path.parts):
        return "a hidden file"
    return None if path.suffix.lower() in SUFFIXES else "not named as an image"


def printable(name: str) -> str:
    """Return a name with the bytes that are not UTF-8 written as \\udcXX."""
    return name.encode("utf-8", "backslashreplace").decode()


def label_files(
    files: list[str], labels: Path | None, where: str, ignored: dict[str, str]
) -> tuple[list[str], np.ndarray, list[str]]:
    """Return (names, labels, class_names) of image files; what has no label goes into ignored.

    The class is the first folder of the name, or the labels file's entry.
    """
    if not files:
        raise ValueError(
            f"{where}: no images found; give a folder of class sub-folders with "
            f"{', '.join(SUFFIXES[:4])} ... files"
        )
    if labels:
        table = _read_labels(labels)
        unknown = sorted(set(table) - set(files))
        if unknown:
            raise ValueError(
                f"{labels}: {len(unknown)} names are not in {where}, such as {unknown[0]!r}; "
                f"write names relative to it, such as {files[0]!r}"
            )
        ignored.update({name: "not in the labels file" for name in files if name not in table})
        names = [name for name in files if name in table]
        classes = [table[name] for name in names]
    else:
        names = files
        top = [name.count("/") == 0 for name in names]
        if any(top) and not all(top):
            raise ValueError(
                f"{where}: images both beside and inside class folders, such as "
                f"{names[top.index(True)]!r}; move them into a class folder or give --labels=FILE"
            )
        classes = ["images" if all(top) else name.split("/")[0] for name in names]
    class_names = sorted(set(classes), key=_class_key)
    index = {name: number for number, name in enumerate(class_names)}
    return names, np.array([index[name] for name in classes], np.int32), class_names


def _class_key(name: str) -> tuple:
    """Sort numbers as numbers, before words."""
    return (0, int(name), name) if name.isdecimal() else (1, 0, name)


def _read_labels(path: Path) -> dict[str, str]:
    table = {}
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            rows = [row for row in csv.reader(file) if any(cell.strip() for cell in row)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path}: not a CSV file in UTF-8 ({error})") from error
    for number, row in enumerate(rows, 1):
        cells = [cell.strip() for cell in row]
        if number == 1 and cells == ["name", "label"]:
            continue
        if len(cells) != 2 or not all(cells):
            raise ValueError(f"{path}: row {number} is {','.join(row)!r}; write name,label")
        name = PurePosixPath(cells[0]).as_posix()
        if name in table:
            raise ValueError(f"{path}: {name!r} appears twice; keep one row an image")
        table[name] = cells[1]
    if not table:
        raise ValueError(f"{path}: no rows; write one name,label a line")
    return table


def _stays(link: Path, folder: Path) -> bool:
    return link.resolve().is_relative_to(folder.resolve())


def _relative(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()
