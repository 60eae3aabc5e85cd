"""Scores of batches of images, or of features that exist already: the Python interface.

`jaxgan evaluate` uses `evaluation.Evaluator` instead, which adds caches, protocols and checks.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
from jax.sharding import Mesh

from jaxgan.evaluate.extractors.extractor import Extractor
from jaxgan.evaluate.features import Features, extract
from jaxgan.evaluate.metrics.metric import Inputs, Scores, full_name
from jaxgan.evaluate.metrics.table import DEFAULT_METRICS, METRICS
from jaxgan.evaluate.needs import WITH_CLASSES, check_metrics
from jaxgan.game.seeds import checked_seed

# Metrics of features alone, without pixels or a generator.
OF_FEATURES = tuple(
    name for name, metric in METRICS.items() if {"pixels", "generator"}.isdisjoint(metric.needs)
)


def score(
    fakes: Iterable[Any],
    reference: Features | Iterable[Any],
    extractor: Extractor,
    metrics: tuple[str, ...] = DEFAULT_METRICS,
    *,
    mesh: Mesh | None = None,
    **settings: Any,
) -> dict[str, float]:
    """Return {metric name: value} of samples against a reference.

    Args:
      fakes: batches of images, or of (images, labels); see `features.extract`.
      reference: the same of real images, or their Features (see `statistics.cached_features`).
      extractor: see extractors/extractor.py; its name is part of every metric's.
      metrics: from OF_FEATURES.
      mesh: run on all its devices.
      settings: test, bootstrap_rounds and seed of `score_features`.
    """
    check_metrics(metrics, OF_FEATURES)
    if not isinstance(reference, Features):
        reference = extract(reference, extractor, mesh=mesh)
    fake = extract(fakes, extractor, mesh=mesh)
    return score_features(fake, reference, extractor, metrics, **settings).values


def score_features(
    fake: Features,
    real: Features,
    extractor: Extractor,
    metrics: tuple[str, ...] = DEFAULT_METRICS,
    *,
    test: Features | None = None,
    real_distances: np.ndarray | None = None,
    bootstrap_rounds: int = 0,
    seed: int = 2020,
) -> Scores:
    """Return the scores of features that exist already.

    Args:
      metrics: from OF_FEATURES.
      test: real images that classifiers are tested on; None takes a tenth of `real`, drawn by
        class, which they are then not trained on.
      real_distances: `neighbours.own_distances` of real, to save time over many calls.
      bootstrap_rounds: above 0 adds <metric>_std to the Frechet distance, precision, recall,
        density and coverage. (KID and IS have one by definition: over subsets and splits.)
      seed: of subsets, splits and resamples, in [0, 2**32).

    Raises:
      ValueError: features of two extractors, unknown metrics, missing labels that a metric needs,
        or too few images.
    """
    check_metrics(metrics, OF_FEATURES)
    checked_seed(seed)
    if fake.mean.shape != real.mean.shape:
        raise ValueError(
            f"samples have {len(fake.mean)} features, the reference {len(real.mean)}: "
            "use one extractor for both"
        )
    known = [f.labels for f in (real, fake, test) if f is not None and f.labels is not None]
    inputs = Inputs(
        fake=fake,
        real=real,
        test=test,
        real_distances=real_distances,
        classes=1 + max((int(labels.max()) for labels in known), default=0),
        bootstrap_rounds=bootstrap_rounds,
        seed=seed,
    )
    for name in metrics:
        needs = METRICS[name].needs
        sets = [real, test] if "samples" not in needs else [fake, real, test]
        unlabelled = any(f is not None and f.labels is None for f in sets)
        if unlabelled and not set(needs).isdisjoint(WITH_CLASSES):
            raise ValueError(f"{name} needs labels: give batches of (images, labels)")
    return compute(metrics, inputs, extractor)


def compute(metrics: Iterable[str], inputs: Inputs, extractor: Extractor | None) -> Scores:
    """Return the scores of all metrics, under their full names."""
    values: dict[str, float] = {}
    classes: dict[str, dict[int, float]] = {}
    for name in metrics:
        found = METRICS[name].compute(inputs)
        values |= {full_name(n, extractor): value for n, value in found.values.items()}
        classes |= {full_name(n, extractor): each for n, each in found.classes.items()}
    return Scores(values, classes)
