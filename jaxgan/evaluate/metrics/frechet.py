"""Frechet distance between Gaussians fitted to two sets of features (FID, arXiv 1706.08500).

    |m1 - m2|^2 + tr(C1) + tr(C2) - 2 tr((C1^1/2 C2 C1^1/2)^1/2)

in float64, by eigenvalues of symmetric matrices: no complex numbers, no iteration. Eigenvalues that
are only rounding noise of a singular covariance (fewer images than features) are dropped, because
they would contribute their square roots.

The distance has a bias of about 1/n. `frechet_infinity` evaluates it on growing subsets and
extrapolates the line in 1/n to zero (arXiv 1911.07023).
"""

from collections.abc import Callable

import numpy as np

from jaxgan.evaluate.features import Features
from jaxgan.evaluate.metrics.bootstrap import standard_error
from jaxgan.evaluate.metrics.checks import finite, pair, rows
from jaxgan.evaluate.metrics.metric import Inputs, Metric, Scores, needed
from jaxgan.game.seeds import checked_seed


def frechet_distance(
    mean1: np.ndarray, covariance1: np.ndarray, mean2: np.ndarray, covariance2: np.ndarray
) -> float:
    """Return the squared Frechet distance of two Gaussians.

    Args:
      mean1, mean2: [d] float64. covariance1, covariance2: [d, d] float64, symmetric.

    Raises:
      ValueError: other shapes, or values that are not finite; names the argument.

    >>> frechet_distance(np.ones(1), np.eye(1), np.zeros(1), 4 * np.eye(1))  # 1 + (1 - 2)^2
    2.0
    """
    d = len(mean1)
    arguments = {"mean1": mean1, "covariance1": covariance1}
    arguments |= {"mean2": mean2, "covariance2": covariance2}
    for name, value in arguments.items():
        wanted = (d,) if name.startswith("mean") else (d, d)
        if np.shape(value) != wanted or not d:
            raise ValueError(
                f"{name} has shape {list(np.shape(value))}: write {list(wanted)}, as mean1 has {d}"
            )
        finite(name, value)
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

    >>> x = np.array([[0.0, 1.0], [2.0, 5.0], [4.0, 0.0]])
    >>> round(frechet_of_samples(x, x + 3.0), 9)  # the same covariance: 2 * 3^2
    18.0
    """
    if min(len(features1), len(features2)) < 2:
        raise ValueError(
            f"{len(features1)} and {len(features2)} images: a covariance needs at least 2 of each"
        )
    x1, x2 = pair("features1", features1, "features2", features2)
    x1, x2 = x1.astype(np.float64), x2.astype(np.float64)
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
    """Return the distance extrapolated to infinitely many samples, with a fixed `reference`.

    Args:
      features: [n, d] of the samples, n at least 4.
      points: number of subset sizes, evenly spaced from n / 10 (5,000 of 50,000 as published) to n.
      seed: of the shuffle; each subset is a beginning of it.
    """
    if len(features) < 4 or points < 2:
        raise ValueError(f"{len(features)} samples and {points} points: write at least 4 and 2")
    rows("features", features)
    if features.shape[1] != len(reference.mean):
        raise ValueError(
            f"features has {features.shape[1]} columns and the reference {len(reference.mean)}: "
            "use one extractor for both"
        )
    shuffled = features[np.random.default_rng(checked_seed(seed)).permutation(len(features))]
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


def scores(inputs: Inputs) -> Scores:
    """Compute the distance, and its bootstrap error if asked for."""
    fake, real, rounds = needed(inputs.fake), needed(inputs.real), inputs.bootstrap_rounds
    found = {"fd*": frechet_distance(fake.mean, fake.covariance, real.mean, real.covariance)}
    if rounds:
        distance, count = frechet_to(real), len(fake.features)
        resampled = lambda chosen: distance(fake.features[chosen])
        found["fd*_std"] = standard_error(resampled, count, rounds, inputs.seed)
    return Scores(found)


def infinity_scores(inputs: Inputs) -> Scores:
    """Compute the extrapolated distance."""
    fake, real = needed(inputs.fake), needed(inputs.real)
    value = frechet_infinity(fake.features, real, seed=inputs.seed)
    return Scores({"fd*_infinity": value})


FD = Metric(scores, gives=("fd*",), error_bars=("fd*_std",))
FD_INFINITY = Metric(infinity_scores, gives=("fd*_infinity",), least=(4, 2))
