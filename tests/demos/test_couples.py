"""How far couples are from being negatives."""

import numpy as np

from tests.demos.couples import distances


def test_negatives_are_at_no_distance_from_their_own():
    first = np.random.default_rng(0).uniform(-1, 1, (400, 4, 6, 1))
    own, other = distances(np.concatenate([first, -first], 2))
    assert own == 0
    # |u - v| of two draws of U(-1, 1) has the mean 2 / 3.
    np.testing.assert_allclose(other, 2 / 3, atol=0.02)
