"""Terms of an edit against numpy and closed forms."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.trained import constraints

RNG = np.random.default_rng(0)
IMAGES = RNG.uniform(-1, 1, (3, 12, 16, 3)).astype(np.float32)


def test_colour_is_the_mean_where_it_is_painted():
    colours = RNG.uniform(-1, 1, (12, 16, 3)).astype(np.float32)
    mask = np.zeros((12, 16, 1), np.float32)
    mask[2:5, 3:9] = 1
    expected = ((IMAGES - colours) ** 2)[:, 2:5, 3:9].mean((1, 2, 3))
    found = constraints.colour((colours, mask), None, jnp.asarray(IMAGES), None)
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    half = constraints.colour((colours, 0.5 * mask), None, jnp.asarray(IMAGES), None)
    np.testing.assert_allclose(half, expected, rtol=1e-5)  # a mean: the opacity cancels out


def test_an_empty_mask_is_zero_with_a_gradient_of_zero():
    empty = np.zeros((12, 16, 3), np.float32), np.zeros((12, 16, 1), np.float32)
    value = lambda x: constraints.colour(empty, None, x, None).sum()
    cells = constraints.drawn_cells(np.zeros((12, 16, 1), np.float32))
    assert not cells[1].any()
    drawn = lambda x: constraints.edges(cells, None, x, None).sum()
    for function in (value, drawn):
        found, slope = jax.jit(jax.value_and_grad(function))(IMAGES)
        assert float(found) == 0 and not np.asarray(slope).any()


@pytest.mark.parametrize("turned", [0, 1, 2, 3, 5])
def test_a_slope_votes_by_its_angle(turned):
    """A plane of one slope: cell k gets cos^4 of the angle between, whatever the slope's sign."""
    angle = np.pi / 8 * turned
    rows, columns = np.mgrid[:24, :24].astype(np.float32)
    plane = 0.02 * (np.cos(angle) * columns + np.sin(angle) * rows)
    middle = constraints.oriented(jnp.asarray(plane[None, ..., None]))[0, 1, 1]
    votes = 64 * 0.02 * np.cos(angle - np.pi / 8 * np.arange(8)) ** 4
    expected = votes / np.sqrt((votes**2).sum() + constraints.FLAT**2)
    np.testing.assert_allclose(middle, expected, atol=2e-3)
    opposite = constraints.oriented(jnp.asarray(-plane[None, ..., None]))[0, 1, 1]
    np.testing.assert_allclose(opposite, middle, atol=1e-5)
    assert np.argmax(middle) == turned


def test_votes_add_up_to_three_lengths_whatever_the_angle():
    angles = np.linspace(0, np.pi, 50)[:, None] - np.pi / 8 * np.arange(8)
    np.testing.assert_allclose((np.cos(angles) ** 4).sum(1), 3, rtol=1e-12)


def test_drawn_cells_are_those_that_a_line_touches():
    lines = np.zeros((12, 16, 1), np.float32)
    lines[9, 2:6] = 1
    histogram, cells = constraints.drawn_cells(lines)
    np.testing.assert_array_equal(cells, [[0, 0], [1, 0]])
    image = jnp.asarray(np.repeat(2 * lines - 1, 3, -1)[None])
    assert float(constraints.edges((histogram, cells), None, image, None)[0]) < 1e-6
    turned = np.zeros_like(lines)
    turned[8:12, 4] = 1
    other = jnp.asarray(np.repeat(2 * turned - 1, 3, -1)[None])
    assert float(constraints.edges((histogram, cells), None, other, None)[0]) > 0.5


def test_what_is_hidden_by_transparency_makes_no_edges():
    image = jnp.asarray(IMAGES[..., :2])  # gray and alpha
    np.testing.assert_array_equal(
        constraints.oriented(image), constraints.oriented(image.at[..., 1].set(0.5))
    )


def test_near_is_a_mean_over_coordinates():
    z, start = RNG.normal(size=(4, 6)).astype(np.float32), RNG.normal(size=6).astype(np.float32)
    found = constraints.near(start, jnp.asarray(z), None, None)
    np.testing.assert_allclose(found, ((z - start) ** 2).mean(1), rtol=1e-5)
