"""A canvas, and strokes painted on it: the actions of SPIRAL's policies (arXiv 1804.01118).

A stroke goes from where the last one ended along a quadratic Bezier curve

    p(t) = (1 - t)^2 start + 2 t (1 - t) control + t^2 end

with a round brush that covers a pixel by clip(radius + 1/2 - distance, 0, 1). The distance is from
the pixel's centre to the curve, in pixels; the curve is approximated by SEGMENTS straight parts.
Ink covers what is below it: canvas' = canvas + pressure cover (ink - canvas). Positions are (y, x)
in pixels, from the top left corner. No gradients flow through a canvas to the actions.

Deviation: the authors paint with libmypaint, 50 dabs of a textured brush per stroke.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

SEGMENTS = 8  # straight parts of a curve


class Canvas(NamedTuple):
    """pixels: [h, w, c] float32 in [0, 1]. place: [2], where the last stroke ended."""

    pixels: jax.Array
    place: jax.Array


class Stroke(NamedTuple):
    """One action.

    paints: 1 to paint, 0 to lift the brush and move it to `end` without a trace.
    control, end: [2] float32, (y, x) in pixels. radius: of the brush, in pixels. pressure: 0 to 1.
    ink: [c] float32 in [0, 1].
    """

    paints: jax.Array
    control: jax.Array
    end: jax.Array
    radius: jax.Array
    pressure: jax.Array
    ink: jax.Array


def blank(height: int, width: int, channels: int, ground: float = 0.0) -> Canvas:
    """Return an empty canvas of one brightness, with the brush in its top left corner."""
    return Canvas(jnp.full((height, width, channels), ground), jnp.zeros(2))


def painted(canvas: Canvas, stroke: Stroke) -> Canvas:
    """Return the canvas after a stroke."""
    height, width, _ = canvas.pixels.shape
    cover = covered(canvas.place, stroke.control, stroke.end, stroke.radius, (height, width))
    share = (stroke.paints * stroke.pressure * cover)[..., None]
    pixels = canvas.pixels + share * (stroke.ink.reshape(1, 1, -1) - canvas.pixels)
    return jax.lax.stop_gradient(Canvas(pixels, stroke.end))


def covered(
    start: jax.Array, control: jax.Array, end: jax.Array, radius: jax.Array, size: tuple[int, int]
) -> jax.Array:
    """Return how much of each pixel a stroke covers, [*size] float32 in [0, 1]."""
    t = jnp.linspace(0.0, 1.0, SEGMENTS + 1)[:, None]
    at = lambda p: p.reshape(1, 2)
    curve = (1 - t) ** 2 * at(start) + 2 * t * (1 - t) * at(control) + t**2 * at(end)
    begin, step = curve[:-1], curve[1:] - curve[:-1]
    rows, columns = (jnp.arange(side, dtype=jnp.float32) + 0.5 for side in size)
    # [segments, h, w]: from the beginning of each part to each pixel.
    down = rows[None, :, None] - begin[:, 0, None, None]
    right = columns[None, None, :] - begin[:, 1, None, None]
    dy, dx = step[:, 0, None, None], step[:, 1, None, None]
    length = jnp.maximum(dy**2 + dx**2, 1e-12)
    along = jnp.clip((down * dy + right * dx) / length, 0.0, 1.0)
    squares = (down - along * dy) ** 2 + (right - along * dx) ** 2
    return jnp.clip(radius + 0.5 - jnp.sqrt(squares.min(0)), 0.0, 1.0)
