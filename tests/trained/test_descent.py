"""Descent of latents: terms against numpy, bounds of priors, starts that do not meet."""

import math

import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.trained.descent import Bounds, Descent, Term, bounds_of
from tests.tiny import tiny_config, tiny_tabulated

TRACED = []


def _quadratic(about, latents, images, labels):
    TRACED.append(about)
    return ((latents - about[None]) ** 2).sum(1)


def _brightness(about, latents, images, labels):
    return about * images.mean((1, 2, 3))


def terms(target, brightness=0.0, quadratic=1.0):
    """Return both terms, with these weights: all tests run one program."""
    return (
        Term(_brightness, np.float32(3), brightness),
        Term(_quadratic, np.float32(target), quadratic),
    )


@pytest.fixture(scope="module")
def g():
    return tiny_tabulated()


@pytest.fixture(scope="module")
def descent(g):
    return Descent(g)


LABELS = np.array([0, 1, 2], np.int32)
TARGET = np.linspace(-1, 1, 12, dtype=np.float32)


def test_a_quadratic_is_minimised_where_its_minimum_is(g, descent):
    z = g.latents(range(3), seed=1)
    path = list(descent.steps(terms(TARGET, quadratic=2.0), z, LABELS, (10, 300)))
    assert [step for step, _, _ in path] == [10, 300]
    np.testing.assert_allclose(path[-1][1], np.tile(TARGET, (3, 1)), atol=1e-3)
    np.testing.assert_allclose(path[0][2][:, 1], ((path[0][1] - TARGET) ** 2).sum(1), rtol=1e-5)


def test_the_first_step_is_adams(descent):
    """Of length rate against the gradient's sign: m / sqrt(v) is 1 in size after one step."""
    target, z = np.float32([1, -1] * 6), np.zeros((3, 12), np.float32)
    ((_, moved, _),) = descent.steps(terms(target), z, LABELS, (1,), learning_rate=0.3)
    np.testing.assert_allclose(moved, np.tile(0.3 * target, (3, 1)), rtol=1e-5)


def test_terms_are_weighed_and_measured_apart(g, descent):
    z, labels = g.latents(range(5), seed=2), np.arange(5, dtype=np.int32)
    found = descent.measured(terms(np.zeros(12)), z, labels, 1.0)
    expected = 3 * g.generate(z, labels, 1.0).mean((1, 2, 3))
    np.testing.assert_allclose(found[:, 0], expected, atol=1e-5)
    np.testing.assert_allclose(found[:, 1], (z**2).sum(1), rtol=1e-5)
    both, one = (
        list(descent.steps(terms(np.zeros(12), w), z[:3], LABELS, (300,)))[-1][1] for w in (2.0, 0)
    )
    np.testing.assert_allclose(one, 0, atol=1e-3)
    brightness = lambda z: g.generate(z, LABELS).mean((1, 2, 3))
    assert (brightness(both) < brightness(one)).all()


def test_another_target_compiles_nothing(g, descent):
    z = g.latents(range(3), seed=1)
    list(descent.steps(terms(TARGET), z, LABELS, (2, 3)))
    before = len(TRACED)
    bounds, stops = Bounds(radius=4.0), (1, 4, 9)
    list(descent.steps(terms(-TARGET, 1.0, 0.3), z + 1, LABELS, stops, 0.2, 1.0, bounds))
    assert before == len(TRACED)


def test_starts_do_not_meet(g, descent):
    z = g.latents(range(3), seed=3)
    (_, together, _), (_, alone, _) = (
        next(descent.steps(terms(TARGET, 1.0, 0.0), z[:n], LABELS[:n], (5,))) for n in (3, 1)
    )
    np.testing.assert_allclose(together[:1], alone, atol=1e-4)


@pytest.mark.parametrize(
    ("fields", "truncation", "expected"),
    [
        ({"prior": "uniform"}, 0.0, Bounds(most=1.0)),
        ({}, 0.0, Bounds(radius=math.sqrt(12) + 3)),
        ({}, 0.5, Bounds(most=0.5)),
        ({"sample.truncation_definition": "scaled"}, 0.5, Bounds(most=1.0)),
        (
            {"sample.truncation_definition": "variance"},
            0.5,
            Bounds(radius=0.5 * (math.sqrt(12) + 3)),
        ),
    ],
)
def test_bounds_are_the_priors(fields, truncation, expected):
    assert bounds_of(tiny_config(**fields), truncation) == expected


def test_latents_are_brought_back_and_those_inside_stay():
    z = jnp.float32([[3, 4], [0.3, -0.4], [0, 0]])
    np.testing.assert_allclose(Bounds(radius=1.0).brought(z), [[0.6, 0.8], [0.3, -0.4], [0, 0]])
    np.testing.assert_allclose(Bounds(most=0.35).brought(z)[:2], [[0.35, 0.35], [0.3, -0.35]])
    np.testing.assert_array_equal(Bounds().brought(z), z)


def test_few_draws_of_the_prior_are_beyond_the_bounds():
    z = np.random.default_rng(0).normal(size=(20_000, 60))
    bounds = bounds_of(tiny_config(**{"model.latent_dim": 60}), 0.0)
    assert (np.linalg.norm(z, axis=1) > bounds.radius).mean() < math.exp(-4.5)
