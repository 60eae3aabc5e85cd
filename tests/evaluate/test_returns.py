"""Scores of policies: the energy distance in closed form, and a clone that does as it was shown."""

import math

import numpy as np
import pytest

from jaxgan.environments import by_name
from jaxgan.evaluate.cloning import cloned
from jaxgan.evaluate.returns import energy_distance, random_rollouts
from jaxgan.media.transitions import transitions
from jaxgan.models import policy


def test_energy_distance_by_hand():
    """Of {0, 2} and {0, 4}, whose deviation is 2: {0, 1} and {0, 2}."""
    x, y = np.array([[0.0], [2.0]]), np.array([[0.0], [4.0]])
    between = (0 + 2 + 1 + 1) / 4
    assert energy_distance(x, y) == pytest.approx(2 * between - 2 * 1 / 4 - 2 * 2 / 4)


def test_energy_distance_of_two_normal_distributions():
    """0 for equal ones; for a shift m twice E|N(m, 2)| - E|N(0, 2)|, of variance 2."""
    rng, shift = np.random.default_rng(0), 1.5
    x, y = rng.normal(shift, 1, (2000, 1)), rng.normal(0, 1, (2000, 1))
    near = 2 / math.sqrt(math.pi)  # E|N(0, 2)|
    far = near * math.exp(-(shift**2) / 4) + shift * math.erf(shift / 2)
    expected = 2 * (far - near)
    assert energy_distance(x, y) == pytest.approx(expected, rel=0.1)
    assert energy_distance(rng.normal(0, 1, (2000, 1)), y) < 0.005


def test_a_clone_does_what_it_was_shown():
    config = policy.default_config()
    config.generator_widths = (16,)
    side = policy.networks(config, transitions(3, 3).spec)["generator"]
    seen = np.random.default_rng(0).normal(size=(30, 3)).astype("float32")
    acts = (seen[:, 0] > 0).astype("int32") + (seen[:, 1] > 1)
    weights = cloned(side, seen, acts.astype("int32"))
    np.testing.assert_array_equal(side.calls["act"]({"params": weights}, seen).argmax(1), acts)


def test_random_odds_are_even():
    seen = random_rollouts(by_name.environment("pendulum"), 20, 0)
    share = np.bincount(seen.actions.ravel(), minlength=3) / seen.actions.size
    np.testing.assert_allclose(share, np.full(3, 1 / 3), atol=0.03)
