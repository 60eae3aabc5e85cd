"""CMMD (arXiv 2401.09603): squared MMD of CLIP embeddings with a Gaussian kernel, times 1,000.

    1000 (mean_{i, j} k(x_i, x_j) + mean_{i, j} k(y_i, y_j) - 2 mean_{i, j} k(x_i, y_j))
    k(x, y) = exp(-|x - y|^2 / (2 * 10^2))

This is the minimum-variance estimate, which includes i = j: never below zero, and biased upwards by
about 1000 (1 - mean k) (1 / n_x + 1 / n_y). The paper's number is the one with the extractor
`clip`; the kernel's width suits embeddings of unit length. Float64, because the three terms cancel.
"""

import numpy as np

from jaxgan.evaluate.metrics.checks import pair
from jaxgan.evaluate.metrics.metric import Inputs, Metric, Scores, needed

SIGMA, SCALE = 10.0, 1000.0
BLOCK = 2**23  # float64 elements of one block of a kernel matrix: 64 MB


def gaussian_distance(features1: np.ndarray, features2: np.ndarray) -> float:
    """Return the distance between features [n1, d] and [n2, d].

    >>> round(gaussian_distance(np.zeros((1, 1)), np.full((1, 1), 10.0)), 4)  # 2000 (1 - e^-0.5)
    786.9387
    """
    x, y = (np.asarray(a, np.float64) for a in pair("features1", features1, "features2", features2))
    center = x.mean(axis=0)  # distances stay the same, norms (and rounding errors) shrink
    x, y = x - center, y - center
    between = _mean_kernel(x, y)
    return SCALE * float(_mean_kernel(x, x) + _mean_kernel(y, y) - 2.0 * between)


def _mean_kernel(x: np.ndarray, y: np.ndarray) -> float:
    norms, total = np.einsum("id,id->i", y, y), 0.0
    rows = max(1, BLOCK // len(y))
    for start in range(0, len(x), rows):
        block = x[start : start + rows]
        squares = np.einsum("id,id->i", block, block)[:, None] + norms - 2.0 * (block @ y.T)
        total += np.exp(np.maximum(squares, 0.0) * (-0.5 / SIGMA**2)).sum()
    return total / (len(x) * len(y))


def scores(inputs: Inputs) -> Scores:
    """Compute the distance between all samples and all real images."""
    fake, real = needed(inputs.fake), needed(inputs.real)
    return Scores({"cmmd*": gaussian_distance(fake.features, real.features)})


CMMD = Metric(scores, gives=("cmmd*",))
