"""Retrieval: is an output nearer to its own true picture than to the others'?

    r1, r5    share of outputs to which fewer than 1 (5) of the other true pictures are nearer than
              their own, by the root mean square of the pixels. Chance is 1 / n (5 / n) for n

For captions this is R-precision. It shows that the text is obeyed, not that a picture is new, so
each is also given as *_copy, for the source itself instead of the output (for a caption: the
picture of the nearest training caption), and as *_shuffled, for the output of another source, which
is chance. "retrieval_features" gives the same by the cosine of an extractor's features.
"""

from collections.abc import Callable

import numpy as np

from jaxgan.data.order import permutation
from jaxgan.evaluate.metrics.distances import row_blocks
from jaxgan.evaluate.metrics.metric import Inputs, Metric, Scores, needed
from jaxgan.evaluate.metrics.paired import enlarged, with_channels

KS = (1, 5)
BASELINES = ("", "_copy", "_shuffled")
ROUNDING = 1e-9  # times the squared norms: nearer by less than this is not nearer


def ranks(made: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Return how many rows of `true` [n, d] are nearer to made[i] than true[i] is, [n] int64.

    >>> true = np.array([[0.0], [1.0], [3.0]])
    >>> ranks(np.array([[0.1], [2.9], [-1.0]]), true).tolist()
    [0, 1, 2]
    """
    true = true.astype(np.float64)
    squares, found = (true**2).sum(1), np.empty(len(made), np.int64)
    for rows in row_blocks(len(made), max(len(true), made.shape[1])):
        some = made[rows].astype(np.float64)
        distances = squares[None] - 2 * some @ true.T + (some**2).sum(1)[:, None]
        own = distances[np.arange(len(some)), np.arange(rows.start, rows.start + len(some))]
        found[rows] = (distances < own[:, None] - ROUNDING * squares.max()).sum(1)
    return found


def others(count: int, seed: int) -> np.ndarray:
    """Return, for each of `count` places, a different place, [count] int64; each occurs once."""
    order, found = permutation(count, seed, "retrieval"), np.empty(count, np.int64)
    found[order] = np.roll(order, 1)
    return found


def compared(made: np.ndarray, copies: np.ndarray, true: np.ndarray, seed: int) -> dict[str, float]:
    """Return {"r1": ..., "r5_copy": ...} of vectors [n, d]."""
    rows = made, copies, made[others(len(made), seed)]
    return {
        f"r{k}{baseline}": float((found < k).mean())
        for baseline, found in zip(BASELINES, (ranks(row, true) for row in rows), strict=True)
        for k in KS
    }


def copies_of(sources: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Return sources [n, h, w, c] in [-1, 1], at the size and with the channels of the truth."""
    return with_channels(enlarged(sources, true.shape[1:3]), true.shape[-1])


def of_pixels(inputs: Inputs) -> Scores:
    (made, _), (true, _) = needed(inputs.fake_pixels), needed(inputs.real_pixels)
    copies = copies_of(needed(inputs.source_pixels)[0], true)
    made, copies, true = (x.reshape(len(x), -1) for x in (made, copies, true))
    return Scores(compared(made, copies, true, inputs.seed))


def of_features(inputs: Inputs) -> Scores:
    copies, features_of = needed(inputs.source_pixels)[0], needed(inputs.features_of)
    copies = copies_of(copies, needed(inputs.real_pixels)[0])
    seen = features_of(np.round((copies + 1) * 127.5).astype(np.uint8))
    of_images: Callable[..., np.ndarray] = lambda x: needed(x).features
    rows = of_images(inputs.fake), seen, of_images(inputs.real)
    made, copies, true = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in rows)
    found = compared(made, copies, true, inputs.seed)
    return Scores({starred(name): value for name, value in found.items()})


def starred(name: str) -> str:
    """Return a name with a star for the extractor's name: r1_copy -> r1*_copy."""
    stem, line, baseline = name.partition("_")
    return f"{stem}*{line}{baseline}"


NAMES = tuple(f"r{k}{baseline}" for baseline in BASELINES for k in KS)
RETRIEVAL = Metric(of_pixels, gives=NAMES, needs=("pixels", "sources"))
RETRIEVAL_FEATURES = Metric(
    of_features,
    gives=tuple(map(starred, NAMES)),
    needs=("samples", "reference", "pixels", "sources"),
)
