import numpy as np
import pytest

from jaxgan.evaluate.metrics import distances
from jaxgan.evaluate.metrics.precision_recall import membership


def brute_force(real, fake, recall_k, density_k):
    """The definitions of both papers, pair by pair, in float64."""

    def distance(a, b):
        return np.linalg.norm(a.astype(np.float64)[:, None] - b[None], axis=-1)

    def radii(x, k):
        return np.sort(distance(x, x), axis=1)[:, k]  # column 0 is the point itself

    d = distance(real, fake)
    in_real = d <= radii(real, recall_k)[:, None]
    in_fake = d <= radii(fake, recall_k)[None]
    in_dense = d < radii(real, density_k)[:, None]
    return {
        "precision": in_real.any(axis=0).mean(),
        "recall": in_fake.any(axis=1).mean(),
        "density": in_dense.sum(axis=0).mean() / density_k,
        "coverage": in_dense.any(axis=1).mean(),
    }


def scores(*args, **kwargs):
    return {k: v.mean() for k, v in membership(*args, **kwargs)._asdict().items()}


def test_by_hand():
    """Real at 0, 1, 2, 3 with k = 1: every radius is 1. Samples at 1.5, 3.5, 4.5, 9."""
    real, fake = np.array([[0.0], [1], [2], [3]]), np.array([[1.5], [3.5], [4.5], [9]])
    found = membership(real, fake, recall_k=1, density_k=1)
    np.testing.assert_array_equal(found.precision, [1, 1, 0, 0])
    # Sample radii: 2, 1, 1, 4.5. Reals 0, 1, 2, 3 are within 2 of 1.5.
    np.testing.assert_array_equal(found.recall, [1, 1, 1, 1])
    np.testing.assert_array_equal(found.density, [2, 1, 0, 0])
    np.testing.assert_array_equal(found.coverage, [0, 1, 1, 1])


def test_the_surface_is_inside_for_precision_and_outside_for_density():
    real, fake = np.array([[0.0], [1], [2], [3]]), np.array([[4.0], [9], [14]])
    found = membership(real, fake, recall_k=1, density_k=1)
    assert found.precision[0] == 1 and found.density[0] == 0


@pytest.mark.parametrize("dimension", [2, 50])
@pytest.mark.parametrize("block", [60, 2**24])
def test_is_brute_force(dimension, block, monkeypatch):
    monkeypatch.setattr(distances, "BLOCK", block)
    rng = np.random.default_rng(dimension)
    real = rng.normal(size=(70, dimension)).astype(np.float32)
    fake = (0.8 * rng.normal(size=(50, dimension)) + 0.3).astype(np.float32)
    assert scores(real, fake) == pytest.approx(brute_force(real, fake, 3, 5), abs=1e-12)


def test_a_grid_where_float32_cannot_decide():
    """Half the pairs lie exactly on a surface, far from the origin: float64 must settle them."""
    x, y = np.meshgrid(np.arange(8.0), np.arange(8.0))
    real = np.stack([x.ravel(), y.ravel()], axis=1) + 5000
    fake = real[::3] + np.array([1.0, 0.0])
    assert scores(real, fake) == pytest.approx(brute_force(real, fake, 3, 5), abs=1e-12)


def test_identical_sets_and_disjoint_sets():
    x = np.random.default_rng(0).normal(size=(40, 3))
    same = scores(x, x)
    assert same["precision"] == same["recall"] == same["coverage"] == 1
    assert set(scores(x, x + 1000).values()) == {0.0}


def test_collapse_has_precision_without_recall():
    rng = np.random.default_rng(1)
    found = scores(rng.normal(size=(300, 4)), 1e-3 * rng.normal(size=(300, 4)))
    assert found["precision"] == 1 and found["recall"] < 0.02 and found["coverage"] < 0.2


def test_too_few():
    with pytest.raises(ValueError, match="3 samples and 9 real images"):
        membership(np.zeros((9, 2)), np.zeros((3, 2)))
