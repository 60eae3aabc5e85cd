"""Which files of a folder or an archive are images, and their classes: one rule for both."""

import collections
import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np

from jaxgan.data.prepare.classes import numbered
from jaxgan.files.text import read_text
from jaxgan.media import films, meshes, midi, sounds
from jaxgan.media.image_files import SUFFIXES

UNREAD = (".heic", ".heif", ".avif", ".jxl", ".jp2", ".svg", ".psd", ".exr", ".dng", ".cr2", ".nef")
SPLITS = {"train", "training", "test", "testing", "val", "valid", "validation", "dev", "eval"}


class Wanted(NamedTuple):
    """The files that a source takes: their medium and suffixes, and what to say about others."""

    medium: str
    suffixes: tuple[str, ...]
    others: Mapping[str, str] = {}


SOUNDS = Wanted("waves", sounds.SUFFIXES)
MESHES = Wanted("volumes", meshes.SUFFIXES)
FILMS = Wanted("clips", films.ANIMATIONS + films.VIDEOS)
TUNES = Wanted("events", midi.SUFFIXES)
IMAGES = Wanted(
    "images",
    SUFFIXES,
    {
        **dict.fromkeys(SOUNDS.suffixes, "a sound; write --window=16384, a number of samples"),
        **dict.fromkeys(MESHES.suffixes, "a mesh; write --voxels=32, a number of voxels"),
        **dict.fromkeys(films.VIDEOS, "a film; write --frames=16, a number of frames"),
        **dict.fromkeys(TUNES.suffixes, "a tune; write --notes=32, a number of notes"),
    },
)


class Listing(NamedTuple):
    """Image files with their classes.

    paths: inside the folder or archive. names: the same without a folder that contains all of them.
    labels: [n] int32 into class_names. notes: one line each. empty: class folders without images.
    """

    paths: list[str]
    names: list[str]
    labels: np.ndarray
    class_names: list[str]
    notes: tuple[str, ...]
    empty: tuple[str, ...]


def not_an_image(name: str) -> str | None:
    """Return why a file is not an image, judged by its name alone; None if it is one."""
    return left_out(name, IMAGES)


def left_out(name: str, wanted: Wanted) -> str | None:
    """Return why a file is left out, judged by its name alone; None if it is not."""
    path = PurePosixPath(name)
    suffix = path.suffix.lower()
    if name != printable(name):
        return "a name that is not UTF-8; rename it"
    if path.is_absolute() or ".." in path.parts or "\0" in name:
        return "an unsafe name"
    if "\\" in name:
        return "a backslash in its name; rename it"
    if any(part.startswith(".") or part == "__MACOSX" for part in path.parts):
        return "a hidden file"
    if suffix in wanted.suffixes:
        return None
    if wanted is not IMAGES:
        return f"not named as one of {wanted.medium}: {', '.join(wanted.suffixes)}"
    if suffix in UNREAD:
        return f"{suffix} is not read; convert it to PNG or JPEG"
    return wanted.others.get(suffix, "not named as an image")


def printable(name: str) -> str:
    """Return a name in which bytes that are not UTF-8 are written as \\udcXX."""
    return name.encode("utf-8", "backslashreplace").decode()


