"""Curves as a PNG: panels in a row, each with axes, a title and a legend."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from jaxgan.report.charts import nice_ticks, short

COLORS = ("#2563c9", "#d1495b", "#3a8f5c", "#8a5fbf", "#c98a1b", "#5f6b76")
GRAY, INK, RULE = "#b9bec4", "#3c3c3c", "#e4e6e8"
SCALE = 2  # drawn at twice the size, then halved: smooth lines


class Line(NamedTuple):
    name: str  # "" leaves it out of the legend
    x: np.ndarray
    y: np.ndarray
    color: str
    dash: bool = False


def panel(
    title: str,
    lines: Sequence[Line],
    size: tuple[int, int] = (330, 230),
    x_label: str = "",
    y_range: tuple[float, float] | None = None,
) -> Image.Image:
    """Draw lines over common axes; values outside y_range are cut off."""
    width, height = (SCALE * side for side in size)
    left, right, top, bottom = (SCALE * side for side in (46, 10, 26, 30))
    image = Image.new("RGB", (width, height), "white")
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(size=11 * SCALE)
    values = np.concatenate([line.y for line in lines])
    low, high = y_range or (float(values.min()), float(values.max()))
    ticks = nice_ticks(low, high, 4)
    low, high = min(low, ticks[0]), max(high, ticks[-1])
    x_low = min(float(line.x.min()) for line in lines)
    x_high = max(float(line.x.max()) for line in lines)

    def place(x, y):
        across = left + (x - x_low) / (x_high - x_low) * (width - left - right)
        return across, height - bottom - (y - low) / (high - low) * (height - top - bottom)

    for tick in ticks:
        draw.line([place(x_low, tick), place(x_high, tick)], RULE, SCALE)
        draw.text((left - 6, place(x_low, tick)[1]), short(tick), INK, font, anchor="rm")
    for tick in nice_ticks(x_low, x_high, 5):
        draw.text((place(tick, low)[0], height - bottom + 6), short(tick), INK, font, anchor="mt")
    for line in lines:
        points = [place(x, y) for x, y in zip(line.x, np.clip(line.y, low, high), strict=True)]
        step = max(len(points) // 40, 1) if line.dash else len(points)
        for i in range(0, len(points) - 1, 2 * step):
            draw.line(points[i : i + step + 1], line.color, 2 * SCALE, joint="curve")
    draw.text((left, 6 * SCALE), title, INK, font)
    draw.text((width - right, height - 2), x_label, INK, font, anchor="rb")
    named = [line for line in lines if line.name]
    for i, line in enumerate(named):
        y = top + (8 + 15 * i) * SCALE
        draw.text((width - right - 4, y), line.name, line.color, font, anchor="rm")
    return image.resize(size, Image.Resampling.LANCZOS)


def beside(panels: Sequence[Sequence[Image.Image]]) -> Image.Image:
    """Lay rows of equal panels out as one picture."""
    width, height = panels[0][0].size
    page = Image.new("RGB", (width * max(map(len, panels)), height * len(panels)), "white")
    for i, row in enumerate(panels):
        for j, image in enumerate(row):
            page.paste(image, (j * width, i * height))
    return page
