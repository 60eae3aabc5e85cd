"""Recognition: does a classifier trained on real images assign a sample to its class?

Its accuracy on held-out real images is the oracle. High recognition alone is cheap (one perfect
image per class is enough), so diversity stands beside it: the mean distance between two images of
one class, pixel by pixel, relative to that of real images (1: as varied). For sounds, the images
are those of extractors/heard.py.
"""

from typing import TypedDict

import numpy as np

from jaxgan.devices import compiler
from jaxgan.evaluate.extractors.convnet import convnet_labels
from jaxgan.evaluate.extractors.heard import heard
from jaxgan.evaluate.metrics.checks import finite, labels_of
from jaxgan.evaluate.metrics.held_out import divided
from jaxgan.evaluate.metrics.metric import Inputs, Labelled, Metric, Scores, needed


def diversity(images: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the mean squared distance between two images of each class with two or more.

    It is over distinct pairs: twice the unbiased variance, summed over pixels.

    Args:
      images: [n, h, w, c] float32; labels: [n] int.

    >>> diversity(np.array([0.0, 2.0, 7.0]).reshape(3, 1, 1, 1), np.array([0, 0, 1])).tolist()
    [4.0]
    """
    labels_of("labels", labels, len(images))
    groups = [images[labels == label] for label in np.unique(labels)]
    return np.array([2 * g.var(axis=0, ddof=1).sum() for g in groups if len(g) > 1])


class Recognised(TypedDict):
    """The result of recognition."""

    recognised: float
    recognised_real: float
    recognised_classes: list[float]
    diversity: float


def recognition(
    real: tuple[np.ndarray, np.ndarray],
    samples: tuple[np.ndarray, np.ndarray],
    classes: int,
    seed: int = 0,
) -> Recognised:
    """Return shares in [0, 1].

    Args:
      real, samples: (images [n, h, w, c] float32 in [-1, 1], labels [n] int32).
      seed: of the draw of a tenth of the real images, on which the classifier is tested and not
        trained.

    Returns:
      recognised: share of samples assigned to their class. recognised_real: the same for held-out
      real images. recognised_classes: for the samples of each class. diversity: see above.
    """
    for name, (images, labels) in {"real": real, "samples": samples}.items():
        labels_of(f"labels of {name}", labels, len(images))
        if np.ndim(images) != 4 or not len(diversity(finite(name, images), labels)):
            raise ValueError(
                f"{name}: images of shape {list(np.shape(images))}; recognition needs "
                "[n, h, w, c] with two images of a class"
            )
    train, test = divided(*real, seed)
    tested = np.concatenate([test[0], samples[0]])
    predicted = convnet_labels(*train, tested, classes)
    real_right = predicted[: len(test[1])] == test[1]
    right = predicted[len(test[1]) :] == samples[1]
    of_class = [right[samples[1] == c] for c in range(classes)]
    return {
        "recognised": float(right.mean()),
        "recognised_real": float(real_right.mean()),
        "recognised_classes": [float(r.mean()) if len(r) else float("nan") for r in of_class],
        "diversity": float(diversity(*samples).mean() / diversity(*real).mean()),
    }


def seen(samples: Labelled, at_once: int = 500) -> Labelled:
    """Return images with their labels unchanged; for sounds [n, t, channels], their pictures."""
    values, labels = samples
    if values.ndim == 4:
        return samples
    see = compiler.jit(heard)
    parts = [values[start : start + at_once] for start in range(0, len(values), at_once)]
    return np.concatenate([np.asarray(see(part)) for part in parts]), labels


def scores(inputs: Inputs) -> Scores:
    """Compute the shares, overall and for each class that has samples."""
    real, samples = seen(needed(inputs.real_pixels)), seen(needed(inputs.fake_pixels))
    found = recognition(real, samples, inputs.classes)
    values = {
        "recognised": found["recognised"],
        "recognised_real": found["recognised_real"],
        "diversity": found["diversity"],
    }
    each = {c: share for c, share in enumerate(found["recognised_classes"]) if share == share}
    return Scores(values, {"recognised": each})


RECOGNITION = Metric(
    scores,
    gives=("recognised", "recognised_real", "diversity"),
    needs=("images_or_sounds", "pixels", "two_classes", "held_out", "pair_of_a_class"),
)
