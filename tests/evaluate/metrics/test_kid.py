import numpy as np
import pytest

from jaxgan.evaluate.metrics import kid
from jaxgan.evaluate.metrics.kid import kernel_distance


def brute_force(x, y):
    """The definition, term by term."""

    def k(a, b):
        return (a @ b / len(a) + 1) ** 3

    m, n = len(x), len(y)
    within_x = sum(k(x[i], x[j]) for i in range(m) for j in range(m) if i != j) / (m * (m - 1))
    within_y = sum(k(y[i], y[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    return within_x + within_y - 2 * np.mean([[k(a, b) for b in y] for a in x])


def test_all_samples_at_once_is_the_definition():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(12, 5)), rng.normal(size=(9, 5)) + 0.5
    assert kernel_distance(x, y).unbiased == pytest.approx(brute_force(x, y), rel=1e-12)


@pytest.mark.parametrize("block", [1, 40, 2**23])
def test_subsets_are_the_definition_on_each_subset(block, monkeypatch):
    monkeypatch.setattr(kid, "BLOCK", block)  # one row a block, a few, all
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(15, 4)), rng.normal(size=(11, 4)) * 1.3
    draws, expected = np.random.RandomState(7), []
    for _ in range(6):
        rows = draws.choice(15, 8, replace=False), draws.choice(11, 8, replace=False)
        expected.append(brute_force(x[rows[0]], y[rows[1]]))
    found = kernel_distance(x, y, subsets=6, subset_size=8, seed=7)
    assert found.mean == pytest.approx(np.mean(expected), rel=1e-11)
    assert found.std == pytest.approx(np.std(expected), rel=1e-11)


def test_same_distribution_is_zero_on_average_and_a_shift_is_not():
    rng = np.random.default_rng(2)
    same = [kernel_distance(*rng.normal(size=(2, 50, 6))).unbiased for _ in range(40)]
    error = np.std(same) / np.sqrt(40)
    assert abs(np.mean(same)) < 3 * error  # unbiased: zero, of either sign
    assert min(same) < 0
    assert kernel_distance(rng.normal(size=(50, 6)), rng.normal(size=(50, 6)) + 1).mean > 1.0


def test_identical_sets():
    """With x = y the cross term holds the diagonal: the value is known, and negative."""
    x = np.random.default_rng(3).normal(size=(20, 4))
    kernel = (x @ x.T / 4 + 1) ** 3
    off = (kernel.sum() - np.trace(kernel)) / (20 * 19)
    assert kernel_distance(x, x).unbiased == pytest.approx(2 * (off - kernel.mean()))


def test_one_sample_is_refused():
    with pytest.raises(ValueError, match="1 and 5 samples"):
        kernel_distance(np.zeros((1, 3)), np.zeros((5, 3)))
