"""The painter: coverage against area formulas, curves, ink, what has no gradient."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.environments.strokes import Stroke, blank, covered, painted


def area(start, control, end, radius, side=64):
    points = (jnp.asarray(p, jnp.float32) for p in (start, control, end))
    return float(covered(*points, jnp.float32(radius), (side, side)).sum())


@pytest.mark.parametrize("radius", [1.5, 3.0, 7.0])
def test_a_dot_covers_a_disc_and_a_line_a_capsule(radius):
    """The integral of 2 pi d clip(r + 1/2 - d, 0, 1) is pi r^2 + pi / 12 for r above 1/2; each side
    of a line of length L holds r L more."""
    dot = np.pi * radius**2 + np.pi / 12
    assert area((30.3, 31.1), (30.3, 31.1), (30.3, 31.1), radius) == pytest.approx(dot, rel=0.01)
    start, end = np.array([14.2, 12.7]), np.array([45.9, 50.3])
    length = np.linalg.norm(end - start)
    line = area(start, (start + end) / 2, end, radius)
    assert line == pytest.approx(2 * radius * length + dot, rel=0.01)


def test_a_curve_passes_where_its_equation_says():
    start, control, end = np.array([10.0, 10.0]), np.array([50.0, 30.0]), np.array([10.0, 50.0])
    points = [jnp.asarray(p, jnp.float32) for p in (start, control, end)]
    cover = np.asarray(covered(*points, jnp.float32(1.0), (64, 64)))
    for t in np.linspace(0, 1, 40):
        y, x = (1 - t) ** 2 * start + 2 * t * (1 - t) * control + t**2 * end
        assert cover[int(y), int(x)] > 0.3, t
    assert cover[50, 30] == 0  # the control point is not on it


def stroke(paints=1.0, pressure=1.0, ink=1.0, end=(20.0, 20.0)):
    return Stroke(
        paints=jnp.float32(paints),
        control=jnp.array([4.0, 20.0]),
        end=jnp.asarray(end, jnp.float32),
        radius=jnp.float32(2.0),
        pressure=jnp.float32(pressure),
        ink=jnp.full(1, ink),
    )


def test_ink_covers_what_is_below_and_a_lifted_brush_moves_without_a_trace():
    empty = blank(24, 24, 1)
    moved = painted(empty, stroke(paints=0.0))
    assert float(moved.pixels.max()) == 0.0 and moved.place.tolist() == [20.0, 20.0]
    half = painted(empty, stroke(pressure=0.5))
    assert float(half.pixels.max()) == 0.5
    again = painted(half._replace(place=empty.place), stroke(pressure=0.5))
    assert float(again.pixels.max()) == 0.75
    erased = painted(half._replace(place=empty.place), stroke(ink=0.0))
    assert not erased.pixels[half.pixels == 0.5].any()  # where the brush covers all of a pixel
    paper = painted(blank(24, 24, 1, 1.0), stroke(ink=0.0))
    np.testing.assert_allclose(1.0 - paper.pixels, 2.0 * half.pixels, atol=1e-6)


def test_painting_has_no_gradient():
    def brightness(end):
        return painted(blank(24, 24, 1), stroke(end=end)).pixels.sum()

    assert not jax.grad(brightness)(jnp.array([20.0, 20.0])).any()
