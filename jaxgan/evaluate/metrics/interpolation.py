"""Interpolation: are points between two samples as good as the samples?

A generator that learnt the data moves evenly between two images, and the images in between are as
near to real ones as the ends. One that memorised them jumps from one to the next, or leaves the
data in between. Paths between pairs of samples of one class are taken in the latents, on the
sphere, and for comparison in the pixels (a cross-fade, which leaves the data by construction).
Distances to the nearest real image are in units of the mean distance between a real image and its
nearest other: 0 is a copy.

    interpolation_ends     of the samples themselves
    interpolation_latent   at the midpoint of the latent path
    interpolation_pixel    at the midpoint of the cross-fade
    interpolation_jump     largest step of the latent path over its mean step, in pixels: 1 is even,
                           `steps` - 1 is one jump
"""

from collections.abc import Callable

import numpy as np

from jaxgan.data.order import fair_draw
from jaxgan.evaluate.metrics.checks import finite, rows
from jaxgan.evaluate.metrics.metric import Inputs, Metric, Scores, needed
from jaxgan.evaluate.metrics.neighbours import nearest, own_distances
from jaxgan.game.seeds import checked_seed
from jaxgan.media.pixels import to_stored
from jaxgan.trained.generator import TrainedGenerator
from jaxgan.trained.sample.paths import path_by_name


def interpolation(
    g: TrainedGenerator,
    features: Callable[[np.ndarray], np.ndarray],
    real: np.ndarray,
    real_distances: np.ndarray,
    *,
    pairs: int = 50,
    steps: int = 9,
    seed: int = 0,
    truncation: float | None = None,
) -> dict[str, float]:
    """Return the four numbers above.

    Args:
      features: images [n, h, w, c] uint8 -> features [n, d].
      real: features of the real images, [m, d]. real_distances: their `own_distances`.
      pairs: number of pairs of samples; classes repeat cyclically. If there are more classes than
        pairs, some are drawn.
      steps: images on a path, including the ends; odd.
    """
    if pairs < 1 or steps < 3 or steps % 2 == 0:
        raise ValueError(f"{pairs} pairs, {steps} steps: write 1 or more, and an odd number from 3")
    rows("real", real, 2)
    latents = g.latents(range(2 * pairs), checked_seed(seed), truncation)
    walk, t = path_by_name("spherical"), np.linspace(0.0, 1.0, steps)
    paths = np.stack([walk(a, b, t) for a, b in zip(latents[::2], latents[1::2], strict=True)])
    classes = fair_draw(pairs, max(len(g.class_names), 1), "interpolation", seed)
    labels = np.repeat(np.resize(classes, pairs), steps)
    floats = g.generate(paths.reshape(pairs * steps, -1), labels, truncation)
    images = to_stored(finite("images between samples", floats))
    images = images.reshape(pairs, steps, *images.shape[1:])
    ends = images[:, [0, -1]]
    faded = np.round(ends.mean(axis=1)).astype(np.uint8)
    unit = real_distances[:, 0].mean()
    if not unit:
        raise ValueError("all real images are the same: interpolation needs different ones")
    places = {"ends": ends, "latent": images[:, steps // 2], "pixel": faded}
    found = {
        f"interpolation_{name}": nearest(features(x.reshape(-1, *x.shape[-3:])), real, 1)[0].mean()
        for name, x in places.items()
    }
    distances = {name: float(value / unit) for name, value in found.items()}
    return {**distances, "interpolation_jump": evenness(images)}


def evenness(paths: np.ndarray) -> float:
    """Return the largest step over the mean step of paths [pairs, steps, h, w, c], averaged over
    pairs.

    A path that does not move at all counts as even.

    >>> evenness(np.array([0.0, 0.0, 8.0]).reshape(1, 3, 1, 1, 1))  # one jump in two steps
    2.0
    """
    moves = np.diff(paths.astype(np.float32), axis=1)
    lengths = np.sqrt((moves**2).sum(axis=(2, 3, 4)))
    mean = lengths.mean(axis=1)
    return float(np.mean(np.where(mean > 0, lengths.max(axis=1) / np.where(mean > 0, mean, 1), 1)))


def scores(inputs: Inputs) -> Scores:
    """Compute the four numbers from the generator that made the samples."""
    real, distances = needed(inputs.real).features, inputs.real_distances
    found = interpolation(
        needed(inputs.generator),
        needed(inputs.features_of),
        real,
        own_distances(real) if distances is None else distances,
        truncation=inputs.truncation,
    )
    return Scores({f"{name}*": value for name, value in found.items()})


INTERPOLATION = Metric(
    scores,
    gives=tuple(f"interpolation_{name}*" for name in ("ends", "latent", "pixel", "jump")),
    needs=("images", "reference", "distances", "generator"),
)
