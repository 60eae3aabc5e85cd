"""All metrics in an extractor's space from one pass: what `jaxgan evaluate` calls."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from jax.sharding import Mesh

from jaxgan.evaluate.extractors.extractor import Extractor, metric_name
from jaxgan.evaluate.features import Features, extract
from jaxgan.evaluate.metrics.accuracy_score import classification_accuracy_score
from jaxgan.evaluate.metrics.bootstrap import standard_error
from jaxgan.evaluate.metrics.frechet import frechet_distance, frechet_infinity, frechet_to
from jaxgan.evaluate.metrics.inception_score import inception_score
from jaxgan.evaluate.metrics.kid import kernel_distance
from jaxgan.evaluate.metrics.neighbours import copy_rates
from jaxgan.evaluate.metrics.per_class import per_class_frechet
from jaxgan.evaluate.metrics.precision_recall import membership

# The others are asked for by name: they cost more or need labels.
DEFAULT_METRICS = ("fd", "kd", "is", "precision_recall")
METRICS = (*DEFAULT_METRICS, "fd_infinity", "fd_per_class", "accuracy_score", "copies")


class Scores(NamedTuple):
    """values: {metric: value}. classes: {metric: {label: value}}."""

    values: dict[str, float]
    classes: dict[str, dict[int, float]]


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
      extractor: see `extractor`; its name is part of every metric's.
      metrics: from METRICS.
      mesh: run on all its devices.
      settings: test, bootstrap_rounds and seed of `score_features`.
    """
    check_metrics(metrics)
    if not isinstance(reference, Features):
        reference = extract(reference, extractor, mesh=mesh)
    fake = extract(fakes, extractor, mesh=mesh)
    return score_features(fake, reference, extractor, metrics, **settings).values


def check_metrics(metrics: Iterable[str], known: tuple[str, ...] = METRICS) -> None:
    unknown = [name for name in metrics if name not in known]
    if unknown:
        raise ValueError(f"unknown metrics {unknown}: write some of {', '.join(known)}")


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
    """Return the scores of features that are already there.

    Args:
      test: real images that the accuracy score tests on; None takes the last tenth of `real`,
        which its oracle is then not trained on.
      real_distances: `neighbours.own_distances` of real, for those who score often.
      bootstrap_rounds: above 0 adds <metric>_std to the Frechet distance, precision, recall,
        density and coverage. (KID and IS have one by definition: over subsets and splits.)
      seed: of subsets, splits and resamples.
    """
    if fake.mean.shape != real.mean.shape:
        raise ValueError(
            f"samples have {len(fake.mean)} features, the reference {len(real.mean)}: "
            "use one extractor for both"
        )
    found: dict[str, float] = {}
    classes: dict[str, dict[int, float]] = {}
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
        members = membership(real.features, fake.features, real_distances=real_distances)
        for name, values in members._asdict().items():
            found[name] = float(values.mean())
            if bootstrap_rounds:
                found[f"{name}_std"] = standard_error(
                    lambda rows, values=values: values[rows].mean(),
                    len(values),
                    bootstrap_rounds,
                    seed,
                )
    if "fd_per_class" in metrics:
        labels = _labels("fd_per_class", fake, real)
        each = per_class_frechet(fake.features, labels[0], real.features, labels[1])
        found["fd_per_class"] = float(np.mean(list(each.values())))
        classes["fd_per_class"] = each
    if "accuracy_score" in metrics:
        _labels("accuracy_score", fake, real)
        train, test = divided(real, test)
        number = 1 + int(max(train[1].max(), test[1].max()))
        accuracy = classification_accuracy_score((fake.features, fake.labels), train, test, number)
        found["accuracy_score"] = accuracy["accuracy"]
        found["accuracy_score_real"] = accuracy["oracle"]
        pairs = enumerate(accuracy["per_class"])
        classes["accuracy_score"] = {c: value for c, value in pairs if np.isfinite(value)}
    if "copies" in metrics:
        rates = copy_rates(fake.features, real.features, training_distances=real_distances)
        found |= {"memorised": rates["memorised"], "repeated": rates["repeated"]}
    return Scores(
        {full_name(name, extractor): value for name, value in found.items()},
        {full_name(name, extractor): values for name, values in classes.items()},
    )


def divided(real: Features, test: Features | None, held_out: float = 0.1) -> tuple:
    """Return (features, labels) to train classifiers on, and those to test them on."""
    if test is not None:
        return (real.features, real.labels), (test.features, test.labels)
    count = len(real.features) - round(held_out * len(real.features))
    if count == len(real.features):
        raise ValueError(
            f"{count} real images: a tenth of them is none to test on; write more, or name a "
            "split to test on"
        )
    halves = slice(count), slice(count, None)
    return tuple((real.features[part], real.labels[part]) for part in halves)


def _labels(metric: str, fake: Features, real: Features) -> tuple[np.ndarray, np.ndarray]:
    if fake.labels is None or real.labels is None:
        raise ValueError(f"{metric} needs labels: give batches of (images, labels)")
    return fake.labels, real.labels


def full_name(name: str, extractor: Extractor) -> str:
    """Put the extractor between a metric and its suffix: kd_std -> kd_lite0_std, kid_std."""
    for suffix in ("_std", "_unbiased", "_infinity", "_per_class", "_real"):
        if name.endswith(suffix):
            return metric_name(name.removesuffix(suffix), extractor) + suffix
    return metric_name(name, extractor)
