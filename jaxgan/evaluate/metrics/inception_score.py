"""Inception Score (arXiv 1606.03498): exp of the mean divergence of p(y|x) from its mean.

    exp(mean_x KL(p(y|x) || p(y))), p(y) the mean of p(y|x), in each of 10 splits; mean and std

It lies between 1 and the number of classes. Computed in float64.
"""

import itertools

import numpy as np

from jaxgan.evaluate.metrics.checks import finite
from jaxgan.evaluate.metrics.metric import Inputs, Metric, Scores, needed
from jaxgan.game.seeds import checked_seed


def inception_score(
    logits: np.ndarray, splits: int = 10, seed: int | None = 2020
) -> tuple[float, float]:
    """Return (mean, std over the splits).

    Args:
      logits: [n, k] finite, n at least `splits`.
      splits: 10 as published.
      seed: of the shuffle before splitting (as in torch-fidelity: NumPy's legacy generator); None
        keeps the order.

    >>> inception_score(1e4 * np.eye(4), splits=1)  # sure of each image, all classes alike
    (4.0, 0.0)
    """
    if np.ndim(logits) != 2 or splits < 1:
        raise ValueError(
            f"logits of shape {list(np.shape(logits))} and {splits} splits: write [n, k] and 1 or "
            "more"
        )
    count, classes = logits.shape
    if classes < 2:
        raise ValueError("this extractor gives no logits: an Inception Score needs them")
    if count < splits:
        raise ValueError(
            f"{count} images for {splits} splits: an Inception Score needs {splits} or more, give "
            "them or leave it out"
        )
    finite("logits", logits)
    if seed is not None:
        logits = logits[np.random.RandomState(checked_seed(seed)).permutation(count)]
    bounds = [i * count // splits for i in range(splits + 1)]
    scores = [_score(logits[a:b]) for a, b in itertools.pairwise(bounds)]
    return float(np.mean(scores)), float(np.std(scores))


def _score(logits: np.ndarray) -> float:
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    p = np.exp(log_p)
    # A class that no image has (p underflows) adds nothing: 0 log 0 = 0.
    log_marginal = np.log(np.maximum(p.mean(axis=0), np.finfo(np.float64).tiny))
    return float(np.exp((p * (log_p - log_marginal)).sum(axis=1).mean()))


def scores(inputs: Inputs) -> Scores:
    """Compute the score and its spread over the splits."""
    mean, std = inception_score(needed(inputs.fake).logits, seed=inputs.seed)
    return Scores({"is*": mean, "is*_std": std})


IS = Metric(scores, gives=("is*", "is*_std"), needs=("samples", "logits"), least=(10, 0))
