"""Classification accuracy score (CAS, arXiv 1905.10887): train on samples, test on real images.

A classifier that only ever saw samples is as good on real images as the samples are varied and
rightly labelled. Beside the score stands the oracle: the same classifier trained on as many real
images; the gap between the two is the model's. The paper trains a ResNet-50 on ImageNet; here the
classifier is a logistic regression on extractor features, or any function of the same signature
(`convnet.convnet_labels` works on pixels).
"""

from collections.abc import Callable

import numpy as np

from jaxgan.evaluate.metrics.probe import accuracy, logistic_labels


def classification_accuracy_score(
    samples: tuple[np.ndarray, np.ndarray],
    real_train: tuple[np.ndarray, np.ndarray],
    real_test: tuple[np.ndarray, np.ndarray],
    classes: int,
    classifier: Callable[..., np.ndarray] = logistic_labels,
) -> dict[str, float | list[float]]:
    """Return accuracies on the real test images.

    Args:
      samples, real_train, real_test: (features or images [n, ...], labels [n] int32).
      classes: number of classes.
      classifier: (train inputs, train labels, test inputs, classes) -> predicted labels.

    Returns:
      accuracy: trained on samples. oracle: trained on the first len(samples) real images.
      per_class: accuracy of the former in every class (NaN for one without test images).
    """
    count = len(samples[0])
    missing = sorted(set(np.unique(real_test[1]).tolist()) - set(np.unique(samples[1]).tolist()))
    if missing:
        raise ValueError(f"no samples of classes {missing}: draw labels from every class")
    predicted = classifier(*samples, real_test[0], classes)
    oracle = classifier(real_train[0][:count], real_train[1][:count], real_test[0], classes)
    right = predicted == real_test[1]
    members = [real_test[1] == c for c in range(classes)]
    return {
        "accuracy": accuracy(predicted, real_test[1]),
        "oracle": accuracy(oracle, real_test[1]),
        "per_class": [float(right[m].mean()) if m.any() else float("nan") for m in members],
    }
