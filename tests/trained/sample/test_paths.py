"""Paths are what their formulas say."""

import numpy as np
import pytest

from jaxgan.trained.sample import paths

A, B = np.random.default_rng(0).normal(size=(2, 12)).astype(np.float32)


@pytest.mark.parametrize("path", paths.PATHS.values())
def test_a_path_starts_and_ends_at_its_ends(path):
    points = path(A, B, np.array([0.0, 1.0]))
    assert points.dtype == np.float32
    np.testing.assert_allclose(points, [A, B], atol=1e-6)


def test_linear_half_way_is_the_mean():
    np.testing.assert_allclose(paths.linear(A, B, [0.5])[0], (A + B) / 2, atol=1e-6)


def test_spherical_turns_evenly_and_keeps_to_the_radius():
    t = np.linspace(0, 1, 7)
    points = paths.spherical(A, B, t).astype(np.float64)
    norms = np.linalg.norm(points, axis=1)
    expected = np.linspace(np.linalg.norm(A), np.linalg.norm(B), 7)
    np.testing.assert_allclose(norms, expected, rtol=1e-6)
    unit = points / norms[:, None]
    angles = np.arccos((unit[:-1] * unit[1:]).sum(1))
    whole = np.arccos(unit[0] @ unit[-1])
    np.testing.assert_allclose(angles, whole / 6, rtol=1e-4)  # arccos of float32 points
    assert np.linalg.matrix_rank(np.stack([A, B, *points]), tol=1e-4) == 2  # in one plane


@pytest.mark.parametrize("b", [3 * A, -A, 0 * A])
def test_spherical_without_an_arc_is_linear(b):
    t = np.linspace(0, 1, 5)
    np.testing.assert_allclose(paths.spherical(A, b, t), paths.linear(A, b, t), atol=1e-6)


def test_a_closed_walk_passes_every_point_and_returns():
    points = np.random.default_rng(1).normal(size=(3, 12)).astype(np.float32)
    walk = paths.closed_walk(points, 4)
    assert walk.shape == (12, 12)
    np.testing.assert_allclose(walk[::4], points, atol=1e-6)
    expected = paths.spherical(points[2], points[0], [0.75])[0]
    np.testing.assert_allclose(walk[-1], expected, atol=1e-6)


def test_terms():
    assert paths.terms("1-2+3") == [(1, 1), (-1, 2), (1, 3)]
    assert paths.terms("- 10 + 4") == [(-1, 10), (1, 4)]
    for wrong in ("", "1", "1-", "a+b", "1--2", "1,2"):
        with pytest.raises(ValueError, match=r"such as 1-2\+3"):
            paths.terms(wrong)


def test_a_sum_has_the_direction_of_the_sum_and_the_mean_norm():
    latents = np.random.default_rng(2).normal(size=(3, 12)).astype(np.float32)
    total = paths.combined(latents, np.array([1, -1, 1]))
    expected = latents[0] - latents[1] + latents[2]
    cosine = total @ expected / np.linalg.norm(total) / np.linalg.norm(expected)
    assert cosine == pytest.approx(1, abs=1e-6)
    assert np.linalg.norm(total) == pytest.approx(np.linalg.norm(latents, axis=1).mean(), rel=1e-5)
    assert not paths.combined(np.stack([A, A]), np.array([1, -1])).any()


def test_an_unknown_path_is_refused():
    with pytest.raises(ValueError, match="--path=cubic: write linear or spherical"):
        paths.path_by_name("cubic")
