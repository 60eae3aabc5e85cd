"""Agreement of two partitions of the same images, such as found categories and classes.

    I(a; b) = sum p(a, b) log p(a, b) / (p(a) p(b))        NMI = 2 I / (H(a) + H(b))

It is 1 if each determines the other, 0 if they are independent. The entropies are averaged
arithmetically, scikit-learn's default. If there are only as many images as pairs of category and
class, independent partitions score above 0 by chance: use many more.
"""

import numpy as np


def normalised_mutual_information(a: np.ndarray, b: np.ndarray) -> float:
    """Return the NMI of two integer labelings [n]; 1 if both have only one part.

    >>> round(normalised_mutual_information(np.array([0, 0, 1, 1]), np.array([5, 5, 2, 2])), 12)
    1.0
    """
    _same_length(a, b)
    a, b = (np.unique(x, return_inverse=True)[1] for x in (a, b))
    joint = np.zeros((a.max() + 1, b.max() + 1))
    np.add.at(joint, (a, b), 1.0 / len(a))
    entropies = entropy(joint.sum(1)) + entropy(joint.sum(0))
    return 2.0 * (entropies - entropy(joint.ravel())) / entropies if entropies else 1.0


def entropy(p: np.ndarray) -> float:
    """Return -sum p log p of probabilities, in nats."""
    p = p[p > 0]
    return float(-np.sum(p * np.log(p)))


def purity(found: np.ndarray, classes: np.ndarray) -> float:
    """Return the share of images whose class is the most common one in their category.

    Args:
      found, classes: [n] int, 0 or more.

    >>> purity(np.array([0, 0, 0, 1]), np.array([1, 1, 0, 2]))
    0.75
    """
    _same_length(found, classes)
    if min(found.min(), classes.min()) < 0:
        raise ValueError("a category or class below 0: write integers from 0 up")
    counts = np.zeros((found.max() + 1, classes.max() + 1), int)
    np.add.at(counts, (found, classes), 1)
    return float(counts.max(1).sum() / len(classes))


def _same_length(a: np.ndarray, b: np.ndarray) -> None:
    if len(a) != len(b) or not len(a):
        raise ValueError(f"{len(a)} labels and {len(b)}: give as many of both, at least one")
