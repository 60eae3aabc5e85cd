"""Sixel is read back, by a reader of its own, as the picture; asked for only where it is drawn."""

import contextlib
import os
import pty
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jaxgan.media.sixel import sixel

ROOT = Path(__file__).parents[2]


def decoded(text):
    """Read sixel as a terminal does, a character at a time: [height, width, 3] in percent."""
    head = re.match(r'\033P0;1q"1;1;(\d+);(\d+)', text)
    width, height = map(int, head.groups())
    bands = -(-height // 6)
    pixels, colours = np.full((6 * bands, width, 3), -1), {}
    x = y = 0
    colour, repeat = None, 1
    body = text[head.end() : text.index("\033\\")]
    for token in re.findall(r"#\d+(?:;\d+){4}|#\d+|!\d+|[?-~]|[$-]", body):
        if token[0] == "#" and ";" in token:
            number, kind, *shares = map(int, token[1:].split(";"))
            assert kind == 2 and max(shares) <= 100
            colours[number] = shares
        elif token[0] == "#":
            colour = colours[int(token[1:])]
        elif token[0] == "!":
            repeat = int(token[1:])
        elif token == "$":
            x = 0
        elif token == "-":
            x, y = 0, y + 6
        else:
            for bit in range(6):
                if ord(token) - 63 >> bit & 1:
                    assert (pixels[y + bit, x : x + repeat] == -1).all()  # each pixel once
                    pixels[y + bit, x : x + repeat] = colour
            x, repeat = x + repeat, 1
    assert len(colours) <= 256 and (pixels[height:] == -1).all()
    return pixels[:height]


@pytest.mark.parametrize(("height", "width"), [(1, 1), (6, 9), (13, 40), (32, 7)])
def test_a_picture_of_few_colours_is_read_back(height, width):
    """All of whose colours are whole percents; wide stripes and single pixels."""
    rng = np.random.default_rng(0)
    colours = rng.integers(0, 6, (20, 3)) * 51
    numbers = rng.integers(0, 20, (height, width))
    numbers[:, width // 2 :] = numbers[:1, width // 2 : width // 2 + 1]
    picture = Image.fromarray(colours[numbers].astype(np.uint8))
    assert np.array_equal(decoded(sixel(picture)) * 51, colours[numbers] * 20)


def test_a_photograph_is_near():
    across, down = np.meshgrid(np.arange(90), np.arange(60))
    pixels = np.stack([2 * across, 4 * down, across + down], -1).astype(np.uint8)
    error = decoded(sixel(Image.fromarray(pixels))) * 2.55 - pixels
    assert np.abs(error).max() < 32 and np.abs(error).mean() < 5


def test_runs_are_short():
    assert len(sixel(Image.new("L", (600, 6)))) < 60


DRAW = """
import os
os.close(os.open(os.ttyname(0), os.O_RDWR))  # of a leader of a session: its terminal from now on
from PIL import Image
from jaxgan.media import terminal
print(terminal.drawn(Image.new("RGB", (2, 6), (255, 0, 0))), end="<end>", flush=True)
print(input())
"""


@pytest.mark.parametrize(
    ("answer", "typed", "wanted"),
    [
        (b"\033[?62;4;22c", b"", '\033P0;1q"1;1;2;6#0;2;100;0;0#0~~\033\\'),
        (b"\033[?62;22c", b"", "▀"),
        (b"\033[?62;4c", b"typed ahead\n", "▀"),  # not asked; what was typed is still read
        (b"", b"", "▀"),
    ],
)
def test_a_terminal_is_asked_and_believed(answer, typed, wanted):
    """The other end of a pseudo-terminal answers as a terminal does."""
    ours, theirs = pty.openpty()
    os.write(ours, typed)
    environment = {"PYTHONPATH": str(ROOT), "TERM": "xterm", "COLORTERM": "truecolor"}
    with subprocess.Popen(
        [sys.executable, "-c", DRAW],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={"PATH": os.environ["PATH"], **environment},
        start_new_session=True,
    ) as process:
        os.close(theirs)
        written, began = b"", 0.0
        while b"<end>" not in written:
            written += os.read(ours, 4096)
            if b"\033[c" in written and not began:
                began = time.monotonic()
                os.write(ours, answer)
        if began and not answer:
            assert time.monotonic() - began < 3
        os.write(ours, b"" if typed else b"and on\n")
        with contextlib.suppress(OSError):  # until it ends
            while part := os.read(ours, 4096):
                written += part
    os.close(ours)
    assert process.returncode == 0
    assert wanted.encode() in written and (b"\033[c" in written) == (not typed)
    after = written.partition(b"<end>")[2]  # echoed, as before the question, and read
    assert after == (typed or b"and on\nand on\n").replace(b"\n", b"\r\n")
