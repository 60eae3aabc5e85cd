"""Scores sets of images against one reference, whose features are computed once (and cached).

One pass over the samples: they are generated (or read) batch by batch, every batch goes through the
extractor on all devices, and only features are kept. Metrics that need pixels ("pixels" in their
needs) also keep the images.
"""

import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import Mesh
from ml_collections import ConfigDict

from jaxgan.devices.compiler import cache_folder
from jaxgan.evaluate.extractors.extractor import Extractor, output_widths
from jaxgan.evaluate.features import Features, as_floats, extract
from jaxgan.evaluate.images import Images
from jaxgan.evaluate.metrics.inception_score import inception_score
from jaxgan.evaluate.metrics.metric import Inputs, Labelled, needed
from jaxgan.evaluate.metrics.neighbours import own_distances
from jaxgan.evaluate.metrics.table import METRICS
from jaxgan.evaluate.needs import Request, check_metrics, check_request, numbering
from jaxgan.evaluate.results import protocol
from jaxgan.evaluate.score import compute
from jaxgan.evaluate.statistics import cached_features
from jaxgan.files.errors import one_line
from jaxgan.files.progress import Progress
from jaxgan.game.seeds import checked_seed
from jaxgan.trained.generator import TrainedGenerator


class Evaluation(NamedTuple):
    """The result for one set of samples.

    metrics: {name: value}. classes: {metric: {class name: value}}. protocol: all that decided them.
    features: of the samples; None if no metric needed them.
    failures: {metric: the error it raised}; an interruption ends the list.
    """

    metrics: dict[str, float]
    classes: dict[str, dict[str, float]]
    protocol: dict[str, Any]
    features: Features | None
    failures: dict[str, BaseException]


class Evaluator:
    """Scores `Images` by the metrics of config.evaluate. Compiled, and its reference read, once.

    Args:
      settings: config.evaluate.
      reference: real images, at the size of the samples.
      test: real images that classifiers are tested on; None takes a tenth of the reference.
      extractor: None if no metric needs one.
    """

    def __init__(
        self,
        settings: ConfigDict,
        reference: Images,
        test: Images | None,
        extractor: Extractor | None,
        mesh: Mesh,
    ):
        self.reference, self._settings, self._test = reference, settings, test
        self.extractor, self._mesh = extractor, mesh
        self._features: dict[str, Features] = {}
        self._distances: np.ndarray | None = None

    def real(self, images: Images | None = None) -> Features:
        """Return the features of the reference (or of the test images), from the cache if
        possible."""
        images = images or self.reference
        if images.digest not in self._features:
            self._features[images.digest] = cached_features(
                cache_folder() / "statistics",
                images.digest,
                needed(self.extractor),
                lambda: self._extract(self._batches(images, f"real {images.noun}")),
            )
        return self._features[images.digest]

    def real_distances(self) -> np.ndarray:
        """Return the distances of each reference image to its nearest others, [n, 5]."""
        if self._distances is None:
            self._distances = own_distances(self.real().features)
        return self._distances

    def real_inception_score(self) -> float | None:
        """Return the reference's own Inception Score; None for an extractor without logits."""
        logits = self.real().logits
        return inception_score(logits)[0] if logits.shape[1] > 1 else None

    def __call__(
        self,
        samples: Images,
        generator: TrainedGenerator | None = None,
        truncation: float = 0.0,
        metrics: tuple[str, ...] | None = None,
    ) -> Evaluation:
        """Return the scores of samples. A metric that fails does not stop the others.

        Args:
          generator, truncation: what made the samples; needed by "interpolation" only.
          metrics: some of config.evaluate.metrics; None for all.
        """
        metrics = tuple(self._settings.metrics) if metrics is None else metrics
        self.check(samples, generator is not None, metrics)
        inputs = self._inputs(samples, generator, truncation, metrics)
        values: dict[str, float] = {}
        by_label: dict[str, dict[int, float]] = {}
        failures: dict[str, BaseException] = {}
        for name in metrics:
            _say(f"computing {name}")
            try:
                found = compute((name,), inputs, self.extractor)
            except Exception as error:
                failures[name] = error
                _say(f"{name} failed ({one_line(error)})")
            except KeyboardInterrupt as stopped:
                failures[name] = stopped
                break
            else:
                values |= found.values
                by_label |= found.classes
        names = self.reference.class_names
        classes = {
            metric: {names[label]: value for label, value in each.items()}
            for metric, each in by_label.items()
        }
        return Evaluation(values, classes, self.protocol(samples), inputs.fake, failures)

    def check(self, samples: Images, generator: bool, metrics: tuple[str, ...]) -> None:
        """Raise ValueError for metrics that these images do not allow, before anything is
        computed."""
        logits = self.extractor and output_widths(self.extractor, samples.shape)[1]
        request = Request(samples, self.reference, self._test, generator, logits)
        check_request(metrics, request)

    def names(self, metric: str) -> set[str]:
        """Return the names under which a metric's numbers appear in the results."""
        return set(METRICS[metric].names(self.extractor, self._settings.bootstrap_rounds))

    def protocol(self, samples: Images) -> dict[str, Any]:
        """Return everything that decides the numbers of samples."""
        more = {}
        if self._settings.bootstrap_rounds:
            more["bootstrap_rounds"] = self._settings.bootstrap_rounds
        if self._test is not None:
            more |= {"test": self._test.name, "test_hash": self._test.digest}
        return protocol(self.extractor, samples, self.reference, **more)

    def of_pixels(self, images: np.ndarray) -> np.ndarray:
        """Return the features [n, d] of images [n, h, w, c] uint8."""
        size = self._settings.batch
        batches = (images[start : start + size] for start in range(0, len(images), size))
        return self._extract(batches).features

    def _inputs(self, samples, generator, truncation, metrics: tuple[str, ...]) -> Inputs:
        """Compute what the metrics need, and no more."""
        needs = {need for name in metrics for need in METRICS[name].needs}
        pixels: list[Labelled] | None = [] if "pixels" in needs else None
        batches = self._batches(samples, "samples")
        seen = _seen(batches, pixels, numbering(metrics, samples, self.reference))
        fake = self._extract(seen) if "samples" in needs else None
        for _ in seen if pixels is not None else ():
            pass  # no metric needed features, which would have consumed the batches
        sources = samples.sources if {"sources", "maps"} & needs else None
        real = self.real() if "reference" in needs else None
        tested = self._test is not None and {"reference", "held_out"} <= needs
        return Inputs(
            fake=fake,
            real=real,
            test=self.real(self._test) if tested else None,
            real_distances=self.real_distances() if "distances" in needs else None,
            fake_pixels=joined(pixels) if pixels else None,
            real_pixels=joined(self.reference.batches(self._settings.batch)) if pixels else None,
            source_pixels=sources and joined(sources.batches(self._settings.batch)),
            generator=generator,
            truncation=truncation,
            features_of=self.of_pixels,
            classes=len(self.reference.class_names),
            bootstrap_rounds=self._settings.bootstrap_rounds,
        )

    def _batches(self, images: Images, what: str) -> Iterator[Labelled]:
        """Yield the batches; the first process shows progress."""
        if jax.process_index() != 0:
            yield from images.batches(self._settings.batch)
            return
        with Progress(what, images.count, noun=images.noun) as progress:
            for found in images.batches(self._settings.batch):
                yield found
                progress.add(count=len(found[1]))

    def _extract(self, batches: Iterator) -> Features:
        return extract(batches, needed(self.extractor), mesh=self._mesh)


