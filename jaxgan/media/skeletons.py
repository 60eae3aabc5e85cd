"""Key points of a body: stick figures, and movements of one person adapted to another.

Key points are [frames, joints, 3] floats: x (to the right) and y (down) in pixels, and a
confidence, 0 for a joint that was not found. A `Layout` tells what the joints are; programs that
detect key points differ in it.

Global pose normalisation (arXiv 1808.07371). A source may be taller or shorter than the target, and
stand elsewhere. For both films two positions are known: y of the lower ankle and the person's
height when nearest to the camera (largest y) and when farthest (smallest y). If the feet in a frame
of the source are a share w of the way from far to near

    w = (y - far) / (near - far)

the figure is scaled about its feet by the ratio of heights, target to source, interpolated as
far's (1 - w) + near's w, and its feet are moved to far' + w (near' - far') of the target. So the
movements of a target that were only shifted and scaled are recovered exactly.

Deviations. The paper moves figures vertically only; here the mean x of the feet is also moved to
the target's. The paper finds far and near by clustering; here they are the smallest and largest
values, and the height there is the largest over the frames on that side of the middle.
"""

from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

FINER = 4  # a figure is drawn this many times larger, then averaged


class Layout(NamedTuple):
    """The meaning of key points.

    joints: names, in the order of the points. limbs: pairs of joints that a line connects. head:
      the uppermost joint. ankles: both of them.
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
    """Return key points as float64. Raises ValueError if the shape does not fit the layout."""
    points = np.asarray(points, np.float64)
    if points.ndim != 3 or points.shape[1:] != (len(layout.joints), 3):
        raise ValueError(
            f"key points are {list(points.shape)}: write [frames, {len(layout.joints)}, 3] of x, y "
            "and confidence, of the joints of the layout"
        )
    return points


def feet(points: np.ndarray, layout: Layout) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return mean x of the ankles, y of the lower one, and the height above it: [frames] each. NaN
    where the ankles, or for the height the head, were not found."""
    place = lambda name: points[:, layout.joints.index(name)]
    ankles, head = np.stack([place(name) for name in layout.ankles], 1), place(layout.head)
    found = (ankles[..., 2] > 0).all(1)
    x = np.where(found, ankles[..., 0].mean(1), np.nan)
    y = np.where(found, ankles[..., 1].max(1), np.nan)
    return x, y, np.where(head[:, 2] > 0, y - head[:, 1], np.nan)


def stance(points: np.ndarray, layout: Layout) -> Stance:
    """Return where a person stands in a film of key points [frames, joints, 3].

    Raises ValueError if no frame shows both ankles and the head.
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
    """Return the key points of a source's film adapted to the target: [frames, joints, 3] float64.

    A frame without ankles takes the position of the frame before; frames before the first with
    ankles take that one's. Raises ValueError if no frame has them.
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
    """Replace each NaN in values [n] by the last number before it, or by the first number of
    all."""
    known = np.flatnonzero(np.isfinite(values))
    places = np.searchsorted(known, np.arange(len(values)), side="right") - 1
    return values[known[np.maximum(places, 0)]]


def figures(
    points: np.ndarray, layout: Layout, size: tuple[int, int], width: float = 1.5
) -> np.ndarray:
    """Return stick figures of key points [frames, joints, 3]: [frames, height, width, 3] uint8.

    Each limb has its own colour, on black; limbs with a joint that was not found are left out.

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
    """Return one of `count` colours around the hue circle."""
    angle = 2 * np.pi * (number / count + np.arange(3) / 3)
    red, green, blue = (round(155 + 100 * float(np.cos(a))) for a in angle)
    return red, green, blue
