"""Frechet distance within each class (intra-class FID, arXiv 1802.05637).

It detects a model whose classes are mixed up or collapsed, which one distance over all classes
cannot see. With few images per class, every distance is biased upwards alike: compare at equal
counts.
"""

import numpy as np

from jaxgan.evaluate.metrics.checks import labels_of, pair
from jaxgan.evaluate.metrics.frechet import frechet_of_samples
from jaxgan.evaluate.metrics.metric import Inputs, Metric, Scores, needed


def per_class_frechet(
    features: np.ndarray, labels: np.ndarray, real_features: np.ndarray, real_labels: np.ndarray
) -> dict[int, float]:
    """Return {class: distance} for every class of the real images.

    Args:
      features: [n, d] of samples; labels: [n] int. real_features: [m, d]; real_labels: [m] int.

    Raises:
      ValueError: a class with fewer than 2 samples or real images; the message lists some.
    """
    pair("features", features, "real_features", real_features)
    labels = labels_of("labels", labels, len(features))
    real_labels = labels_of("real_labels", real_labels, len(real_features))
    small = small_classes(labels, real_labels)
    if small:
        raise ValueError(
            f"{len(small)} classes have fewer than 2 samples or real images (such as "
            f"{', '.join(map(str, small[:5]))}): draw more samples, with labels from every class"
        )
    classes = np.unique(real_labels)
    return {
        int(c): frechet_of_samples(features[labels == c], real_features[real_labels == c])
        for c in classes
    }


def small_classes(labels: np.ndarray, real_labels: np.ndarray) -> list[int]:
    """Return the real images' classes that have fewer than 2 samples or 2 real images.

    >>> small_classes(np.array([0, 0, 1, 2, 2]), np.array([0, 0, 1, 1, 2]))
    [1, 2]
    """
    classes, counts = np.unique(real_labels, return_counts=True)
    drawn = np.bincount(labels, minlength=classes.max(initial=0) + 1)
    return classes[(counts < 2) | (drawn[classes] < 2)].tolist()


def scores(inputs: Inputs) -> Scores:
    """Compute the distance of each class, and their mean."""
    fake, real = needed(inputs.fake), needed(inputs.real)
    labels, real_labels = needed(fake.labels), needed(real.labels)
    each = per_class_frechet(fake.features, labels, real.features, real_labels)
    name = "fd*_per_class"
    return Scores({name: float(np.mean(list(each.values())))}, {name: each})


FD_PER_CLASS = Metric(
    scores, gives=("fd*_per_class",), needs=("samples", "reference", "two_a_class")
)