def check_settings(settings: ConfigDict) -> None:
    """Raise ValueError, naming the field, for settings that cannot run, before anything is
    opened."""
    if not settings.metrics:
        raise ValueError(f"evaluate.metrics is empty: write some of {', '.join(METRICS)}")
    check_metrics(settings.metrics)
    if settings.batch < 1:
        raise ValueError(f"evaluate.batch = {settings.batch}: write 1 or more")
    if settings.bootstrap_rounds < 0 or settings.bootstrap_rounds == 1:
        raise ValueError(
            f"evaluate.bootstrap_rounds = {settings.bootstrap_rounds}: write 0 for none, or 20"
        )
    part = settings.get("reference_samples", 0)
    if part < 0 or part == 1:
        raise ValueError(f"evaluate.reference_samples = {part}: write 0 for all, or 2 or more")
    try:
        checked_seed(settings.seed)
    except ValueError as error:
        raise ValueError(f"evaluate.{error}") from None


def needs_extractor(settings: ConfigDict) -> bool:
    """Return whether any of the metrics needs features."""
    needs = {need for name in settings.metrics for need in METRICS[name].needs}
    return not needs.isdisjoint({"samples", "reference"})


def _say(line: str) -> None:
    if jax.process_index() == 0:
        print(line, file=sys.stderr, flush=True)


def on_host(images: Any) -> np.ndarray:
    """Return images as a NumPy array, even if they are sharded over several processes."""
    if isinstance(images, jax.Array) and not images.is_fully_addressable:
        return multihost_utils.process_allgather(images, tiled=True)
    return np.asarray(images)


def joined(batches) -> Labelled:
    """Return all samples as floats in [-1, 1], and their labels, from batches of stored
    integers."""
    images, labels = zip(*batches, strict=True)
    return np.asarray(as_floats(np.concatenate(images))), np.concatenate(labels)


def _seen(batches: Iterator, pixels: list | None, names: np.ndarray | None) -> Iterator[Labelled]:
    """Yield the batches; append them to `pixels` on the host, with labels numbered as the
    reference."""
    for images, labels in batches:
        labels = labels if names is None else names[labels]
        if pixels is not None:
            pixels.append((on_host(images), labels))
        yield images, labels
