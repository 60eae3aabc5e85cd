"""All metrics of a set of samples from one pass: what `jaxgan evaluate` calls."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from jax.sharding import Mesh

from jaxgan.evaluate.bootstrap import standard_error
from jaxgan.evaluate.extractors import Extractor, metric_name
from jaxgan.evaluate.features import Features, extract
from jaxgan.evaluate.frechet import frechet_distance, frechet_infinity, frechet_to
from jaxgan.evaluate.inception_score import inception_score
from jaxgan.evaluate.kid import kernel_distance
from jaxgan.evaluate.neighbours import copy_rates
from jaxgan.evaluate.per_class import per_class_frechet
from jaxgan.evaluate.precision_recall import membership

# fd_infinity, fd_per_class and copies are asked for by name: they cost more or need labels.
DEFAULT_METRICS = ("fd", "kd", "is", "precision_recall")
METRICS = (*DEFAULT_METRICS, "fd_infinity", "fd_per_class", "copies")


def score(
    fakes: Iterable[Any],
    reference: Features | Iterable[Any],
    extractor: Extractor,
    metrics: tuple[str, ...] = DEFAULT_METRICS,
    *,
    mesh: Mesh | None = None,
    bootstrap_rounds: int = 0,
    seed: int = 2020,
) -> dict[str, float]:
    """Return {metric name: value} of samples against a reference.

    Args:
      fakes: batches of images, or of (images, labels); see `features.extract`.
      reference: the same of real images, or their Features (see `statistics.cached_features`).
      extractor: see `extractors`; its name is part of every metric's.
      metrics: from METRICS.
      mesh: run on all its devices.
      bootstrap_rounds: above 0 adds <metric>_std to the Frechet distance, precision, recall,
        density and coverage. (KID and IS have one by definition: over subsets and splits.)
      seed: of subsets, splits and resamples.
    """
    unknown = [name for name in metrics if name not in METRICS]
    if unknown:
        raise ValueError(f"unknown metrics {unknown}: write some of {', '.join(METRICS)}")
    if not isinstance(reference, Features):
        reference = extract(reference, extractor, mesh=mesh)
    fake = extract(fakes, extractor, mesh=mesh)
    return score_features(
        fake, reference, extractor, metrics, bootstrap_rounds=bootstrap_rounds, seed=seed
    )


def score_features(
    fake: Features,
    real: Features,
    extractor: Extractor,
    metrics: tuple[str, ...] = DEFAULT_METRICS,
    *,
    bootstrap_rounds: int = 0,
    seed: int = 2020,
) -> dict[str, float]:
    """Return the same as `score` from features that are already there."""
    if fake.mean.shape != real.mean.shape:
        raise ValueError(
            f"samples have {len(fake.mean)} features, the reference {len(real.mean)}: "
            "use one extractor for both"
        )
    found: dict[str, float] = {}
    if "fd" in metrics:
        found["fd"] = frechet_distance(fake.mean, fake.covariance, real.mean, real.covariance)
        if bootstrap_rounds:
            distance = frechet_to(real)
            found["fd_std"] = standard_error(
                lambda rows: distance(fake.features[rows]),
                len(fake.features),
                bootstrap_rounds,
                seed,
            )
    if "fd_infinity" in metrics:
        found["fd_infinity"] = frechet_infinity(fake.features, real, seed=seed)
    if "kd" in metrics:
        kernel = kernel_distance(fake.features, real.features, seed=seed)
        found |= {"kd": kernel.mean, "kd_std": kernel.std, "kd_unbiased": kernel.unbiased}
    if "is" in metrics:
        found["is"], found["is_std"] = inception_score(fake.logits, seed=seed)
    if "precision_recall" in metrics:
        for name, values in membership(real.features, fake.features)._asdict().items():
            found[name] = float(values.mean())
            if bootstrap_rounds:
                found[f"{name}_std"] = standard_error(
                    lambda rows, values=values: values[rows].mean(),
                    len(values),
                    bootstrap_rounds,
                    seed,
                )
    if "fd_per_class" in metrics:
        if fake.labels is None or real.labels is None:
            raise ValueError("fd_per_class needs labels: give batches of (images, labels)")
        classes = per_class_frechet(fake.features, fake.labels, real.features, real.labels)
        found["fd_per_class"] = float(np.mean(list(classes.values())))
    if "copies" in metrics:
        rates = copy_rates(fake.features, real.features)
        found |= {"memorised": rates["memorised"], "repeated": rates["repeated"]}
    return {_full_name(name, extractor): value for name, value in found.items()}


def _full_name(name: str, extractor: Extractor) -> str:
    """Put the extractor between a metric and its suffix: kd_std -> kd_lite0_std, kid_std."""
    for suffix in ("_std", "_unbiased", "_infinity", "_per_class"):
        if name.endswith(suffix):
            return metric_name(name.removesuffix(suffix), extractor) + suffix
    return metric_name(name, extractor)
