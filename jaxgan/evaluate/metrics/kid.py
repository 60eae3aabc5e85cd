"""Kernel distance (KID, arXiv 1801.01401): squared MMD with the kernel k(x, y) = (x.y/d + 1)^3.

    mean_{i != j} k(x_i, x_j) + mean_{i != j} k(y_i, y_j) - 2 mean_{i, j} k(x_i, y_j)

Unbiased for any sample size, so it suits small sets; it may be slightly below zero. The published
protocol is the mean and standard deviation over random subsets. The kernel matrices are formed
once, in blocks: the sum over a subset is s^T K s with s its indicator vector, so all subsets, and
the estimate from all samples, come from one more matrix product. Float64, because the three terms
cancel.
"""

from typing import NamedTuple

import numpy as np

from jaxgan.evaluate.metrics.checks import pair
from jaxgan.evaluate.metrics.metric import Inputs, Metric, Scores, needed
from jaxgan.game.seeds import checked_seed

# Float64 elements of one block of a kernel matrix: 64 MB.
BLOCK = 2**23


class KernelDistance(NamedTuple):
    """The distance: mean and std over the subsets; unbiased, the estimate from all samples at
    once."""

    mean: float
    std: float
    unbiased: float


def kernel_distance(
    features1: np.ndarray,
    features2: np.ndarray,
    subsets: int = 100,
    subset_size: int = 1000,
    seed: int = 2020,
) -> KernelDistance:
    """Return the kernel distance between features [n1, d] and [n2, d].

    Args:
      subsets, subset_size: of the published protocol. A smaller set lowers subset_size.
      seed: of the subsets. They are drawn as torch-fidelity draws them (NumPy's legacy generator,
        whose stream does not change), so that equal features give equal numbers.

    >>> kernel_distance(np.zeros((2, 1)), np.ones((2, 1)), subsets=1)  # 1 + 2^3 - 2
    KernelDistance(mean=7.0, std=0.0, unbiased=7.0)
    """
    n1, n2 = len(features1), len(features2)
    size = min(subset_size, n1, n2)
    if size < 2:
        raise ValueError(f"{n1} and {n2} samples: a kernel distance needs at least 2 of each")
    if subsets < 1:
        raise ValueError(f"{subsets} subsets: write 1 or more")
    pair("features1", features1, "features2", features2)
    rng = np.random.RandomState(checked_seed(seed))
    chosen1, chosen2 = np.zeros((n1, subsets + 1)), np.zeros((n2, subsets + 1))
    chosen1[:, subsets] = chosen2[:, subsets] = 1.0  # the last column: all samples
    for i in range(subsets):
        chosen1[rng.choice(n1, size, replace=False), i] = 1.0
        chosen2[rng.choice(n2, size, replace=False), i] = 1.0
    x, y = features1.astype(np.float64), features2.astype(np.float64)
    m, n = chosen1.sum(axis=0), chosen2.sum(axis=0)
    within1 = _kernel_sums(x, None, chosen1, chosen1) / (m * (m - 1))
    within2 = _kernel_sums(y, None, chosen2, chosen2) / (n * (n - 1))
    between = _kernel_sums(x, y, chosen1, chosen2) / (m * n)
    *values, unbiased = within1 + within2 - 2.0 * between
    return KernelDistance(float(np.mean(values)), float(np.std(values)), float(unbiased))


def _kernel_sums(x: np.ndarray, y: np.ndarray | None, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return sum_ij a[i, s] k(x_i, y_j) b[j, s] for every s; y None: x with itself, i != j."""
    own = y is None
    y = x if own else y
    sums = np.zeros(a.shape[1])
    rows = max(1, BLOCK // len(y))
    for start in range(0, len(x), rows):
        block = slice(start, start + rows)
        # Of a symmetric matrix only half is formed: pairs j < i of earlier blocks count twice.
        columns = slice(0, min(start + rows, len(x))) if own else slice(None)
        kernel = x[block] @ y[columns].T
        kernel /= x.shape[1]
        kernel += 1.0
        kernel *= kernel * kernel
        if own:
            kernel[:, start:] = np.tril(kernel[:, start:], -1)
            kernel *= 2.0
        sums += np.einsum("is,is->s", a[block], kernel @ b[columns])
    return sums


def scores(inputs: Inputs) -> Scores:
    """Compute the distance over subsets, its spread, and the estimate from all samples."""
    fake, real = needed(inputs.fake), needed(inputs.real)
    found = kernel_distance(fake.features, real.features, seed=inputs.seed)
    return Scores({"kd*": found.mean, "kd*_std": found.std, "kd*_unbiased": found.unbiased})


KD = Metric(scores, gives=("kd*", "kd*_std", "kd*_unbiased"))
