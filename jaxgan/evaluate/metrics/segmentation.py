"""Does a picture made from a label map show the map's classes, each pixel where it should be?

The segmenter is the simplest one without a network: a pixel belongs to the class with the nearest
mean colour, where the mean is over the true pictures under their maps. For the made pictures,
against the maps:

    pixel_accuracy    share of correctly classified pixels
    class_accuracy    the same within each class, averaged over the classes that occur
    miou              mean over these of (correct) / (predicted or in the map)

and each with _truth for the true pictures, which is what a perfect translator would get: if that is
low, colours do not tell the classes apart. Pixels without a class (255) are left out.
"""

import numpy as np

from jaxgan.evaluate.metrics.metric import Inputs, Metric, Scores, needed
from jaxgan.media.maps import IGNORED

NAMES = ("pixel_accuracy", "class_accuracy", "miou")


def palette(pictures: np.ndarray, maps: np.ndarray) -> np.ndarray:
    """Return the mean colour of each class, [classes, c] float64; NaN for one that does not occur.

    pictures: [n, h, w, c]. maps: [n, h, w] of class numbers, IGNORED for none.
    """
    is_known = maps != IGNORED
    labels, colours = maps[is_known], pictures[is_known].astype(np.float64)
    counts = np.bincount(labels)
    sums = np.stack([np.bincount(labels, colours[:, c]) for c in range(colours.shape[-1])], -1)
    with np.errstate(invalid="ignore"):
        return sums / counts[:, None]


def segmented(pictures: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """Return the class whose colour is nearest to each pixel, [n, h, w]."""
    found = []
    for picture in pictures:  # one at a time: [h, w, classes]
        distances = np.square(picture[..., None, :] - colours).sum(-1)
        found.append(np.where(np.isnan(distances), np.inf, distances).argmin(-1))
    return np.stack(found)


def agreement(named: np.ndarray, maps: np.ndarray) -> dict[str, float]:
    """Return the three scores of predicted classes against maps, both [n, h, w]."""
    is_known = maps != IGNORED
    named, maps = named[is_known], maps[is_known]
    present = np.unique(maps)
    right = np.array([np.sum((named == c) & (maps == c)) for c in present])
    of_map = np.array([np.sum(maps == c) for c in present])
    either = np.array([np.sum((named == c) | (maps == c)) for c in present])
    values = right.sum() / of_map.sum(), np.mean(right / of_map), np.mean(right / either)
    return dict(zip(NAMES, map(float, values), strict=True))


def compute(inputs: Inputs) -> Scores:
    (made, _), (true, _) = needed(inputs.fake_pixels), needed(inputs.real_pixels)
    floats = needed(inputs.source_pixels)[0][..., 0]  # class numbers, scaled as pixels are
    maps = np.round((floats + 1.0) * 127.5).astype(np.int64)
    colours = palette(true, maps)
    scores = agreement(segmented(made, colours), maps)
    ceiling = agreement(segmented(true, colours), maps)
    return Scores(scores | {f"{name}_truth": value for name, value in ceiling.items()})


SEGMENTATION = Metric(
    compute,
    gives=(*NAMES, *(f"{name}_truth" for name in NAMES)),
    needs=("pixels", "maps"),
    least=(1, 1),
)
