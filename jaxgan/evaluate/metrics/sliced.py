"""MIND (arXiv 2605.06797): a sliced Wasserstein distance of features.

    3 d  mean over unit vectors u of  mean_i (sort(X u)_i - sort(Y u)_i)^2

In one dimension, optimal transport pairs sorted values. So no Gaussian is assumed, no matrix is
formed, and few samples suffice: the cost is one sort per projection. The factor 3 d gives the scale
of a squared distance between features.
"""

import numpy as np

from jaxgan.evaluate.metrics.checks import pair
from jaxgan.evaluate.metrics.metric import Inputs, Metric, Scores, needed
from jaxgan.game.seeds import checked_seed

BLOCK = 2**22  # projected values in memory at once: 32 MB of float64


def sliced_distance(
    features1: np.ndarray, features2: np.ndarray, projections: int = 1000, seed: int = 2020
) -> float:
    """Return the distance between features [n1, d] and [n2, d].

    Args:
      projections: number of unit vectors, uniform on the sphere.
      seed: of the projections. For sets of different sizes, quantile functions are compared: the
        larger set's is interpolated linearly at (i + 1/2) / n for the smaller set's n values.

    >>> x = np.random.default_rng(0).normal(size=(50, 1))  # one dimension: u is 1 or -1
    >>> round(sliced_distance(x, x[::-1] + 2.0, 5), 9)  # 3 * 1 * 2^2
    12.0
    """
    if projections < 1:
        raise ValueError(f"{projections} projections: write 1 or more")
    x, y = pair("features1", features1, "features2", features2)
    x, y = (x, y) if len(x) <= len(y) else (y, x)
    places = (np.arange(len(x)) + 0.5) / len(x) * len(y) - 0.5
    rng, total, width = np.random.default_rng(checked_seed(seed)), 0.0, x.shape[1]
    left = projections
    while left:
        count = min(left, max(1, BLOCK // len(y)))
        u = rng.normal(size=(count, width)).T
        u /= np.linalg.norm(u, axis=0)
        a, b = np.sort(x @ u, axis=0), np.sort(y @ u, axis=0)
        if len(a) < len(b):
            low = places.astype(int)
            b = b[low] + (places - low)[:, None] * (b[np.minimum(low + 1, len(b) - 1)] - b[low])
        total += ((a - b) ** 2).mean(axis=0).sum()
        left -= count
    return float(3 * width * total / projections)


def scores(inputs: Inputs) -> Scores:
    """Compute the distance over 1,000 projections."""
    fake, real = needed(inputs.fake), needed(inputs.real)
    value = sliced_distance(fake.features, real.features, seed=inputs.seed)
    return Scores({"mind*": value})


MIND = Metric(scores, gives=("mind*",))
