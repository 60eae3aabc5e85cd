"""Error bars by resampling with replacement (Efron 1979).

The spread over resamples estimates the standard error due to the finite number of images. Only the
spread is used, around the value from all images: the mean of a resampled Frechet distance is biased
upwards, because a resample holds fewer distinct images.
"""

from collections.abc import Callable

import numpy as np

from jaxgan.game.seeds import checked_seed


def standard_error(
    statistic: Callable[[np.ndarray], float], count: int, rounds: int = 100, seed: int = 0
) -> float:
    """Return the standard deviation of `statistic` over resamples.

    Args:
      statistic: indices [count] into the images, some repeated -> the number.
      count: number of images.
      rounds: at least 2; 20 estimate the error to 16%, 100 to 7%.
    """
    if rounds < 2:
        raise ValueError(f"{rounds} bootstrap rounds: write at least 2")
    if count < 1:
        raise ValueError(f"{count} images: a bootstrap needs 1 or more")
    rng = np.random.default_rng(checked_seed(seed))
    values = [statistic(rng.integers(count, size=count)) for _ in range(rounds)]
    return float(np.std(values, ddof=1))
