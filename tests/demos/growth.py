"""A ProGAN while it grows (arXiv 1710.10196): the same latents at each sample sheet of its run.

    python -m tests.demos.growth runs/progan_emoji64 [growth.png]

A row is the first row of a sheet that the training drew; a column is one latent vector. Blocks
halve as each resolution is faded in.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image

import jaxgan
from jaxgan.media.pictures import captioned, save_picture


def first_rows(sheets: list[Path], height: int, width: int, columns: int) -> np.ndarray:
    """Return the first images of each sheet, [sheets * columns, height, width, 3] uint8."""
    rows = [np.asarray(Image.open(s).convert("RGB"))[:height, : columns * width] for s in sheets]
    return np.concatenate([row.reshape(height, -1, width, 3).swapaxes(0, 1) for row in rows])


def main(run: str, output: str = "growth.png", columns: int = 10) -> None:
    height, width, _ = jaxgan.load(run).image_shape
    sheets = sorted((Path(run) / "samples").glob("*.png"))
    images = first_rows(sheets, height, width, columns)
    captions = [f"step {int(sheet.stem)}" for sheet in sheets]
    save_picture(Path(output), captioned(images, columns, captions).quantize(64))  # half the bytes
    print(output)


if __name__ == "__main__":
    main(*sys.argv[1:])
