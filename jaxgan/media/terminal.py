"""Pictures in the terminal.

Terminals that can draw pictures get the picture itself: by kitty's graphics protocol or iTerm2's
inline images if their environment variables are set, by sixel if the terminal reports it among its
attributes. All others get one character for every two pixels: "▀", with the upper pixel as its
colour and the lower one as background, in 24-bit colours if the terminal announces them, else from
the 256-colour cube.
"""

import base64
import io
import os
import shutil
import sys
from collections.abc import Iterator, Mapping

import numpy as np
from PIL import Image

from jaxgan.media.sixel import sixel
from jaxgan.media.tty import attributes, pixels_wide

WIDEST = 120  # columns of half blocks
CHUNK = 4096  # bytes of base64 that kitty accepts at a time
SIXEL = 4  # the attribute of terminals that draw sixels
CELL = 8  # pixels per column, if the terminal does not say


def drawn(picture: Image.Image) -> str:
    """Return the characters that show a picture on standard output; "" if that is not a terminal,
    or one without colours."""
    if not sys.stdout.isatty() or "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb":
        return ""
    columns = shutil.get_terminal_size().columns
    if not protocol(os.environ) and SIXEL in attributes():
        return sixel(narrowed(picture, pixels_wide(sys.stdout.fileno()) or columns * CELL))
    return as_text(picture, min(columns, WIDEST), os.environ)


def as_text(picture: Image.Image, columns: int, environment: Mapping[str, str]) -> str:
    """Return the characters that show a picture in at most this many columns.

    environment: the variables by which terminals identify themselves.
    """
    draws = protocol(environment)
    picture = picture.convert("RGB")
    if draws == "kitty":
        return kitty(png(picture))
    if draws == "iterm":
        return iterm(png(picture))
    deep = environment.get("COLORTERM") in ("truecolor", "24bit")
    return "".join(half_blocks(picture, columns, deep))


def protocol(environment: Mapping[str, str]) -> str:
    """Return "kitty", "iterm" or, for a terminal with neither protocol, ""."""
    term, program = environment.get("TERM", ""), environment.get("TERM_PROGRAM", "")
    if term.startswith(("tmux", "screen")):
        return ""  # multiplexers pass neither on
    if "KITTY_WINDOW_ID" in environment or term == "xterm-kitty" or program == "ghostty":
        return "kitty"
    shows = program in ("iTerm.app", "WezTerm") or environment.get("LC_TERMINAL") == "iTerm2"
    return "iterm" if shows else ""


def narrowed(picture: Image.Image, width: int) -> Image.Image:
    """Return a picture that is at most `width` pixels wide; a narrower one is unchanged."""
    if picture.width <= width:
        return picture
    height = max(round(picture.height * width / picture.width), 1)
    return picture.convert("RGB").resize((width, height), Image.Resampling.BOX)


def png(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "png")
    return file.getvalue()


def kitty(data: bytes) -> str:
    """Return a PNG file encoded for kitty's graphics protocol."""
    text = base64.b64encode(data).decode()
    parts = [text[i : i + CHUNK] for i in range(0, len(text), CHUNK)]
    heads = ["a=T,f=100," if i == 0 else "" for i in range(len(parts))]
    more = [int(i < len(parts) - 1) for i in range(len(parts))]
    found = zip(heads, more, parts, strict=True)
    return "".join(f"\033_G{head}m={m};{part}\033\\" for head, m, part in found) + "\n"


def iterm(data: bytes) -> str:
    """Return a PNG file encoded as an inline image of iTerm2."""
    text = base64.b64encode(data).decode()
    return f"\033]1337;File=inline=1;size={len(data)}:{text}\a\n"


def half_blocks(picture: Image.Image, columns: int, deep: bool) -> Iterator[str]:
    """Yield the lines of a picture, two rows of pixels each; a small picture is not enlarged."""
    width = min(picture.width, columns)
    height = max(round(picture.height * width / picture.width / 2), 1) * 2
    if (width, height) != picture.size:
        picture = picture.resize((width, height), Image.Resampling.BOX)
    pixels = np.asarray(picture)
    colour = (lambda p: f"2;{p[0]};{p[1]};{p[2]}") if deep else (lambda p: f"5;{cube(p)}")
    for upper, lower in zip(pixels[::2], pixels[1::2], strict=True):
        pairs = zip(upper, lower, strict=True)
        cells = [f"\033[38;{colour(a)};48;{colour(b)}m▀" for a, b in pairs]
        yield f"{''.join(cells)}\033[0m\n"


def cube(pixel: np.ndarray) -> int:
    """Return the number of the nearest colour of the 6 x 6 x 6 cube, whose levels are 0, 95, 135,
    175, 215, 255."""
    levels = np.array([0, 95, 135, 175, 215, 255])
    red, green, blue = (int(abs(levels - int(value)).argmin()) for value in pixel)
    return 16 + 36 * red + 6 * green + blue
