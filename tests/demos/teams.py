"""What CycleGAN changes of a unit whose team colour is known, and what it leaves:

    python -m tests.demos.teams runs/teams data/teams_pairs [OUT.png]

prints the mean absolute error, of images in [-1, 1], inside the team's colour and outside, from red
to blue and back, beside the source's own ("copy"). The pairs are of units of neither domain. Inside
is where red and blue differ by more than EDGE in a channel, so that pixels at the border of the
colour, which have little of it at this size, are left out; "way" is how far the colours there have
gone along their true change, 0 for the source and 1 for the truth.
"""

import sys
from pathlib import Path

import numpy as np

import jaxgan
from jaxgan.evaluate.translations import pair_images
from jaxgan.media.pairs import pairs
from jaxgan.media.pictures import save_picture
from jaxgan.trained.translator import Translator
from jaxgan.training.translation_sheets import side_by_side

EDGE = 64  # of 255
COLUMNS = 10


def errors(made: np.ndarray, true: np.ndarray, source: np.ndarray) -> tuple[float, float, float]:
    """Return the errors inside and outside of the trait, and the way; uint8 images [n, h, w, c]."""
    source, true, made = (np.asarray(x, np.float64) for x in (source, true, made))
    inside = np.abs(source - true).max(-1) > EDGE
    error = np.abs(made - true).mean(-1) / 127.5
    change, wanted = (made - source)[inside], (true - source)[inside]
    way = (change * wanted).sum() / (wanted * wanted).sum()
    return error[inside].mean(), error[~inside].mean(), way


def main(run: str, data: str, out: str = "") -> None:
    translator = jaxgan.load(run)
    assert isinstance(translator, Translator)
    height, width, channels = translator.image_shape
    medium = pairs((height, width, 2 * channels), channels)
    red, blue = (
        found.read(np.arange(found.count))[0] for found in pair_images(data, "train", medium)
    )
    made = translator.translate(red), translator.back().translate(blue)
    print(f"{len(red)} pairs               inside  outside  way")
    rows = (("red to blue", red, blue, made[0]), ("blue to red", blue, red, made[1]))
    for name, source, true, changed in rows:
        for what, images in (("copy", source), ("made", changed)):
            print(
                "{:12} {:16} {:.3f}   {:.3f}    {:.2f}".format(
                    name, what, *errors(images, true, source)
                )
            )
    if out:
        chosen = np.linspace(0, len(red) - 1, COLUMNS).astype(int)
        shown = {"red": red, "made blue": made[0], "blue": blue, "made red": made[1]}
        captions = tuple(shown)
        save_picture(
            Path(out), side_by_side(*(x[chosen] for x in shown.values()), captions=captions)
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
