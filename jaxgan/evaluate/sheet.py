"""neighbours.png: samples beside the nearest real images, in the extractor's space.

First the samples that are nearest of all to a real image, then some drawn at random. The caption is
the distance divided by the threshold for copies (neighbours.py): 1 or less is a copy.
"""

import numpy as np
from PIL import Image

from jaxgan.data.order import fair_draw
from jaxgan.evaluate.evaluation import on_host
from jaxgan.evaluate.images import Images
from jaxgan.evaluate.metrics.neighbours import copy_rates, nearest
from jaxgan.media.pictures import captioned


def neighbours_sheet(
    samples: Images,
    reference: Images,
    features: np.ndarray,
    real_features: np.ndarray,
    real_distances: np.ndarray,
    rows: int = 5,
    columns: int = 7,
) -> Image.Image:
    """Return the picture: `rows` nearest and `rows` random samples, each with its neighbours.

    real_distances: `neighbours.own_distances` of the reference.
    """
    rates = copy_rates(features, real_features, training_distances=real_distances)
    rows, columns = min(rows, samples.count), min(columns, reference.count)
    closest = np.argsort(rates["distance"], kind="stable")[:rows]
    chosen = np.concatenate([closest, fair_draw(rows, samples.count, "sheet")])
    _, found = nearest(features[chosen], real_features, columns)
    drawn, _ = samples.read(chosen)
    real, _ = reference.read(found.ravel())
    drawn, real = _color(on_host(drawn)), _color(on_host(real))
    real = real.reshape(len(chosen), columns, *real.shape[1:])
    cells = np.concatenate([drawn[:, None], real], axis=1)
    unit = rates["threshold"] or 1.0  # 0 where real images repeat: then the distance itself
    captions = [
        f"{'closest' if place < rows else 'sample'} {i}: {rates['distance'][i] / unit:.2f}"
        for place, i in enumerate(chosen)
    ]
    return captioned(cells.reshape(-1, *cells.shape[2:]), columns + 1, captions)


def _color(images: np.ndarray) -> np.ndarray:
    """Return [n, h, w, 3] uint8; if there are not 1 or 3 channels, the first one is shown."""
    if images.dtype == np.uint16:
        images = (images >> 8).astype(np.uint8)
    if images.shape[-1] == 3:
        return images
    return np.repeat(images[..., :1], 3, axis=-1)
