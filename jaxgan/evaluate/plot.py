"""Curves as a picture (PNG), for results that are viewed without a browser."""

from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont

from jaxgan.report.charts import nice_ticks, short

WIDTH, HEIGHT = 460, 320  # of one panel
LEFT, RIGHT, TOP, BOTTOM = 62, 16, 34, 44
SCALE = 2  # drawn larger, then reduced, because Pillow does not antialias lines
INK, FAINT, PAPER = (40, 40, 40), (222, 222, 222), (255, 255, 255)
COLORS = ((31, 119, 180), (214, 98, 20), (44, 140, 60), (170, 50, 60))
Point = tuple[float, float]


class Line(NamedTuple):
    """A line of a panel.

    points: (x, y), joined in order. error: half the height of the error bar at each point, or none.
    """

    name: str
    points: list[Point]
    error: list[float] | None = None


class Panel(NamedTuple):
    """A plot. marks: (text, x, y), labelled points."""

    title: str
    x_label: str
    y_label: str
    lines: list[Line]
    marks: list[tuple[str, float, float]] = []  # noqa: RUF012 (never changed)


def picture(panels: list[Panel], columns: int = 2) -> Image.Image:
    """Return the panels side by side, `columns` per row."""
    columns = min(columns, len(panels))
    rows = -(-len(panels) // columns)
    page = Image.new("RGB", (columns * WIDTH, rows * HEIGHT), PAPER)
    for i, panel in enumerate(panels):
        page.paste(_panel(panel), (i % columns * WIDTH, i // columns * HEIGHT))
    return page


def _panel(panel: Panel) -> Image.Image:
    page = Image.new("RGB", (WIDTH * SCALE, HEIGHT * SCALE), PAPER)
    draw = ImageDraw.Draw(page)
    font = ImageFont.load_default(size=11 * SCALE)
    reach = [
        (x, y + sign * e)
        for line in panel.lines
        for (x, y), e in zip(line.points, line.error or [0.0] * len(line.points), strict=True)
        for sign in (-1, 1)
    ]
    values = list(zip(*reach, strict=True))
    ticks = [nice_ticks(min(v), max(v), 5) for v in values]
    ends = [_ends(v, t) for v, t in zip(values, ticks, strict=True)]

    def place(x: float, y: float) -> tuple[float, float]:
        across, up = ((v - low) / (high - low) for v, (low, high) in zip((x, y), ends, strict=True))
        return (
            SCALE * (LEFT + across * (WIDTH - LEFT - RIGHT)),
            SCALE * (HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM)),
        )

    def text(x: float, y: float, words: str, anchor: str, color=INK) -> None:
        draw.text((x, y), words, color, font, anchor=anchor)

    for tick in ticks[0]:
        x, y = place(tick, ends[1][0])
        text(x, y + 4 * SCALE, short(tick), "mt")
    for tick in ticks[1]:
        x, y = place(ends[0][0], tick)
        draw.line([(x, y), (SCALE * (WIDTH - RIGHT), y)], FAINT, SCALE)
        text(x - 5 * SCALE, y, short(tick), "rm")
    text(SCALE * LEFT, 6 * SCALE, panel.title, "lt")
    text(SCALE * (LEFT + WIDTH - RIGHT) / 2, SCALE * (HEIGHT - 8), panel.x_label, "mb")
    text(SCALE * 6, SCALE * 20, panel.y_label, "lt", (110, 110, 110))
    for i, line in enumerate(panel.lines):
        color = COLORS[i % len(COLORS)]
        places = [place(*p) for p in line.points]
        draw.line(places, color, 2 * SCALE, joint="curve")
        for (x, y), e in zip(line.points, line.error or [0.0] * len(line.points), strict=True):
            draw.line([place(x, y - e), place(x, y + e)], color, SCALE)
        for x, y in places:
            r = 2.5 * SCALE
            draw.ellipse([x - r, y - r, x + r, y + r], color)
        if len(panel.lines) > 1:
            text(SCALE * (WIDTH - RIGHT), SCALE * (6 + 13 * i), line.name, "rt", color)
    for words, x, y in panel.marks:
        px, py = place(x, y)
        r = 5 * SCALE
        draw.ellipse([px - r, py - r, px + r, py + r], outline=INK, width=SCALE)
        left = px > 0.8 * WIDTH * SCALE  # no room on the right
        text(px + 7 * SCALE, py - (12 if left else 3) * SCALE, words, "rb" if left else "lb")
    return page.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)


def _ends(values: tuple[float, ...], ticks: list[float]) -> tuple[float, float]:
    """Return the ends of an axis: all values and ticks, with a small margin."""
    low, high = min(*values, *ticks), max(*values, *ticks)
    room = 0.04 * (high - low)
    return low - room, high + room
