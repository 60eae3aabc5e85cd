"""Curves as inline SVG, with their numbers, which page.py shows at the reader's pointer."""

import html
import json
import math
from typing import NamedTuple

WIDTH, HEIGHT = 380, 210
LEFT, RIGHT, TOP, BOTTOM = 48, 8, 10, 26
MOST_POINTS = 300
COLORS = 8  # classes c0 to c7 of the page
SMOOTH_ABOVE = 40  # points: shorter curves are not smoothed


class Curve(NamedTuple):
    """x, y: of equal length, finite. color: 0 to 7. dash: 0 solid, 1 dashed, 2 dotted."""

    name: str
    x: list[float]
    y: list[float]
    color: int = 0
    dash: int = 0


def chart(
    title: str,
    curves: list[Curve],
    x_label: str,
    log: bool = False,
    smooth: bool = False,
    zero: bool = False,
) -> str:
    """Return a figure as HTML; "" if no curve has two points.

    log: a logarithmic y axis, if all values are above 0. smooth: draw a moving average over faint
    values. zero: the y axis begins at 0.
    """
    curves = [thinned(c) for c in curves if len(c.x) > 1]
    if not curves:
        return ""
    values = [v for c in curves for v in c.y]
    log = log and min(values) > 0
    low, high, ticks = axis(min([*values, 0.0] if zero else values), max(values), log)
    x_low, x_high = min(c.x[0] for c in curves), max(c.x[-1] for c in curves)

    def px(x: float) -> float:
        return LEFT + (x - x_low) / ((x_high - x_low) or 1) * (WIDTH - LEFT - RIGHT)

    def py(y: float) -> float:
        share = (scaled(y, log) - low) / (high - low)
        return TOP + (1 - share) * (HEIGHT - TOP - BOTTOM)

    def path(c: Curve, y: list[float], css: str) -> str:
        points = " ".join(f"{px(a):.1f},{py(b):.1f}" for a, b in zip(c.x, y, strict=True))
        return f'<polyline class="{css} c{c.color} d{c.dash}" points="{points}"/>'

    parts = []
    for tick in ticks:
        y = py(tick)
        parts.append(
            f'<line class="rule" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        )
        parts.append(f'<text class="tick y" x="{LEFT - 6}" y="{y + 3.5:.1f}">{short(tick)}</text>')
    for tick in nice_ticks(x_low, x_high, 5):
        if x_low <= tick <= x_high:
            parts.append(
                f'<text class="tick x" x="{px(tick):.1f}" y="{HEIGHT - 9}">{short(tick)}</text>'
            )
    for c in curves:
        if smooth and len(c.x) > SMOOTH_ABOVE:
            parts.append(path(c, c.y, "faint"))
            parts.append(path(c, smoothed(c.y), "line"))
        else:
            parts.append(path(c, c.y, "line"))
    parts.append(f'<line class="cross" y1="{TOP}" y2="{HEIGHT - BOTTOM}" visibility="hidden"/>')
    legend = "".join(
        f'<span class="c{c.color}"><i class="d{c.dash}"></i>{html.escape(c.name)} <b></b></span>'
        for c in curves
    )
    data = {
        "x": [x_low, x_high],
        "curves": [[[precise(v) for v in c.x], [precise(v) for v in c.y]] for c in curves],
    }
    numbers = html.escape(json.dumps(data, separators=(",", ":")))
    return (
        f'<figure class="chart" data-curves="{numbers}">'
        f"<figcaption>{html.escape(title)}</figcaption>"
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{html.escape(title)}">'
        f'{"".join(parts)}</svg><div class="legend">{legend}'
        f'<span class="where">{html.escape(x_label)} <b></b></span></div></figure>'
    )


def thinned(curve: Curve) -> Curve:
    """Return at most MOST_POINTS points: means over runs of equal length, and the last point."""
    n = len(curve.x)
    if n <= MOST_POINTS:
        return curve
    size = math.ceil(n / MOST_POINTS)
    groups = [slice(i, i + size) for i in range(0, n - 1, size)]
    x = [curve.x[g][len(curve.x[g]) // 2] for g in groups] + [curve.x[-1]]
    y = [sum(curve.y[g]) / len(curve.y[g]) for g in groups] + [curve.y[-1]]
    return curve._replace(x=x, y=y)


def smoothed(values: list[float]) -> list[float]:
    """Return the centred moving average over a twentieth of the values, shorter at the ends."""
    half = max(len(values) // 40, 1)
    sums = [0.0]
    for v in values:
        sums.append(sums[-1] + v)
    n = len(values)
    reach = [min(half, i, n - 1 - i) for i in range(n)]
    return [(sums[i + r + 1] - sums[i - r]) / (2 * r + 1) for i, r in enumerate(reach)]


def scaled(value: float, log: bool) -> float:
    return math.log10(value) if log else value


def axis(low: float, high: float, log: bool) -> tuple[float, float, list[float]]:
    """Return the scaled ends of an axis and the values of its ticks."""
    if log and high / low > 5:
        first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
        every = math.ceil((last - first) / 5)
        return first, last, [10.0**e for e in range(first, last + 1, every)]
    ticks = nice_ticks(low, high, 4)
    ends = scaled(min(low, ticks[0]), log), scaled(max(high, ticks[-1]), log)
    return *ends, ticks


def nice_ticks(low: float, high: float, about: int) -> list[float]:
    """Return round numbers in steps of 1, 2 or 5 times a power of ten, in [low, high] or just
    around it."""
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        margin = abs(low) / 2 or 1.0
        return nice_ticks(low - margin, high + margin, 2)
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    if last <= first:
        first, last = math.floor(low / step), math.ceil(high / step)
    return [i * step for i in range(first, last + 1)]


def short(value: float) -> str:
    """Return a number in its usual short form: 1.2k, 0.05, 3."""
    for limit, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= limit:
            return f"{value / (1e3 if letter == 'k' else limit):.4g}{letter}"
    return f"{value:.4g}"


def precise(value: float) -> float:
    """Return a number rounded to the four digits that a reader can use."""
    return float(f"{value:.4g}")
