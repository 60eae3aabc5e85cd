import numpy as np
import pytest

from jaxgan.evaluate.metrics.accuracy_score import classification_accuracy_score
from jaxgan.evaluate.metrics.probe import neighbour_labels


def labelled(seed, count, classes=4):
    rng = np.random.default_rng(seed)
    labels = (np.arange(count) % classes).astype(np.int32)
    return rng.normal(size=(count, 6)) + 3 * np.eye(6)[labels], labels


def bayes_accuracy():
    """The best possible: argmax of the four coordinates, by simulation."""
    x, y = labelled(99, 200_000)
    return np.mean(x[:, :4].argmax(axis=1) == y)


def test_real_data_in_known_accuracy_out():
    """Samples from the true distribution score as real ones, and as the best classifier."""
    found = classification_accuracy_score(
        labelled(0, 1000), labelled(1, 1000), labelled(2, 4000), 4
    )
    # Standard error of 4000 test images: 0.3%; the classifier itself is estimated.
    assert found["accuracy"] == pytest.approx(bayes_accuracy(), abs=0.015)
    assert found["oracle"] == pytest.approx(bayes_accuracy(), abs=0.015)
    assert np.mean(found["per_class"]) == pytest.approx(found["accuracy"])


def test_wrong_labels_are_punished():
    x, y = labelled(0, 400)
    found = classification_accuracy_score((x, (y + 1) % 4), labelled(1, 400), labelled(2, 400), 4)
    assert found["accuracy"] < 0.1 < 0.9 < found["oracle"]


def test_tests_on_test_images_only():
    """A classifier that knows its training set by heart scores 1 on it, not on other images."""
    rng = np.random.default_rng(3)
    train = (rng.normal(size=(100, 4)), np.arange(100) % 2)
    test = (rng.normal(size=(100, 4)), np.arange(100) % 2)

    def memory(x, y, z, classes):
        return neighbour_labels(x, y, z, classes, k=1)

    assert classification_accuracy_score(train, train, train, 2, memory)["accuracy"] == 1.0
    assert classification_accuracy_score(train, train, test, 2, memory)["accuracy"] < 0.7


def test_a_class_without_samples():
    x, y = labelled(0, 40)
    with pytest.raises(ValueError, match=r"no samples of classes \[2\]"):
        classification_accuracy_score((x[y != 2], y[y != 2]), (x, y), (x, y), 4)
