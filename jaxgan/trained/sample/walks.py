"""Walks: films through the latents, from seed to seed and back to the first."""

import math
from collections.abc import Sequence

import numpy as np

from jaxgan.media.pictures import enlarge, grid
from jaxgan.trained.generator import TrainedGenerator
from jaxgan.trained.sample.paths import closed_walk, path_by_name


def walk_frames(
    g: TrainedGenerator,
    classes: Sequence[int],
    seeds: Sequence[int],
    steps: int,
    truncation: float,
    path: str,
) -> np.ndarray:
    """Return frames [len(seeds) * steps, h, w, c] uint8, with the classes side by side in each.

    Small images are enlarged. Raises ValueError for fewer than two seeds, or one step.
    """
    if len(seeds) < 2 or steps < 1:
        raise ValueError(f"--seeds={seeds}, --steps={steps}: write two seeds and 1 step or more")
    points = np.stack([g.latents([0], seed, truncation)[0] for seed in seeds])
    z = closed_walk(points, steps, path_by_name(path))
    shown = lambda samples: enlarge(g.medium.pictures(g.medium.to_stored(samples)))
    films = [shown(g.generate(z, np.full(len(z), c), truncation)) for c in classes]
    columns = math.ceil(math.sqrt(len(films)))
    films += [np.zeros_like(films[0])] * (-len(films) % columns)
    return np.stack([grid(np.stack(frame), columns) for frame in zip(*films, strict=True)])