def label_files(
    files: list[str],
    folders: Iterable[str],
    labels: Path | None,
    where: str,
    ignored: dict[str, str],
    wanted: Wanted = IMAGES,
) -> Listing:
    """Assign classes to image files; those without a label are added to `ignored`.

    The class is the entry in the labels file, or else the first folder of the name, not counting
    folders that contain all the others.

    Args:
      files: paths of the images, in order.
      folders: paths of all folders, to find those without images.
      labels: a CSV file of path,label lines.
      where: the folder or archive, for messages.
      ignored: {path: reason} of what was left out so far; extended.
      wanted: which files these are.

    Raises:
      ValueError: no images, or no class for them, with what was found and what to do.
    """
    if not files:
        raise ValueError(
            f"{where}: no {wanted.medium} found{_seen(ignored)}; give a folder of class "
            f"sub-folders with {', '.join(wanted.suffixes[:4])} ... files"
        )
    if labels:
        table = _read_labels(labels)
        unknown = sorted(set(table) - set(files))
        if unknown:
            raise ValueError(
                f"{labels}: {len(unknown)} names are not {wanted.medium} of {where}, such as "
                f"{unknown[0]!r}; write paths relative to it, such as {files[0]!r}"
            )
        ignored.update({name: "not in the labels file" for name in files if name not in table})
        paths = [name for name in files if name in table]
        return Listing(paths, paths, *numbered([table[name] for name in paths]), (), ())
    prefix = _common_folder(files)
    names = [name.removeprefix(prefix) for name in files]
    top = [name.count("/") == 0 for name in names]
    if any(top) and not all(top):
        raise ValueError(
            f"{where}: {wanted.medium} both beside and inside class folders, such as "
            f"{names[top.index(True)]!r} and {names[top.index(False)]!r}; move them into a class "
            "folder or give --labels=FILE"
        )
    classes = [wanted.medium if all(top) else name.split("/")[0] for name in names]
    found = set(classes)
    if len(found) > 1 and {name.lower() for name in found} <= SPLITS:
        raise ValueError(
            f"{where}: its folders {', '.join(sorted(found))} are splits, not classes; give one of "
            f"them, such as {where}/{prefix}{min(found)}, unpacked if this is an archive"
        )
    inside = (folder.removeprefix(prefix) for folder in folders if folder.startswith(prefix))
    empty = {path for path in inside if path and "/" not in path and path not in found}
    empty = () if all(top) else tuple(sorted(name for name in empty if _shown(name)))
    notes = list(_notes(where, prefix, names, empty, wanted.medium))
    return Listing(files, names, *numbered(classes), tuple(notes), empty)


def _notes(
    where: str, prefix: str, names: list[str], empty: tuple[str, ...], medium: str
) -> Iterable[str]:
    if prefix:
        yield f"{where}: all {medium} lie in {prefix}, so its sub-folders are the classes"
    deep = [name for name in names if name.count("/") > 1]
    if deep:
        yield (
            f"{where}: {len(deep):,} {medium} lie deeper than CLASS/IMAGE, such as {deep[0]!r}; "
            "their class is the first folder"
        )
    if empty:
        yield (
            f"{where}: {len(empty)} folders hold no image and become no class, such as "
            f"{empty[0]!r}; add images or delete them"
        )


def _seen(ignored: Mapping[str, str]) -> str:
    """Return what was left out instead of images, the most frequent reasons first."""
    names = collections.defaultdict(list)
    for name, reason in ignored.items():
        names[reason].append(name)
    most = sorted(names.items(), key=lambda item: -len(item[1]))[:3]
    parts = [f"{len(found):,} left out ({why}), such as {min(found)!r}" for why, found in most]
    return f": {', '.join(parts)}" if parts else ", and no other files"


def _common_folder(names: list[str]) -> str:
    """Return "top/" or "top/below/" if all images lie in class folders inside it, else ""."""
    prefix = ""
    while True:
        inside = [name.removeprefix(prefix) for name in names]
        tops = {name.split("/")[0] for name in inside}
        if len(tops) > 1 or any(name.count("/") < 2 for name in inside):
            return prefix
        prefix += f"{tops.pop()}/"


def _shown(name: str) -> bool:
    return not name.startswith(".") and name != "__MACOSX" and name == printable(name)


def _read_labels(path: Path) -> dict[str, str]:
    """Read {path: label}. Raises ValueError with the line that is wrong."""
    table = {}
    reader = csv.reader(io.StringIO(read_text(path), newline=""))
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if not any(cells) or (not table and cells == ["name", "label"]):
                continue
            if len(cells) != 2 or not all(cells):
                raise ValueError(
                    f"{path}: line {reader.line_num} is {','.join(row)[:200]!r}; write name,label"
                )
            name = PurePosixPath(cells[0]).as_posix()
            if name in table:
                raise ValueError(
                    f"{path}: line {reader.line_num}: {name!r} appears twice; keep one line per "
                    "image"
                )
            table[name] = cells[1]
    except csv.Error as error:
        raise ValueError(f"{path}: line {reader.line_num} is not CSV ({error})") from error
    if not table:
        raise ValueError(f"{path}: no rows; write one name,label per line")
    return table
