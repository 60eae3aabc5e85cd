"""`jaxgan translate MODEL FOLDER`: a folder of images in, a folder of images out.

OUT/NAME.png    the translation of FOLDER/NAME.* (.npy for what no PNG holds: 16-bit colour)
OUT.png         the first images, each above its translation

Images may have any size that the network can halve as often as it does; images of one size are
translated together. With tiles (tiles.py) they may have any size and need no more memory than one
tile. A result depends only on the image and the seed.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from jaxgan.files.errors import one_line
from jaxgan.files.progress import Progress
from jaxgan.game.seeds import checked_seed
from jaxgan.media.image_files import BadImageError, inspect, read_picture
from jaxgan.media.pictures import captioned, in_colour, save_picture
from jaxgan.media.resize import fit
from jaxgan.trained.calls import rows_at_once
from jaxgan.trained.folder_to_folder import check_outputs, files_of, readable, reported, results_of
from jaxgan.trained.translator import Translator

Size = tuple[int, int]
CAPTIONS = ("source", "made")


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
    """Translate every image of a folder; return a line on what was written.

    Args:
      out: a folder, created if missing; the sheet is written beside it, with the suffix .png.
      columns: images in the sheet.
      force: as in every command: files/atomic.py says what is replaced without it.
      tile, overlap: pixels; see Translator.translate.

    Raises:
      ValueError, FileNotFoundError: before anything is written: no images, an image whose size does
        not fit, or files that would be replaced.
    """
    checked_seed(seed)
    sizes, left_out = readable(folder, files_of(folder, out), size_of)
    results = results_of(sizes, folder, out, translator.medium.suffix)
    for size in dict.fromkeys(sizes.values()):
        first = next(path for path in sizes if sizes[path] == size)
        try:
            if tile:
                translator.refuse_tiles(size, tile, overlap)
            else:
                translator.refuse_size(*size)
        except ValueError as error:
            raise ValueError(f"{first}: {one_line(error)}") from None
    sheet = out.with_name(f"{out.name}.png")
    replaced = check_outputs(results.values(), [sheet], force)
    translate = partial(translator.translate, seed=seed, tile=tile, overlap=overlap)
    save_picture(sheet, written(translator, sizes, results, translate, columns))
    count = len(sizes)
    text = f"{out}: {count} images; {sheet}: the first {min(columns, count)} beside them"
    return reported(text, replaced, left_out)


def size_of(path: Path) -> Size:
    """Return the height and width of a file's image. Raises BadImageError or OSError."""
    kind = inspect(path)
    return kind.height, kind.width


def written(
    translator: Translator,
    sizes: dict[Path, Size],
    results: dict[Path, Path],
    translate: Callable[[np.ndarray], np.ndarray],
    columns: int,
) -> Image.Image:
    """Translate the files and write the results; return the sheet of the first ones."""
    channels = translator.source_shape[2]
    bits = 8 * np.dtype(translator.medium.stored.condition.dtype).itemsize
    first = {path: place for place, path in enumerate(list(sizes)[:columns])}
    pairs: dict[int, tuple[np.ndarray, np.ndarray]] = {}
    with Progress("translating", len(sizes)) as progress:
        for size in dict.fromkeys(sizes.values()):
            own = [path for path in sizes if sizes[path] == size]
            step = rows_at_once(len(own), size, 1)
            for start in range(0, len(own), step):
                some = own[start : start + step]
                own_read = translator.medium.condition_of or partial(
                    read, channels=channels, bits=bits
                )
                sources = np.stack([own_read(path) for path in some])
                for path, source, made in zip(some, sources, translate(sources), strict=True):
                    results[path].parent.mkdir(parents=True, exist_ok=True)
                    translator.medium.write(results[path], made)
                    progress.add()
                    if path in first:
                        seen = translator.medium.show_condition(source[None])[0]
                        pairs[first[path]] = seen, made
    rows = zip(*(pairs[place] for place in sorted(pairs)), strict=True)
    size = pairs[0][1].shape[:2]
    images = [in_colour(np.stack([fit(x, size, "none", "area") for x in row])) for row in rows]
    return captioned(np.concatenate(images), len(pairs), CAPTIONS)


def read(path: Path, channels: int, bits: int) -> np.ndarray:
    """Return a file's image [height, width, channels]; ValueError, naming the file, if it is
    unreadable."""
    try:
        return read_picture(path, channels, bits)
    except (BadImageError, OSError) as error:
        raise ValueError(f"{path} cannot be read ({one_line(error)}): remove it") from error
