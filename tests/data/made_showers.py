"""Procedural showers in three layers of a calorimeter, made in numpy, of known energy.

    python -m tests.data.made_showers showers.npz --count=4000

A particle of 1 to 100 GeV deposits a share of its energy in each layer, later layers more of it
where the energy is high; a layer's part lies around a centre near the middle, as a sum of many
small deposits at distances of an exponential law. Their total is the particle's energy but for a
percent or two that is lost. A twin of the data of arXiv 1705.02355, not a simulation of them.
"""

import argparse
from pathlib import Path

import numpy as np

from jaxgan.media.showers import SHAPES, Layers

DEPOSITS = 200  # of a layer


def showers(count: int, seed: int = 0) -> tuple[Layers, np.ndarray]:
    """Return showers with leaves [count, rows, columns] float32 and their energies [count], GeV."""
    rng = np.random.default_rng(seed)
    energies = rng.uniform(1.0, 100.0, count).astype(np.float32)
    late = 0.15 + 0.1 * np.log10(energies)  # of the energy that is left
    shares = np.stack([0.25 - 0.1 * late, 0.75 - 0.9 * late, late], 1)
    shares *= rng.gamma(30.0, 1 / 30.0, shares.shape)
    shares *= rng.uniform(0.97, 1.0, (count, 1)) / shares.sum(1, keepdims=True)
    layers = []
    for i, (rows, columns) in enumerate(SHAPES):
        centre = rng.normal(0.0, 0.01, (count, 1, 2))
        angle = rng.uniform(0.0, 2 * np.pi, (count, DEPOSITS))
        radius = rng.exponential(0.05 + 0.03 * i, (count, DEPOSITS))
        at = 0.5 + centre + radius[..., None] * np.stack([np.sin(angle), np.cos(angle)], -1)
        row = np.clip((at[..., 0] * rows).astype(int), 0, rows - 1)
        column = np.clip((at[..., 1] * columns).astype(int), 0, columns - 1)
        parts = rng.exponential(1.0, (count, DEPOSITS))
        parts *= (shares[:, i] * energies / parts.sum(1))[:, None]
        layer = np.zeros((count, rows, columns))
        np.add.at(layer, (np.arange(count)[:, None], row, column), parts)
        layers.append(layer.astype(np.float32))
    return Layers(*layers), energies


def save(path: Path, count: int, seed: int = 0) -> Path:
    """Write showers as `jaxgan prepare --showers` reads them."""
    layers, energies = showers(count, seed)
    np.savez(path, energy=energies, **layers._asdict())
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--count", type=int, default=4000)
    flags = parser.parse_args()
    save(flags.path, flags.count)


if __name__ == "__main__":
    main()
