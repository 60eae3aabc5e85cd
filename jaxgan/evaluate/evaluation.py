"""Scores sets of images against one reference, whose features are read once (and cached).

One pass over the samples: they are made (or read) batch by batch, and every batch goes through the
extractor on all devices; only features stay. Recognition alone keeps the pixels: it trains on them.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import Mesh
from ml_collections import ConfigDict

from jaxgan.devices.compiler import cache_folder
from jaxgan.evaluate.extractors.extractor import Extractor
from jaxgan.evaluate.features import Features, extract
from jaxgan.evaluate.images import Images, class_map
from jaxgan.evaluate.metrics.inception_score import inception_score
from jaxgan.evaluate.metrics.interpolation import interpolation
from jaxgan.evaluate.metrics.neighbours import own_distances
from jaxgan.evaluate.metrics.probe import accuracy, logistic_labels, neighbour_labels
from jaxgan.evaluate.metrics.recognition import recognition
from jaxgan.evaluate.results import protocol
from jaxgan.evaluate.score import METRICS, check_metrics, divided, full_name, score_features
from jaxgan.evaluate.statistics import cached_features
from jaxgan.trained.generator import TrainedGenerator

ALL_METRICS = (*METRICS, "recognition", "interpolation", "probe")
OF_DISTANCES = ("precision_recall", "copies")
WITH_CLASSES = ("fd_per_class", "accuracy_score", "recognition")


class Evaluation(NamedTuple):
    """What one set of samples got.

    metrics: {name: value}. classes: {metric: {class name: value}}. protocol: all that decided them.
    features: of the samples, None where no metric asked for them.
    """

    metrics: dict[str, float]
    classes: dict[str, dict[str, float]]
    protocol: dict[str, Any]
    features: Features | None


class Evaluator:
    """Scores `Images` by what config.evaluate says. Compiled and its reference read once.

    Args:
      settings: config.evaluate.
      reference: real images, at the size of the samples.
      test: real images that classifiers are tested on; None takes a tenth of the reference.
      extractor: None where no metric needs one.
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
        """Return the features of the reference (or of the test images), from the cache if there."""
        images = images or self.reference
        if images.digest not in self._features:
            self._features[images.digest] = cached_features(
                cache_folder() / "statistics",
                f"{images.digest}-{images.shape}",
                self.extractor,
                lambda: self._extract(images.batches(self._settings.batch)),
            )
        return self._features[images.digest]

    def real_distances(self) -> np.ndarray:
        """Return how far each image of the reference is from the nearest others, [n, 5]."""
        if self._distances is None:
            self._distances = own_distances(self.real().features)
        return self._distances

    def real_inception_score(self) -> float | None:
        """Return the reference's own Inception Score, None for an extractor without logits."""
        logits = self.real().logits
        return inception_score(logits)[0] if logits.shape[1] > 1 else None

    def __call__(
        self, samples: Images, generator: TrainedGenerator | None = None, truncation: float = 0.0
    ) -> Evaluation:
        """Return the scores of samples.

        generator, truncation: that made them; needed by "interpolation" alone.
        """
        settings, metrics = self._settings, tuple(self._settings.metrics)
        pixels: list[tuple[np.ndarray, np.ndarray]] = []
        names = self.class_names(samples, metrics)
        of_features = tuple(name for name in metrics if name in METRICS)
        features, values, classes = None, {}, {}
        batches = self._seen(samples, pixels if "recognition" in metrics else None, names)
        if of_features:
            features = self._extract(batches)
            test = None if self._test is None else self.real(self._test)
            near = any(name in OF_DISTANCES for name in metrics)
            values, by_label = score_features(
                features,
                self.real(),
                self.extractor,
                of_features,
                test=test,
                real_distances=self.real_distances() if near else None,
                bootstrap_rounds=settings.bootstrap_rounds,
            )
            classes = {
                metric: {self.reference.class_names[c]: v for c, v in each.items()}
                for metric, each in by_label.items()
            }
        elif "recognition" in metrics:
            for _ in batches:
                pass
        if "recognition" in metrics:
            real = joined(self.reference.batches(settings.batch))
            found = recognition(real, joined(pixels), len(self.reference.class_names))
            shares = zip(self.reference.class_names, found.pop("recognised_classes"), strict=True)
            classes["recognised"] = {name: share for name, share in shares if np.isfinite(share)}
            values |= found
        if "probe" in metrics:
            values |= self._probe()
        if "interpolation" in metrics:
            if generator is None:
                raise ValueError("interpolation needs a generator, and these are images: leave out")
            found = interpolation(
                *(generator, self.of_pixels, self.real().features, self.real_distances()),
                truncation=truncation,
            )
            values |= {full_name(name, self.extractor): value for name, value in found.items()}
        return Evaluation(values, classes, self.protocol(samples), features)

    def protocol(self, samples: Images) -> dict[str, Any]:
        """Return all that decides the numbers of samples."""
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

    def class_names(self, samples: Images, metrics: tuple[str, ...]) -> np.ndarray | None:
        """Return which of the reference's classes each of the samples' is, if metrics need it."""
        wanted = [name for name in metrics if name in WITH_CLASSES]
        if not wanted:
            return None
        if len(self.reference.class_names) < 2 and wanted != ["fd_per_class"]:
            raise ValueError(
                f"{self.reference.name} has one class only: {wanted[-1]} needs two or more, leave "
                "it out of evaluate.metrics"
            )
        return class_map(samples, self.reference)

    def _seen(self, samples: Images, pixels: list | None, names: np.ndarray | None) -> Iterator:
        """Yield the batches with the reference's labels; add them to `pixels` on the host."""
        for images, labels in samples.batches(self._settings.batch):
            labels = labels if names is None else names[labels]
            if pixels is not None:
                pixels.append((on_host(images), labels))
            yield images, labels

    def _extract(self, batches: Iterator) -> Features:
        return extract(batches, self.extractor, mesh=self._mesh)

    def _probe(self) -> dict[str, float]:
        """Return how well labels can be read from the extractor's features of real images."""
        number = len(self.reference.class_names)
        if number < 2:
            raise ValueError(f"{self.reference.name} has one class only: leave out probe")
        test = None if self._test is None else self.real(self._test)
        train, test = divided(self.real(), test)
        probes: dict[str, Callable] = {"linear_probe": logistic_labels, "knn": neighbour_labels}
        return {
            full_name(name, self.extractor): accuracy(probe(*train, test[0], number), test[1])
            for name, probe in probes.items()
        }


