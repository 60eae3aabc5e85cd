import numpy as np
import pytest

from jaxgan.evaluate.features import features_of_arrays
from jaxgan.evaluate.metrics.held_out import divided, divided_features


def test_a_tenth_of_every_class_is_held_out_once():
    labels = np.repeat([0, 1, 2], [100, 50, 20])
    train, test = divided(np.arange(170), labels)
    assert np.bincount(test[1]).tolist() == [10, 5, 2]
    np.testing.assert_array_equal(np.sort(np.concatenate([train[0], test[0]])), np.arange(170))
    np.testing.assert_array_equal(labels[test[0]], test[1])
    assert not np.array_equal(divided(np.arange(170), labels, seed=1)[1][0], test[0])
    np.testing.assert_array_equal(divided(np.arange(170), labels)[1][0], test[0])


def test_a_split_of_its_own_is_taken_whole():
    real, test = (features_of_arrays(np.eye(n), labels=np.arange(n)) for n in (8, 6))
    train, tested = divided_features(real, test, 0)
    assert train[0] is real.features and tested[0] is test.features


def test_too_few():
    with pytest.raises(ValueError, match="5 real images: a tenth of them is none"):
        divided(np.zeros((5, 2)), np.arange(5))
