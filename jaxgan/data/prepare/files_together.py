"""An order of samples that were cut from files, several per file: a file's samples stay together.

Files are shuffled, not the samples in them, so that a slice of the split such as train[90%:] holds
whole files. `open_records` moves the ends of such a slice to the nearest border between two files
(data/whole_files.py), using the counts in the manifest under "files".
"""

from collections.abc import Sequence

import numpy as np

from jaxgan.data.order import permutation


def by_file(files: np.ndarray, seed: int | None) -> tuple[np.ndarray, list[int]]:
    """Return the order of samples [n], and the number of samples from each file, in this order.

    Args:
      files: [n], the number of each sample's file.
      seed: of the shuffle; None keeps the order of the files.
    """
    numbers, counts = np.unique(files, return_counts=True)
    order = np.arange(len(numbers)) if seed is None else permutation(len(numbers), seed, "prepare")
    members = np.split(np.argsort(files, kind="stable"), np.cumsum(counts)[:-1])
    return np.concatenate([members[i] for i in order]), counts[order].tolist()


def of_kept(files: np.ndarray, names: Sequence[str], rejected: dict[str, str]) -> np.ndarray:
    """Return the file numbers of the samples that were not rejected."""
    return files[[name not in rejected for name in names]]
