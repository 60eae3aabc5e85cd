import jax
import numpy as np

from jaxgan.evaluate.metrics import distances
from jaxgan.evaluate.metrics.distances import exact_distances, row_blocks, squared_distances


def test_the_error_bound_holds_and_exact_is_exact():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(40, 300)) + 2, rng.normal(size=(50, 300))
    b[:5] = a[:5] + 1e-3 * b[:5]  # near pairs: the product form cancels here
    a, b = a.astype(np.float32), b.astype(np.float32)
    expected = ((a.astype(np.float64)[:, None] - b[None]) ** 2).sum(axis=-1)
    found, bound = jax.jit(squared_distances)(a, b)
    assert np.all(np.abs(found - expected) <= bound)
    assert np.asarray(bound).max() < 0.3  # of distances around 1800: the bound is of use
    rows, cols = np.divmod(np.arange(2000), 50)
    np.testing.assert_allclose(exact_distances(a, b, rows, cols) ** 2, expected.ravel(), rtol=1e-13)


def test_pairs_in_parts_and_symmetry(monkeypatch):
    monkeypatch.setattr(distances, "PAIRS", 3)
    x = np.random.default_rng(1).normal(size=(6, 4))
    rows, cols = np.divmod(np.arange(36), 6)
    found = exact_distances(x, x, rows, cols).reshape(6, 6)
    np.testing.assert_array_equal(found, found.T)
    np.testing.assert_allclose(found[0], np.linalg.norm(x[0] - x, axis=1))


def test_blocks_cover_all_rows(monkeypatch):
    monkeypatch.setattr(distances, "BLOCK", 40)
    blocks = row_blocks(11, 10)
    assert [(b.start, b.stop) for b in blocks] == [(0, 4), (4, 8), (8, 11)]
    assert len(row_blocks(3, 1000)) == 3  # a row wider than a block still has its turn
