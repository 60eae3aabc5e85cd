"""Key points of a body: stick figures, and one person's movements brought to another's place.

Key points are [frames, joints, 3] floats: x (to the right) and y (down) in pixels, and a
confidence, 0 for a joint that was not found. What a joint is a `Layout` says; programs that find
key points have layouts of their own.

Global pose normalisation (arXiv 1808.07371): a source may be of another height than the target, and
stand elsewhere. Of either film is known where the feet are when the person is nearest to the camera
and farthest from it (y of the lower ankle, largest and smallest), and how tall the person is there.
A frame of the source whose feet are a share w of the way from far to near

    w = (y - far) / (near - far)

is scaled about its feet by a ratio of the heights, target to source: that of far (1 - w) and that
of near w; and its feet are put at far' + w (near' - far') of the target. So the movements of a
target that are shifted and scaled come back exactly.

Deviations. The paper moves figures up and down alone; here the mean place of the feet is brought to
the target's in x too. Its far and near are found by clustering; here they are the smallest and the
largest, and the height there the largest of the frames on that side of the middle.
"""

from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

FINER = 4  # times as fine a figure is drawn, and then averaged


class Layout(NamedTuple):
    """What key points are.

    joints: names, in the order of the points. limbs: pairs of joints that a line joins. head: the
    uppermost joint. ankles: both.
    """

    joints: tuple[str, ...]
    limbs: tuple[tuple[str, str], ...]
    head: str
    ankles: tuple[str, str]


class Stance(NamedTuple):
    """Where a person stands in a film: y of the feet and height, farthest and nearest; mean x."""

    far: float
    near: float
    far_height: float
    near_height: float
    x: float


def checked(points: np.ndarray, layout: Layout) -> np.ndarray:
    """Return key points as float64, or refuse an array of another shape or layout."""
    points = np.asarray(points, np.float64)
    if points.ndim != 3 or points.shape[1:] != (len(layout.joints), 3):
        raise ValueError(
            f"key points are {list(points.shape)}: write [frames, {len(layout.joints)}, 3] of x, y "
            "and confidence, of the joints of the layout"
        )
    return points


def feet(points: np.ndarray, layout: Layout) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return mean x of the ankles, y of the lower one, and the height above it: [frames] each, NaN
    where the ankles, or the head, were not found."""
    place = lambda name: points[:, layout.joints.index(name)]
    ankles, head = np.stack([place(name) for name in layout.ankles], 1), place(layout.head)
    found = (ankles[..., 2] > 0).all(1)
    x = np.where(found, ankles[..., 0].mean(1), np.nan)
    y = np.where(found, ankles[..., 1].max(1), np.nan)
    return x, y, np.where(head[:, 2] > 0, y - head[:, 1], np.nan)


def stance(points: np.ndarray, layout: Layout) -> Stance:
    """Return where a person stands in a film of key points [frames, joints, 3].

    Raises ValueError where no frame shows both ankles and the head.
    """
    x, y, heights = feet(checked(points, layout), layout)
    seen = np.isfinite(heights)
    if not seen.any():
        raise ValueError(f"no frame of {len(points)} has both ankles and the head: write another")
    x, y, heights = x[seen], y[seen], heights[seen]
    far, near = y.min(), y.max()
    middle = (far + near) / 2
    return Stance(
        float(far),
        float(near),
        float(heights[y <= middle].max()),
        float(heights[y >= middle].max()),
        float(x.mean()),
    )


def normalised(points: np.ndarray, source: Stance, target: Stance, layout: Layout) -> np.ndarray:
    """Return key points of a source's film as the target would stand: [frames, joints, 3] float64.

    A frame without ankles takes the place of the one before; the first such frames that of the
    first that has them. Raises ValueError where none has.
    """
    points = checked(points, layout)
    x, y, _ = feet(points, layout)
    if not np.isfinite(y).any():
        raise ValueError(f"no frame of {len(points)} has both ankles: write another film")
    x, y = held(x), held(y)
    span = source.near - source.far
    w = (y - source.far) / span if span else np.zeros_like(y)
    far, near = target.far_height / source.far_height, target.near_height / source.near_height
    scale = far + w * (near - far)
    to_x = target.x + scale * (x - source.x)
    to_y = target.far + w * (target.near - target.far)
    moved = points.copy()
    for axis, (own, to) in enumerate(((x, to_x), (y, to_y))):
        moved[..., axis] = (points[..., axis] - own[:, None]) * scale[:, None] + to[:, None]
    return moved


def held(values: np.ndarray) -> np.ndarray:
    """Return values [n] whose NaN are replaced by the last number before, or the first of all."""
    known = np.flatnonzero(np.isfinite(values))
    places = np.searchsorted(known, np.arange(len(values)), side="right") - 1
    return values[known[np.maximum(places, 0)]]


def figures(
    points: np.ndarray, layout: Layout, size: tuple[int, int], width: float = 1.5
) -> np.ndarray:
    """Return stick figures of key points [frames, joints, 3]: [frames, height, width, 3] uint8.

    Each limb has a colour of its own, on black; those with a joint that was not found are left out.

    Args:
      size: (height, width) of a figure.
      width: of a line, in pixels.
    """
    points = checked(points, layout)
    return np.stack([_figure(frame, layout, size, width) for frame in points])


def _figure(points: np.ndarray, layout: Layout, size: tuple[int, int], width: float) -> np.ndarray:
    height, wide = size
    page = Image.new("RGB", (wide * FINER, height * FINER))
    draw = ImageDraw.Draw(page)
    for number, limb in enumerate(layout.limbs):
        ends = points[[layout.joints.index(name) for name in limb]]
        if (ends[:, 2] > 0).all():
            line = [tuple(FINER * end[:2]) for end in ends]
            draw.line(line, colour(number, len(layout.limbs)), max(round(FINER * width), 1))
    return np.asarray(page.resize((wide, height), Image.Resampling.BOX))


def colour(number: int, count: int) -> tuple[int, int, int]:
    """Return one of `count` colours around the circle of hues."""
    angle = 2 * np.pi * (number / count + np.arange(3) / 3)
    red, green, blue = (round(155 + 100 * float(np.cos(a))) for a in angle)
    return red, green, blue
