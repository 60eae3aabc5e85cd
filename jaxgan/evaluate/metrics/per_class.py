"""Frechet distance within each class (intra-class FID, arXiv 1802.05637).

It catches a model whose classes are mixed up or collapsed, which one distance over all classes
cannot see. With few images a class every distance is biased upwards alike: compare at equal counts.
"""

import numpy as np

from jaxgan.evaluate.metrics.frechet import frechet_of_samples


def per_class_frechet(
    features: np.ndarray, labels: np.ndarray, real_features: np.ndarray, real_labels: np.ndarray
) -> dict[int, float]:
    """Return {class: distance} for every class of the real images.

    Args:
      features: [n, d] of samples; labels: [n] int. real_features: [m, d]; real_labels: [m] int.

    Raises:
      ValueError: a class with fewer than 2 samples or real images; the message lists all.
    """
    classes = np.unique(real_labels)
    small = [int(c) for c in classes if min((labels == c).sum(), (real_labels == c).sum()) < 2]
    if small:
        raise ValueError(
            f"{len(small)} classes have fewer than 2 samples or real images (such as "
            f"{', '.join(map(str, small[:5]))}): draw more samples, with labels from every class"
        )
    return {
        int(c): frechet_of_samples(features[labels == c], real_features[real_labels == c])
        for c in classes
    }
