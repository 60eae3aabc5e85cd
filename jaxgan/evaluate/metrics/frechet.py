"""Frechet distance between Gaussians fitted to two sets of features (FID, arXiv 1706.08500).

    |m1 - m2|^2 + tr(C1) + tr(C2) - 2 tr((C1^1/2 C2 C1^1/2)^1/2)

in float64, by eigenvalues of symmetric matrices: no complex numbers, no iteration. Eigenvalues
that are rounding noise of a singular covariance (fewer images than features) are dropped, they
would add their square root.

The distance is biased by about 1/n. `frechet_infinity` evaluates it on growing subsets and
extrapolates the line in 1/n to zero (arXiv 1911.07023).
"""

from collections.abc import Callable

import numpy as np

from jaxgan.evaluate.features import Features


def frechet_distance(
    mean1: np.ndarray, covariance1: np.ndarray, mean2: np.ndarray, covariance2: np.ndarray
) -> float:
    """Return the squared Frechet distance of two Gaussians.

    Args:
      mean1, mean2: [d] float64. covariance1, covariance2: [d, d] float64, symmetric.
    """
    return _distance(mean1, covariance1, mean2, covariance2, half_root(covariance2))


def half_root(covariance: np.ndarray) -> np.ndarray:
    """Return R [d, rank] with R R^T = covariance (symmetric, positive semidefinite)."""
    values, vectors = np.linalg.eigh(covariance)
    return vectors[:, _real(values)] * np.sqrt(values[_real(values)])


def _distance(mean1, covariance1, mean2, covariance2, root2: np.ndarray) -> float:
    # tr((C1 C2)^1/2) is the sum of the roots of the eigenvalues of R2^T C1 R2.
    values = np.linalg.eigvalsh(root2.T @ covariance1 @ root2)
    overlap = np.sqrt(values[_real(values)]).sum()
    difference = mean1 - mean2
    trace = np.trace(covariance1) + np.trace(covariance2)
    return float(difference @ difference + trace - 2.0 * overlap)


def _real(values: np.ndarray) -> np.ndarray:
    """Return which eigenvalues are above the rounding noise."""
    return values > values.max(initial=0.0) * len(values) * np.finfo(np.float64).eps


def frechet_of_samples(features1: np.ndarray, features2: np.ndarray) -> float:
    """Return the distance from features [n1, d] and [n2, d], fast when n is far below d.

    With centred X: tr((C1 C2)^1/2) is the sum of the singular values of X1 X2^T, over
    sqrt((n1 - 1)(n2 - 1)): a matrix of n1 x n2 instead of d x d.
    """
    x1, x2 = features1.astype(np.float64), features2.astype(np.float64)
    if min(len(x1), len(x2)) < 2:
        raise ValueError(f"{len(x1)} and {len(x2)} images: a covariance needs at least 2 of each")
    mean1, mean2 = x1.mean(axis=0), x2.mean(axis=0)
    if max(len(x1), len(x2)) >= x1.shape[1]:
        covariances = (np.atleast_2d(np.cov(x, rowvar=False)) for x in (x1, x2))
        return frechet_distance(mean1, next(covariances), mean2, next(covariances))
    x1, x2 = (x1 - mean1) / np.sqrt(len(x1) - 1), (x2 - mean2) / np.sqrt(len(x2) - 1)
    overlap = np.linalg.svd(x1 @ x2.T, compute_uv=False).sum()
    difference = mean1 - mean2
    return float(difference @ difference + np.sum(x1**2) + np.sum(x2**2) - 2.0 * overlap)


def frechet_infinity(
    features: np.ndarray, reference: Features, points: int = 15, seed: int = 0
) -> float:
    """Return the distance extrapolated to infinitely many samples; `reference` stays as it is.

    Args:
      features: [n, d] of the samples, n at least 4.
      points: how many subset sizes, evenly spaced from n / 10 (5,000 of 50,000 as published) to n.
      seed: of the shuffle; subsets are its beginnings.
    """
    if len(features) < 4 or points < 2:
        raise ValueError(f"{len(features)} samples and {points} points: write at least 4 and 2")
    shuffled = features[np.random.default_rng(seed).permutation(len(features))]
    sizes = np.linspace(max(2, len(features) // 10), len(features), points).astype(int)
    distance = frechet_to(reference)
    _slope, intercept = np.polyfit(1.0 / sizes, [distance(shuffled[:n]) for n in sizes], 1)
    return float(intercept)


def frechet_to(reference: Features) -> Callable[[np.ndarray], float]:
    """Return the function features [n, d] -> distance to `reference`, for many calls."""
    root = half_root(reference.covariance)

    def distance(features: np.ndarray) -> float:
        exact = features.astype(np.float64)
        covariance = np.atleast_2d(np.cov(exact, rowvar=False))
        return _distance(exact.mean(axis=0), covariance, reference.mean, reference.covariance, root)

    return distance
