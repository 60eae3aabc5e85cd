"""Pictures in a terminal: what is written is read back as the picture."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from jaxgan.media import terminal


def picture(height=6, width=4):
    rng = np.random.default_rng(0)
    return Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))


def pixels_of(text):
    """Read half blocks with 24-bit colours back: [height, width, 3]."""
    rows = []
    for line in text.splitlines():
        found = re.findall(r"\033\[38;2;(\d+);(\d+);(\d+);48;2;(\d+);(\d+);(\d+)m▀", line)
        cells = np.array(found, dtype=np.uint8).reshape(-1, 2, 3)
        rows += [cells[:, 0], cells[:, 1]]
    return np.stack(rows)


def test_half_blocks_are_the_pixels():
    text = terminal.as_text(picture(), 80, {"COLORTERM": "truecolor"})
    np.testing.assert_array_equal(pixels_of(text), np.asarray(picture()))
    assert all(line.endswith("\033[0m") for line in text.splitlines())


def test_a_wide_picture_is_averaged_down_to_the_columns():
    text = terminal.as_text(picture(8, 8), 4, {"COLORTERM": "24bit"})
    means = np.asarray(picture(8, 8), float).reshape(4, 2, 4, 2, 3).mean((1, 3))
    np.testing.assert_allclose(pixels_of(text), means, atol=1)  # Pillow rounds twice


@pytest.mark.parametrize("pixel", [(0, 0, 0), (255, 135, 95), (250, 100, 140), (255, 255, 255)])
def test_the_cube_has_the_nearest_colour(pixel):
    levels = np.array([0, 95, 135, 175, 215, 255])
    colours = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), -1).reshape(-1, 3)
    nearest = np.square(colours - np.array(pixel)).sum(1).argmin()
    assert terminal.cube(np.array(pixel, np.uint8)) == 16 + nearest


def test_terminals_that_draw_get_the_file():
    large = picture(60, 60)
    text = terminal.as_text(large, 80, {"TERM": "xterm-kitty"})
    parts = re.findall(r"\033_G([^;]*);([^\033]*)\033\\", text)
    assert [head for head, _ in parts] == ["a=T,f=100,m=1"] + ["m=1"] * (len(parts) - 2) + ["m=0"]
    assert all(len(part) <= 4096 for _, part in parts)
    other = terminal.as_text(large, 80, {"TERM_PROGRAM": "iTerm.app"})
    size, inline = re.fullmatch(r"\033\]1337;File=inline=1;size=(\d+):(.*)\a\n", other).groups()
    for data in ("".join(part for _, part in parts), inline):
        file = base64.b64decode(data)
        assert len(file) == int(size)
        np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(file))), np.asarray(large))


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({"TERM": "xterm-256color"}, ""),
        ({"KITTY_WINDOW_ID": "1"}, "kitty"),
        ({"KITTY_WINDOW_ID": "1", "TERM": "tmux-256color"}, ""),
        ({"TERM_PROGRAM": "ghostty"}, "kitty"),
        ({"TERM_PROGRAM": "WezTerm"}, "iterm"),
    ],
)
def test_terminals_are_told_apart(environment, wanted):
    assert terminal.protocol(environment) == wanted


def test_a_file_gets_nothing(monkeypatch):
    monkeypatch.setattr("sys.stdout", io.StringIO())
    assert terminal.drawn(picture()) == ""
