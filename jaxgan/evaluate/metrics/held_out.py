"""The share of real images on which classifiers are tested, and not trained.

They are drawn by class, so that every class is tested even if records are sorted by class.
"""

import numpy as np

from jaxgan.data.order import stratified
from jaxgan.evaluate.features import Features
from jaxgan.evaluate.metrics.metric import Labelled, needed

SHARE = 0.1


def divided(inputs: np.ndarray, labels: np.ndarray, seed: int = 0) -> tuple[Labelled, Labelled]:
    """Return (inputs, labels) to train on, and a tenth of them to test on.

    Args:
      inputs: [n, ...]; labels: [n] int.

    Raises:
      ValueError: a tenth of them rounds to zero.

    >>> train, test = divided(np.arange(40)[:, None], np.repeat([0, 1], 20))
    >>> np.bincount(train[1]).tolist(), np.bincount(test[1]).tolist()
    ([18, 18], [2, 2])
    """
    count = tested(len(labels))
    if not count:
        raise ValueError(
            f"{len(labels)} real images: a tenth of them is none to test on; write more, or name a "
            "split to test on"
        )
    chosen = np.zeros(len(labels), bool)
    chosen[stratified(labels, count, "held out", seed)] = True
    return (inputs[~chosen], labels[~chosen]), (inputs[chosen], labels[chosen])


def tested(count: int) -> int:
    """Return the number of images held out of `count`."""
    return round(SHARE * count)


def divided_features(real: Features, test: Features | None, seed: int) -> tuple[Labelled, Labelled]:
    """Return (features, labels) to train on and to test on: the latter all of `test`, if given."""
    known = real.features, needed(real.labels)
    return divided(*known, seed) if test is None else (known, (test.features, needed(test.labels)))
