"""What a metric is: the inputs it needs, the numbers it gives, and the function between them.

A new metric is a file beside this one that ends in a `Metric`, and a line in table.py.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol, TypeVar

import numpy as np

from jaxgan.evaluate.extractors.extractor import Extractor, metric_name
from jaxgan.evaluate.features import Features
from jaxgan.trained.generator import TrainedGenerator

Labelled = tuple[np.ndarray, np.ndarray]
T = TypeVar("T")


class Inputs(NamedTuple):
    """What metrics compute from. A field that no metric of an evaluation needs stays None.

    Fields:
      fake, real: features of the samples and of the reference, with labels numbered alike.
      test: features of the images that classifiers are tested on; None takes a tenth of `real`.
      real_distances: `neighbours.own_distances` of real, [n, 5]; None computes them.
      fake_pixels, real_pixels: images [n, h, w, c] float32 in [-1, 1] and labels [n] int32.
      source_pixels: what a translator made the samples from, like fake_pixels; real_pixels are then
        the true pictures, in the same order.
      generator, truncation: what made the samples.
      features_of: images [n, h, w, c] uint8 -> features [n, d] of the same extractor.
      classes: number of classes of the reference.
      bootstrap_rounds: for error bars; 0 for none.
      seed: of subsets, splits and resamples, in [0, 2**32).
    """

    fake: Features | None = None
    real: Features | None = None
    test: Features | None = None
    real_distances: np.ndarray | None = None
    fake_pixels: Labelled | None = None
    real_pixels: Labelled | None = None
    source_pixels: Labelled | None = None
    generator: TrainedGenerator | None = None
    truncation: float = 0.0
    features_of: Callable[[np.ndarray], np.ndarray] | None = None
    classes: int = 0
    bootstrap_rounds: int = 0
    seed: int = 2020


def needed(value: T | None) -> T:
    """Return a value that is not None, because `Metric.needs` asks for it."""
    assert value is not None
    return value


class Scores(NamedTuple):
    """Numbers of a metric.

    values: {name: number}. classes: {name: {label: number}}, scores of single classes.
    """

    values: dict[str, float]
    classes: dict[str, dict[int, float]] = {}  # noqa: RUF012 - never changed


class Compute(Protocol):
    """The function of a metric."""

    def __call__(self, inputs: Inputs) -> Scores:
        """Return the scores, under the names of `Metric.gives` and `Metric.error_bars`."""
        ...


class Metric(NamedTuple):
    """A metric, as evaluation.py and score.py loop over them.

    Fields:
      compute: Inputs -> Scores.
      gives: the names of its numbers; a star stands for the extractor's name ("kd*_std").
      needs: "samples" and "reference" (features of both), "distances", "pixels", "sources" (of a
        translator), and what needs.py checks before anything is computed.
      error_bars: names of further numbers if bootstrap_rounds is above 0.
      least: the smallest numbers of (samples, real images) that it can be computed from.
    """

    compute: Compute
    gives: tuple[str, ...]
    needs: tuple[str, ...] = ("samples", "reference")
    error_bars: tuple[str, ...] = ()
    least: tuple[int, int] = (2, 2)

    def names(self, extractor: Extractor | None, bootstrap_rounds: int) -> list[str]:
        """Return the names of its numbers in the results."""
        given = self.gives + (self.error_bars if bootstrap_rounds else ())
        return [full_name(name, extractor) for name in given]


def full_name(name: str, extractor: Extractor | None) -> str:
    """Replace the star by the extractor's name: kd*_std -> kd_lite0_std, kid_std."""
    stem, star, suffix = name.partition("*")
    return metric_name(stem, needed(extractor)) + suffix if star else name
