"""Recognition and diversity on images whose answer is known."""

import numpy as np
import pytest

from jaxgan.evaluate.metrics.recognition import diversity, recognition


def blobs(n: int, classes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Class k is a bright square in place k, under noise."""
    rng = np.random.default_rng(seed)
    labels = (np.arange(n) % classes).astype(np.int32)
    images = rng.normal(scale=0.1, size=(n, 16, 16, 1)).astype(np.float32) - 0.8
    for image, label in zip(images, labels, strict=True):
        row, column = divmod(int(label), 2)
        image[8 * row : 8 * row + 8, 8 * column : 8 * column + 8] += 1.5
    return images, labels


def test_diversity_is_the_mean_squared_distance_of_pairs():
    images, labels = blobs(40, 4, 0)
    expected = []
    for k in range(4):
        group = images[labels == k].astype(np.float64)
        pairs = [((a - b) ** 2).sum() for i, a in enumerate(group) for b in group[:i]]
        expected.append(np.mean(pairs))
    np.testing.assert_allclose(diversity(images, labels), expected, rtol=1e-5)


def test_real_images_as_samples_are_recognised_and_as_diverse():
    images, labels = blobs(800, 4, 1)
    order = np.argsort(labels, kind="stable")[:660]  # by class, the last with 60: below a tenth
    scores = recognition((images[order], labels[order]), blobs(80, 4, 2), 4)
    assert scores["recognised"] > 0.95 and scores["recognised_real"] > 0.95
    assert scores["diversity"] == pytest.approx(1, abs=0.05)


def test_wrong_labels_and_single_images_show():
    images, labels = blobs(80, 4, 2)
    swapped = recognition(blobs(600, 4, 1), (images, (labels + 1) % 4), 4)
    assert swapped["recognised"] < 0.05
    single = recognition(blobs(600, 4, 1), (images[labels], labels), 4)
    assert single["diversity"] < 1e-6 and single["recognised_classes"][0] > 0.95
