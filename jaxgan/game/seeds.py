"""Seeds of samples and of metrics: 32 bits, which neither JAX nor NumPy's generators truncate."""

import numpy as np

SEEDS = 1 << 32


def checked_seed(seed: int) -> int:
    """Return a seed in [0, SEEDS) as an int; ValueError for another.

    >>> checked_seed(1 << 32)
    Traceback (most recent call last):
    ValueError: seed = 4294967296: write a whole number from 0 to 4294967295
    """
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or not 0 <= seed < SEEDS:
        raise ValueError(f"seed = {seed!r}: write a whole number from 0 to {SEEDS - 1}")
    return int(seed)
