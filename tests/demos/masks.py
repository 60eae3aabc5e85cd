"""VGAN on squares that move over a still ground: does the mask cover what moves?

    python -m tests.demos.masks runs/vgan data/moving [runs/vgan_one_stream] [masks.png]

Prints of 500 samples of each run and of 500 clips of the data:

    moves     mean share of the pixels that change by more than a tenth of the range from one frame
              to the next
    ground    mean change from frame to frame of the other pixels, in the range -1 to 1
    on them   mean of the mask (the larger one of the two frames) on the pixels that change
    off them  and on the others: the same if the mask knows nothing

Rows of the picture: samples, their masks, clips of the data.
"""

import sys
from pathlib import Path

import jax
import numpy as np

import jaxgan
from jaxgan.data.reader import Reader
from jaxgan.data.records import open_records
from jaxgan.media.clips import strips
from jaxgan.media.pictures import captioned, save_picture

COUNT, SHOWN, MOVED = 500, 4, 0.2


def changes(clips: np.ndarray) -> np.ndarray:
    """Return the largest change of any channel between frames of clips [n, t, h, w, c]."""
    return np.abs(np.diff(clips, axis=1)).max(-1)


def line(name: str, clips: np.ndarray, masks: np.ndarray | None = None) -> None:
    """Print a row of the table, of stored clips and masks [n, t, h, w]."""
    change = changes(clips / 127.5 - 1)
    moves = change > MOVED
    cells = [f"{moves.mean():.3f}", f"{change[~moves].mean():.4f}", "", ""]
    if masks is not None:
        larger = np.maximum(masks[:, 1:], masks[:, :-1])
        cells[2:] = f"{larger[moves].mean():.3f}", f"{larger[~moves].mean():.3f}"
    print(f"| {name} | {' | '.join(cells)} |", flush=True)


def main(run: str, data: str, *others: str) -> None:
    (*control, output) = (
        others if others and others[-1].endswith(".png") else (*others, "masks.png")
    )
    generator = jaxgan.load(run)
    assert isinstance(generator, jaxgan.TrainedGenerator)
    real = Reader(open_records(data), generator.medium).read(np.arange(COUNT)).sample
    z, labels = generator.draw(np.arange(COUNT))
    made = generator.medium.to_stored(generator.generate(z, labels))
    mask = jax.jit(generator.side.calls["mask"])
    masks = np.asarray(mask(generator.variables(), z, labels))[..., 0]
    print("| | moves | ground | on them | off them |\n| --- | --- | --- | --- | --- |")
    line("clips of the data", real)
    line(f"VGAN, step {generator.step}", made, masks)
    for place in control:
        alone = jaxgan.load(place)
        assert isinstance(alone, jaxgan.TrainedGenerator)
        line(f"one stream, step {alone.step}", alone.sample(count=COUNT))
    gray = np.repeat((255 * masks[:SHOWN]).round().astype(np.uint8)[..., None], 3, -1)
    rows = [strips(x[:SHOWN]) for x in (made, gray, real)]
    picture = captioned(np.concatenate(rows), SHOWN, ("samples", "masks", "data"))
    save_picture(Path(output), picture)


if __name__ == "__main__":
    jax.config.update("jax_platforms", "cpu")
    main(*sys.argv[1:])
