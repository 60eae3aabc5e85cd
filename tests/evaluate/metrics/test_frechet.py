import dataclasses

import numpy as np
import pytest
import scipy.linalg

from jaxgan.evaluate.features import features_of_arrays
from jaxgan.evaluate.metrics.frechet import frechet_distance, frechet_infinity, frechet_of_samples


def covariance(rng, d):
    a = rng.normal(size=(d, d))
    return a @ a.T / d + 0.1 * np.eye(d)


def test_closed_form_of_diagonal_gaussians():
    rng = np.random.default_rng(0)
    m1, m2, s1, s2 = rng.normal(size=7), rng.normal(size=7), rng.random(7), rng.random(7)
    expected = np.sum((m1 - m2) ** 2) + np.sum((s1 - s2) ** 2)
    found = frechet_distance(m1, np.diag(s1**2), m2, np.diag(s2**2))
    assert found == pytest.approx(expected, rel=1e-12)


def test_one_dimension_and_identity():
    assert frechet_distance(np.ones(1), np.eye(1), np.zeros(1), 4 * np.eye(1)) == pytest.approx(2.0)
    c = covariance(np.random.default_rng(1), 5)
    assert frechet_distance(np.ones(5), c, np.ones(5), c) == pytest.approx(0.0, abs=1e-12)


def test_agrees_with_scipy_sqrtm():
    rng = np.random.default_rng(2)
    m1, m2, c1, c2 = (
        rng.normal(size=40),
        rng.normal(size=40),
        covariance(rng, 40),
        covariance(rng, 40),
    )
    root = scipy.linalg.sqrtm(c1 @ c2).real
    expected = np.sum((m1 - m2) ** 2) + np.trace(c1 + c2 - 2 * root)
    assert frechet_distance(m1, c1, m2, c2) == pytest.approx(expected, rel=1e-10)


def test_symmetric_and_invariant_to_rotation():
    rng = np.random.default_rng(3)
    m1, m2, c1, c2 = rng.normal(size=9), rng.normal(size=9), covariance(rng, 9), covariance(rng, 9)
    q = np.linalg.qr(rng.normal(size=(9, 9)))[0]
    value = frechet_distance(m1, c1, m2, c2)
    assert frechet_distance(m2, c2, m1, c1) == pytest.approx(value, rel=1e-12)
    assert frechet_distance(q @ m1, q @ c1 @ q.T, q @ m2, q @ c2 @ q.T) == pytest.approx(value)


@pytest.mark.parametrize("counts", [(30, 40), (30, 500), (500, 400)])
def test_singular_covariances_agree_with_the_singular_values(counts):
    """Fewer images than the 64 features: both formulas, and both sides of the shortcut."""
    rng = np.random.default_rng(4)
    x, y = (rng.normal(size=(n, 64)) * rng.random(64) for n in counts)
    a, b = features_of_arrays(x), features_of_arrays(y)
    singular = np.linalg.svd((x - x.mean(0)) @ (y - y.mean(0)).T, compute_uv=False).sum()
    overlap = singular / np.sqrt((len(x) - 1) * (len(y) - 1))
    expected = np.sum((a.mean - b.mean) ** 2) + np.trace(a.covariance + b.covariance) - 2 * overlap
    found = frechet_distance(a.mean, a.covariance, b.mean, b.covariance)
    assert found == pytest.approx(expected, rel=1e-10)
    assert frechet_of_samples(x, y) == pytest.approx(expected, rel=1e-10)


def test_infinity_removes_the_bias():
    """Both sets are N(0, I) in 8 dimensions: the truth is 0, finite samples give more."""
    rng = np.random.default_rng(5)
    drawn = features_of_arrays(rng.normal(size=(100, 8)))
    truth = dataclasses.replace(drawn, mean=np.zeros(8), covariance=np.eye(8))
    plain, infinite = [], []
    for _ in range(20):
        x = rng.normal(size=(400, 8))
        plain.append(frechet_of_samples(x, rng.normal(size=(400, 8))))
        infinite.append(frechet_infinity(x, truth))
    # Expected bias of the plain distance of one set: about (d + d(d+1)/4) / n = 0.065.
    assert np.mean(plain) > 0.05
    assert abs(np.mean(infinite)) < 0.01


def test_too_few():
    with pytest.raises(ValueError, match="1 and 5 images"):
        frechet_of_samples(np.zeros((1, 3)), np.zeros((5, 3)))
    with pytest.raises(ValueError, match="at least 4 and 2"):
        frechet_infinity(np.zeros((3, 2)), features_of_arrays(np.eye(3)))
