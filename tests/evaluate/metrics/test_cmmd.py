import numpy as np
import pytest

from jaxgan.evaluate.metrics import cmmd
from jaxgan.evaluate.metrics.cmmd import gaussian_distance


def test_two_sets_by_hand():
    """{0, 20} and {10}: within the first half of the pairs are at 20, all others at 10 or 0."""
    near, far = np.exp(-(10**2) / 200), np.exp(-(20**2) / 200)
    expected = 1000 * ((1 + far) / 2 + 1 - 2 * near)
    found = gaussian_distance(np.array([[0.0], [20.0]]), np.array([[10.0]]))
    assert found == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("block", [1, 40, 2**23])
def test_block_by_block_is_the_definition(block, monkeypatch):
    monkeypatch.setattr(cmmd, "BLOCK", block)
    rng = np.random.default_rng(0)
    x, y = 8 * rng.normal(size=(12, 5)), 8 * rng.normal(size=(9, 5)) + 3
    mean = lambda a, b: np.mean([[np.exp(-((p - q) ** 2).sum() / 200) for p in a] for q in b])
    expected = 1000 * (mean(x, x) + mean(y, y) - 2 * mean(x, y))
    assert gaussian_distance(x, y) == pytest.approx(expected, rel=1e-10)
    assert gaussian_distance(y, x) == pytest.approx(expected, rel=1e-10)


def test_equal_sets_are_at_zero_and_others_above():
    x = np.random.default_rng(1).normal(size=(30, 4)).astype(np.float32)
    assert abs(gaussian_distance(x, x[::-1])) < 1e-9
    assert gaussian_distance(x[:15], x[15:]) > 0


def test_of_gaussians_it_is_the_closed_form():
    """E k of two normals in d dimensions whose difference is N(m, 2 I): (1 + 2/100)^(-d/2)
    exp(-|m|^2 / (2 (100 + 2))); from n each, pairs i = j add 1/n of what is missing to 1."""
    rng, n, d = np.random.default_rng(2), 2000, 3
    shift = np.array([6.0, 0.0, 0.0])
    kernel = lambda m: 1.02 ** (-d / 2) * np.exp(-(m @ m) / 204)
    apart, bias = 2000 * (kernel(0 * shift) - kernel(shift)), 2000 / n * (1 - kernel(0 * shift))
    found = gaussian_distance(rng.normal(size=(n, d)), rng.normal(size=(n, d)) + shift)
    assert found == pytest.approx(apart + bias, rel=0.03)
