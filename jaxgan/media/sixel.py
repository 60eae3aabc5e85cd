"""Sixel: a picture as text for terminals that read DEC's graphics (VT330/VT340, EK-VT3XX-TP-001).

    ESC P 0;1 q "1;1;WIDTH;HEIGHT  #NUMBER;2;RED;GREEN;BLUE ...  BAND - BAND - ...  ESC \\

Colours are in percent. A band is six rows of pixels, drawn colour by colour: "#NUMBER", then for
each column the character 63 + bits, one bit for each of the six pixels that has the colour; the
top pixel is the lowest bit. "!9~" stands for nine "~", "$" returns to the left, "-" goes to the
next band.
"""

import numpy as np
from PIL import Image

COLOURS = 256  # colour registers that every terminal has
ROWS = 6  # of a band


def sixel(picture: Image.Image) -> str:
    """Return a picture in at most COLOURS colours, at its size in pixels."""
    indexed = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    pixels, palette = np.asarray(indexed), np.reshape(indexed.getpalette() or [], (-1, 3))
    shares = np.round(palette * (100 / 255)).astype(int)
    used = np.unique(pixels).tolist()
    colours = [f"#{n};2;{';'.join(map(str, shares[n].tolist()))}" for n in used]
    bands = (band(pixels[top : top + ROWS]) for top in range(0, len(pixels), ROWS))
    head = f'\033P0;1q"1;1;{picture.width};{picture.height}'
    return f"{head}{''.join(colours)}{'-'.join(bands)}\033\\\n"


def band(pixels: np.ndarray) -> str:
    """Return a band of at most six rows [rows, width] of colour numbers."""
    bits = 1 << np.arange(len(pixels))
    return "$".join(f"#{n}{runs(bits @ (pixels == n))}" for n in np.unique(pixels).tolist())


def runs(marks: np.ndarray) -> str:
    """Return the characters of marks [width], each from 0 to 63, without trailing zeros."""
    marks = marks[: np.flatnonzero(marks)[-1] + 1]
    starts = np.flatnonzero(np.diff(marks, prepend=-1))
    lengths = np.diff(starts, append=len(marks)).tolist()
    characters = [chr(63 + mark) for mark in marks[starts].tolist()]
    return "".join(
        character * n if n < 4 else f"!{n}{character}"
        for character, n in zip(characters, lengths, strict=True)
    )
