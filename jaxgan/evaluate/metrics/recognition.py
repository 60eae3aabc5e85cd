"""Recognition: does a classifier that only knows real images take a sample for its class?

Trained on real images, held-out ones beside the samples as the oracle. High recognition alone is
cheap (one perfect image a class is enough), so diversity stands beside it: the mean distance
between two images of one class, pixel by pixel, relative to the real images' (1: as varied).
"""

import numpy as np

from jaxgan.evaluate.extractors.convnet import convnet_labels


def diversity(images: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the mean squared distance between two images of each class that occurs, [classes].

    images: [n, h, w, c] float32; labels: [n]. Over distinct pairs: twice the unbiased variance.
    """
    groups = [images[labels == label] for label in np.unique(labels)]
    return np.array([2 * g.var(axis=0, ddof=1).sum() for g in groups if len(g) > 1])


def recognition(
    real: tuple[np.ndarray, np.ndarray],
    samples: tuple[np.ndarray, np.ndarray],
    classes: int,
    held_out: float = 0.1,
) -> dict[str, float | list[float]]:
    """Return shares in [0, 1].

    Args:
      real, samples: (images [n, h, w, c] float32 in [-1, 1], labels [n] int32).
      held_out: share of the real images that the classifier is tested on, not trained on.

    Returns:
      recognised: share of the samples taken for their class. recognised_real: of held-out real
      images. recognised_classes: of the samples of each class. diversity: see above.
    """
    images, labels = real
    count = round(len(images) * (1 - held_out))
    if count == len(images) or not len(samples[0]):
        raise ValueError(
            f"{len(images)} real images and {len(samples[0])} samples: recognition needs some held "
            "out and some samples"
        )
    tested = np.concatenate([images[count:], samples[0]])
    predicted = convnet_labels(images[:count], labels[:count], tested, classes)
    real_right = predicted[: len(images) - count] == labels[count:]
    right = predicted[len(images) - count :] == samples[1]
    of_class = [right[samples[1] == c] for c in range(classes)]
    return {
        "recognised": float(right.mean()),
        "recognised_real": float(real_right.mean()),
        "recognised_classes": [float(r.mean()) if len(r) else float("nan") for r in of_class],
        "diversity": float(diversity(*samples).mean() / diversity(images, labels).mean()),
    }
