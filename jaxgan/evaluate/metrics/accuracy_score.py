"""Classification accuracy score (CAS, arXiv 1905.10887): train on samples, test on real images.

A classifier trained only on samples is as good on real images as the samples are varied and
correctly labelled. Beside the score stands the oracle: the same classifier trained on as many real
images; the gap between the two is due to the generator. Deviation: the paper trains a ResNet-50 on
ImageNet; here the classifier is a logistic regression on extractor features, or any function of the
same signature (`convnet.convnet_labels` works on pixels).
"""

from collections.abc import Callable
from typing import TypedDict

import numpy as np

from jaxgan.data.order import stratified
from jaxgan.evaluate.metrics.held_out import divided_features
from jaxgan.evaluate.metrics.metric import Inputs, Metric, Scores, needed
from jaxgan.evaluate.metrics.probe import accuracy, logistic_labels


class Accuracies(TypedDict):
    """The result of classification_accuracy_score."""

    accuracy: float
    oracle: float
    per_class: list[float]


def classification_accuracy_score(
    samples: tuple[np.ndarray, np.ndarray],
    real_train: tuple[np.ndarray, np.ndarray],
    real_test: tuple[np.ndarray, np.ndarray],
    classes: int,
    classifier: Callable[..., np.ndarray] = logistic_labels,
) -> Accuracies:
    """Return accuracies on the real test images.

    Args:
      samples, real_train, real_test: (features or images [n, ...], labels [n] int32).
      classes: number of classes.
      classifier: (train inputs, train labels, test inputs, classes) -> predicted labels.

    Returns:
      accuracy: trained on samples. oracle: trained on as many real images, with each class in
        proportion (on all of them if there are fewer).
      per_class: accuracy of the former in every class (NaN for one without test images).

    Raises:
      ValueError: a class without samples.
    """
    count = len(samples[0])
    missing = sorted(set(np.unique(real_test[1]).tolist()) - set(np.unique(samples[1]).tolist()))
    if missing:
        raise ValueError(f"no samples of classes {missing}: draw labels from every class")
    predicted = classifier(*samples, real_test[0], classes)
    chosen = stratified(real_train[1], count, "oracle")
    oracle = classifier(*(part[chosen] for part in real_train), real_test[0], classes)
    right = predicted == real_test[1]
    members = [real_test[1] == c for c in range(classes)]
    return {
        "accuracy": accuracy(predicted, real_test[1]),
        "oracle": accuracy(oracle, real_test[1]),
        "per_class": [float(right[m].mean()) if m.any() else float("nan") for m in members],
    }


def scores(inputs: Inputs) -> Scores:
    """Compute the score, its oracle, and the score of each class that has test images."""
    train, test = divided_features(needed(inputs.real), inputs.test, inputs.seed)
    fake = needed(inputs.fake)
    samples = fake.features, needed(fake.labels)
    found = classification_accuracy_score(samples, train, test, inputs.classes)
    each = {c: value for c, value in enumerate(found["per_class"]) if np.isfinite(value)}
    values = {"accuracy_score*": found["accuracy"], "accuracy_score*_real": found["oracle"]}
    return Scores(values, {"accuracy_score*": each})


ACCURACY_SCORE = Metric(
    scores,
    gives=("accuracy_score*", "accuracy_score*_real"),
    needs=("samples", "reference", "two_classes", "held_out", "every_class"),
)
