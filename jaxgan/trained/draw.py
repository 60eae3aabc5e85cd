"""`jaxgan translate MODEL FILE`: a file of captions in, a folder of images out.

OUT/00000.png    the image of caption 0 of FILE (.npy for what no PNG holds)
OUT.png          the first captions, each with its images for several seeds, --seed first

FILE is as in data/caption_file.py; its vectors come from the text encoder used in training. The
image of a caption depends only on its vector and the seed.
"""

from pathlib import Path

import numpy as np

from jaxgan.data.caption_file import read_captions
from jaxgan.files.errors import one_line
from jaxgan.files.progress import Progress
from jaxgan.game.seeds import SEEDS, checked_seed
from jaxgan.media.pictures import captioned, in_colour, save_picture
from jaxgan.trained.folder_to_folder import check_outputs, reported
from jaxgan.trained.translator import Translator

ROWS = 10  # captions of the sheet
CHUNK = 256  # captions drawn between two updates of the progress


def draw_captions(
    translator: Translator,
    path: Path,
    out: Path,
    seed: int = 0,
    columns: int = 10,
    force: bool = False,
) -> str:
    """Draw every caption of a file; return a line on what was written.

    Args:
      out: a folder, created if missing; the sheet is written beside it, with the suffix .png.
      columns: images per caption in the sheet.
      force: as in every command: files/atomic.py says what is replaced without it.

    Raises:
      ValueError, FileNotFoundError: before anything is written: no captions, vectors of another
        length, or files that would be replaced.
    """
    checked_seed(seed)
    if path.is_dir():
        raise ValueError(f"{path} is a folder: this model draws captions, write an .npz of them")
    if not path.exists():
        raise FileNotFoundError(
            f"{path}: no such file; write an .npz of captions with their vectors: the text encoder "
            "is not a part of the run"
        )
    rows = read_captions(path)
    count, suffix = len(rows.captions), translator.medium.suffix
    targets = [out / f"{number:05d}{suffix}" for number in range(count)]
    sheet = out.with_name(f"{out.name}.png")
    replaced = check_outputs(targets, [sheet], force)
    first = rows.vectors[:ROWS]
    try:
        made = [translator.translate(first, (seed + i) % SEEDS) for i in range(columns)]
    except ValueError as error:
        raise ValueError(f"{path}: {one_line(error)}") from None
    with Progress("drawing", count) as progress:
        for start in range(0, count, CHUNK):
            images = translator.translate(rows.vectors[start : start + CHUNK], seed)
            for target, image in zip(targets[start:], images, strict=False):
                target.parent.mkdir(parents=True, exist_ok=True)
                translator.medium.write(target, image)
                progress.add()
    images = in_colour(np.stack(made, 1).reshape(-1, *translator.image_shape))
    save_picture(sheet, captioned(images, columns, rows.captions[:ROWS]))
    text = f"{out}: {count} images; {sheet}: the first {len(first)} captions, {columns} seeds each"
    return reported(text, replaced)
