"""`jaxgan translate MODEL FOLDER`: a folder of images in, a folder of images out.

OUT/NAME.png    what FOLDER/NAME.* becomes (.npy for what no PNG holds: 16-bit colour)
OUT.png         the first images, each above what it becomes

Images may have any size that the network can halve as often as it does; those of one size go
through it together. With tiles (tiles.py) they may be of any size and need no more memory than one
tile. What an image becomes depends on the image and the seed alone.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from jaxgan.data.prepare.folders import open_folder
from jaxgan.files.atomic import check_output
from jaxgan.files.errors import one_line
from jaxgan.files.progress import Progress
from jaxgan.media.image_files import BadImageError, inspect, read_picture
from jaxgan.media.pictures import captioned, in_colour, save_picture
from jaxgan.media.resize import fit
from jaxgan.trained.generator import checked_seed, rows_at_once
from jaxgan.trained.translator import Translator

Size = tuple[int, int]
CAPTIONS = ("source", "made")


class File(NamedTuple):
    """An image of the folder, and where what it becomes is written."""

    path: Path
    target: Path
    size: Size


def translate_folder(
    translator: Translator,
    folder: Path,
    out: Path,
    seed: int = 0,
    columns: int = 10,
    force: bool = False,
    tile: int = 0,
    overlap: int = 32,
) -> str:
    """Translate every image of a folder; return a line that says what was written.

    Args:
      out: a folder, made if it is not there; beside it the sheet, with the ending .png.
      columns: images of the sheet.
      force: replace arrays (.npy) that are there; pictures are replaced anyway.
      tile, overlap: pixels; see Translator.translate.

    Raises:
      ValueError, FileNotFoundError: before anything is written: no images, an image whose size does
        not fit, or files that must stay.
    """
    checked_seed(seed)
    refuse_folders(folder, out)
    files, unreadable = listed(folder, out, translator.medium.suffix)
    for size in dict.fromkeys(file.size for file in files):
        first = next(file for file in files if file.size == size)
        try:
            if tile:
                translator.refuse_tiles(size, tile, overlap)
            else:
                translator.refuse_size(*size)
        except ValueError as error:
            raise ValueError(f"{first.path}: {one_line(error)}") from None
    sheet = out.with_name(f"{out.name}.png")
    check_output(sheet, "--out")
    replaced = [bool(check_output(f.target, "--out", force=force)) for f in files]
    translate = partial(translator.translate, seed=seed, tile=tile, overlap=overlap)
    shown = written(translator, files, translate, columns)
    save_picture(sheet, shown)
    text = f"{out}: {len(files)} images; {sheet}: the first {min(columns, len(files))} beside them"
    if any(replaced):
        text += f" ({sum(replaced)} replace files that were there)"
    if unreadable:
        text += f"; {len(unreadable)} files left out, such as {unreadable[0]}"
    return text


def refuse_folders(folder: Path, out: Path) -> None:
    """Refuse a folder that is not there, and results that would lie among its images."""
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder; write one with images")
    if out.absolute().is_relative_to(folder.absolute()):
        raise ValueError(f"--out={out} is in {folder}, whose images are read: write another folder")


def listed(folder: Path, out: Path, suffix: str) -> tuple[list[File], list[str]]:
    """Return the images of a folder in their order, and why others are left out.

    suffix: of what they become.
    """
    source, files, unreadable = open_folder(folder), [], []
    targets: dict[Path, Path] = {}
    for path in source.read(0):
        assert isinstance(path, Path)
        try:
            kind = inspect(path)
        except (BadImageError, OSError) as error:
            unreadable.append(f"{path.name!r} ({one_line(error)})")
            continue
        target = (out / path.relative_to(folder)).with_suffix(suffix)
        if target in targets:
            raise ValueError(f"{targets[target]} and {path} would both become {target}: rename one")
        targets[target] = path
        files.append(File(path, target, (kind.height, kind.width)))
    if not files:
        raise ValueError(f"{folder}: none of {len(unreadable)} images can be read; {unreadable[0]}")
    return files, unreadable


def written(
    translator: Translator,
    files: list[File],
    translate: Callable[[np.ndarray], np.ndarray],
    columns: int,
) -> Image.Image:
    """Translate the files and write what they become; return the sheet of the first of them."""
    channels = translator.source_shape[2]
    bits = 8 * np.dtype(translator.medium.stored.condition.dtype).itemsize
    first = {file.path: place for place, file in enumerate(files[:columns])}
    pairs: dict[int, tuple[np.ndarray, np.ndarray]] = {}
    with Progress("translating", len(files)) as progress:
        for size in dict.fromkeys(file.size for file in files):
            own = [file for file in files if file.size == size]
            step = rows_at_once(len(own), size, 1)
            for start in range(0, len(own), step):
                some = own[start : start + step]
                own_read = translator.medium.condition_of or partial(
                    read, channels=channels, bits=bits
                )
                sources = np.stack([own_read(file.path) for file in some])
                for file, source, made in zip(some, sources, translate(sources), strict=True):
                    file.target.parent.mkdir(parents=True, exist_ok=True)
                    translator.medium.write(file.target, made)
                    progress.add()
                    if file.path in first:
                        seen = translator.medium.show_condition(source[None])[0]
                        pairs[first[file.path]] = seen, made
    rows = zip(*(pairs[place] for place in sorted(pairs)), strict=True)
    size = pairs[0][1].shape[:2]
    images = [in_colour(np.stack([fit(x, size, "none", "area") for x in row])) for row in rows]
    return captioned(np.concatenate(images), len(pairs), CAPTIONS)


def read(path: Path, channels: int, bits: int) -> np.ndarray:
    """Return a file's image [height, width, channels], or an error that names the file."""
    try:
        return read_picture(path, channels, bits)
    except (BadImageError, OSError) as error:
        raise ValueError(f"{path} cannot be read ({one_line(error)}): remove it") from error
