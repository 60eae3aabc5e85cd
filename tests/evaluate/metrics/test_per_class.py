import numpy as np
import pytest

from jaxgan.evaluate.metrics.frechet import frechet_of_samples
from jaxgan.evaluate.metrics.per_class import per_class_frechet


def test_each_class_on_its_own():
    rng = np.random.default_rng(0)
    features, real = rng.normal(size=(60, 4)), rng.normal(size=(90, 4))
    labels, real_labels = np.arange(60) % 3, np.repeat([0, 1, 2], 30)
    found = per_class_frechet(features, labels, real, real_labels)
    assert list(found) == [0, 1, 2]
    for c in range(3):
        expected = frechet_of_samples(features[labels == c], real[real_labels == c])
        assert found[c] == pytest.approx(expected)


def test_swapped_classes_are_seen():
    rng = np.random.default_rng(1)
    labels = np.arange(200) % 2
    real = rng.normal(size=(200, 3)) + 5 * labels[:, None]
    right = per_class_frechet(real + 0.01, labels, real, labels)
    wrong = per_class_frechet(real + 0.01, 1 - labels, real, labels)
    assert max(right.values()) < 0.01 < 50 < min(wrong.values())


def test_missing_classes_are_named():
    with pytest.raises(ValueError, match=r"2 classes have fewer than 2 .* \(such as 1, 2\)"):
        per_class_frechet(np.zeros((4, 6)), np.array([0, 0, 1, 5]), np.eye(6), np.arange(6) // 2)
