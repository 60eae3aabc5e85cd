import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from jaxgan.evaluate.metrics import sliced
from jaxgan.evaluate.metrics.sliced import sliced_distance


def in_numpy(x, y, projections, seed):
    """The definition, one projection at a time."""
    found = []
    for u in np.random.default_rng(seed).normal(size=(projections, x.shape[1])):
        u /= np.linalg.norm(u)
        found.append(np.mean((np.sort(x @ u) - np.sort(y @ u)) ** 2))
    return 3 * x.shape[1] * np.mean(found)


@pytest.mark.parametrize("block", [1, 1000, 2**22])
def test_is_the_definition(block, monkeypatch):
    monkeypatch.setattr(sliced, "BLOCK", block)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(80, 5)), rng.normal(size=(80, 5)) * 2 + 1
    found = sliced_distance(x, y, 50, seed=3)
    assert found == pytest.approx(in_numpy(x, y, 50, 3), rel=1e-12)
    assert sliced_distance(y, x, 50, seed=3) == pytest.approx(found, rel=1e-12)


def test_a_shift_in_closed_form():
    """A shift by v moves every projection by u.v: 3 d E(u.v)^2 = 3 |v|^2, and E is over u alone."""
    x, v = np.random.default_rng(1).normal(size=(30, 6)), np.array([1.0, 2, 0, 0, 0, -2])
    # (u.v)^2 d / |v|^2 has a variance of 2 (d - 1) / (d + 2) = 1.25: 1.8% over 4,000 projections.
    assert sliced_distance(x, x + v, 4000) == pytest.approx(27.0, rel=0.07)
    assert sliced_distance(x, x[::-1]) == 0.0


def test_sets_of_two_sizes():
    """In one dimension, quantiles of the larger at those of the smaller; repeated images change
    nothing when every image of the smaller set is repeated alike and values are linear in rank."""
    x = np.arange(10.0)[:, None]
    y = np.arange(100.0)[:, None] / 10 - 0.45  # the same uniform law, ten times as fine
    assert sliced_distance(x, y) == pytest.approx(0.0, abs=1e-12)
    assert sliced_distance(y, x) == pytest.approx(0.0, abs=1e-12)
    assert sliced_distance(x, y + 2) == pytest.approx(12.0)
    assert wasserstein_distance(x[:, 0], y[:, 0] + 2) == pytest.approx(2.0)  # the law, by scipy


def test_errors():
    with pytest.raises(ValueError, match="features1 has 3 columns and features2 2"):
        sliced_distance(np.eye(3), np.ones((4, 2)))
    with pytest.raises(ValueError, match="0 projections"):
        sliced_distance(np.eye(3), np.eye(3), 0)
