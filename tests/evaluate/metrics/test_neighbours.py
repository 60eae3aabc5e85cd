import numpy as np
import pytest

from jaxgan.evaluate.metrics import distances, neighbours
from jaxgan.evaluate.metrics.neighbours import copy_rates, nearest


def brute_force(queries, reference, k, skip_self=False):
    d = np.linalg.norm(queries.astype(np.float64)[:, None] - reference[None], axis=-1)
    if skip_self:
        np.fill_diagonal(d, np.inf)
    return np.sort(d, axis=1)[:, :k], np.argsort(d, axis=1, kind="stable")[:, :k]


@pytest.mark.parametrize("skip_self", [False, True])
def test_nearest_is_brute_force(skip_self, monkeypatch):
    monkeypatch.setattr(distances, "BLOCK", 500)  # several blocks, the last one short
    rng = np.random.default_rng(0)
    reference = rng.normal(size=(60, 20)).astype(np.float32)
    queries = reference if skip_self else rng.normal(size=(33, 20)).astype(np.float32)
    expected = brute_force(queries, reference, 4, skip_self)
    found = nearest(queries, reference, 4, skip_self)
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-12)
    np.testing.assert_array_equal(found[1], expected[1])


def test_clusters_that_float32_cannot_resolve():
    """Points 1e-6 apart at a distance of 10 from the center: float32 products see zeros."""
    rng = np.random.default_rng(1)
    centers = np.repeat(10 * np.eye(3), 30, axis=0)
    points = centers + 1e-6 * rng.normal(size=(90, 3))
    expected = brute_force(points, points, 3, skip_self=True)
    found = nearest(points, points, 3, skip_self=True)
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-12)
    np.testing.assert_array_equal(found[1], expected[1])


def test_exact_copies_are_at_distance_zero():
    points = np.repeat(np.arange(5.0)[:, None], 4, axis=0)
    found, indices = nearest(points, points, 3, skip_self=True)
    np.testing.assert_array_equal(found, 0)
    assert all(i not in row for i, row in enumerate(indices))
    np.testing.assert_array_equal(indices // 4, np.arange(20)[:, None] // 4 + np.zeros((1, 3), int))


def test_k_out_of_range():
    with pytest.raises(ValueError, match="5 neighbours of 4 images"):
        nearest(np.zeros((4, 2)), np.zeros((4, 2)), 5)
    with pytest.raises(ValueError, match="4 neighbours of 3 images"):
        nearest(np.zeros((4, 2)), np.zeros((4, 2)), 4, skip_self=True)


def test_copy_rates():
    rng = np.random.default_rng(2)
    training = rng.normal(size=(400, 4))
    fresh = copy_rates(rng.normal(size=(400, 4)), training)
    # Independent data: 1% by construction, and 4 of 400 scatter by 2 (one sigma).
    assert fresh["memorised"] < 0.03 and fresh["repeated"] < 0.03
    samples = np.concatenate([training[:120], rng.normal(size=(280, 4))])
    stolen = copy_rates(samples, training)
    assert stolen["memorised"] == pytest.approx(0.3, abs=0.02)
    np.testing.assert_array_equal(stolen["nearest"][:120], np.arange(120))
    np.testing.assert_array_equal(stolen["distance"][:120], 0)
    collapsed = copy_rates(np.repeat(rng.normal(size=(10, 4)), 50, axis=0), training)
    assert collapsed["repeated"] == 1.0 and collapsed["memorised"] < 0.2


def test_candidates_are_enough_or_looked_up_again(monkeypatch):
    """Without spare candidates every doubtful row must still come out right."""
    monkeypatch.setattr(neighbours, "SPARE", 0)
    points = np.random.default_rng(3).normal(size=(200, 3)).astype(np.float32)
    expected = brute_force(points, points, 3)
    found = nearest(points, points, 3)
    np.testing.assert_allclose(found[0], expected[0], atol=1e-12)
