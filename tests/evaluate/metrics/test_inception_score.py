import numpy as np
import pytest

from jaxgan.evaluate.metrics.inception_score import inception_score


def test_sure_and_uniform_gives_the_number_of_classes():
    logits = 1e4 * np.tile(np.eye(7), (20, 1))
    mean, std = inception_score(logits, splits=5, seed=None)
    assert mean == pytest.approx(7.0) and std == pytest.approx(0.0, abs=1e-12)


def test_unsure_or_collapsed_gives_one():
    assert inception_score(np.zeros((50, 9))) == pytest.approx((1.0, 0.0))
    assert inception_score(np.tile([1e4, 0.0, 0.0], (50, 1))) == pytest.approx((1.0, 0.0))


def test_is_the_exponential_of_the_mutual_information():
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(60, 8)) * 2 + 100  # a constant changes no probability
    p = np.exp(logits - 100) / np.exp(logits - 100).sum(axis=1, keepdims=True)

    def entropy(q):
        return -np.sum(q * np.log(q), axis=-1)

    scores = [np.exp(entropy(q.mean(axis=0)) - entropy(q).mean()) for q in np.split(p, 3)]
    mean, std = inception_score(logits, splits=3, seed=None)
    assert mean == pytest.approx(np.mean(scores)) and std == pytest.approx(np.std(scores))


def test_splits_take_every_image_once():
    """23 images in 10 splits of 2 or 3: all classes different, so a split scores its size."""
    mean, _ = inception_score(1e4 * np.eye(23), splits=10)
    assert mean == pytest.approx(2.3)


def test_images_are_shuffled_before_they_are_split():
    """Sorted by class, each split alone would hold one class and score 1."""
    logits = 1e4 * np.repeat(np.eye(10), 20, axis=0)
    assert inception_score(logits, seed=None)[0] == pytest.approx(1.0)
    shuffled = logits[np.random.RandomState(7).permutation(200)]
    expected = inception_score(shuffled, seed=None)
    assert inception_score(logits, seed=7) == pytest.approx(expected) and expected[0] > 6


def test_errors():
    with pytest.raises(ValueError, match="gives no logits"):
        inception_score(np.zeros((50, 0)))
    with pytest.raises(ValueError, match="9 images for 10 splits"):
        inception_score(np.zeros((9, 3)))