def check_settings(settings: ConfigDict) -> None:
    """Refuse what cannot run, before anything is computed."""
    if not settings.metrics:
        raise ValueError(f"evaluate.metrics is empty: write some of {', '.join(ALL_METRICS)}")
    check_metrics(settings.metrics, ALL_METRICS)
    if settings.batch < 1:
        raise ValueError(f"evaluate.batch = {settings.batch}: write 1 or more")
    if settings.bootstrap_rounds < 0 or settings.bootstrap_rounds == 1:
        raise ValueError(
            f"evaluate.bootstrap_rounds = {settings.bootstrap_rounds}: write 0 for none, or 20"
        )


def needs_extractor(settings: ConfigDict) -> bool:
    """Return whether any metric but recognition is asked for."""
    return any(name != "recognition" for name in settings.metrics)


def on_host(images: Any) -> np.ndarray:
    """Return images as numpy, also those that are spread over the devices of several processes."""
    if isinstance(images, jax.Array) and not images.is_fully_addressable:
        return multihost_utils.process_allgather(images, tiled=True)
    return np.asarray(images)


def joined(batches) -> tuple[np.ndarray, np.ndarray]:
    """Return all images, float32 in [-1, 1], and labels of batches of stored integers."""
    images, labels = zip(*batches, strict=True)
    images = np.concatenate(images)
    half = np.float32(np.iinfo(images.dtype).max / 2)
    return images.astype(np.float32) / half - 1.0, np.concatenate(labels)
