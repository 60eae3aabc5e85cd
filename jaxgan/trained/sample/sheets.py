"""Sheets: captioned rows of images, each row showing one thing.

A row holds latents, labels and the truncation whose standing statistics it is sampled with.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from PIL import Image

from jaxgan.media.pictures import captioned
from jaxgan.trained.generator import TrainedGenerator
from jaxgan.trained.sample.paths import combined, path_by_name, terms
from jaxgan.training.sheets import spread_classes


class Row(NamedTuple):
    """A row of a sheet.

    latents: [n, latent_dim]. labels: [n] int, or [n, num_classes] float (mixtures).
    """

    caption: str
    latents: np.ndarray
    labels: np.ndarray
    truncation: float


def sheet(generator: TrainedGenerator, rows: Sequence[Row]) -> Image.Image:
    """Return the picture of rows, all of one length."""
    images = [generator.generate(row.latents, row.labels, row.truncation) for row in rows]
    captions = [row.caption for row in rows]
    medium = generator.medium
    shown = medium.pictures(medium.to_stored(np.concatenate(images)))
    return captioned(shown, len(images[0]), captions)


def reel(generator: TrainedGenerator, rows: Sequence[Row]) -> bytes:
    """Return the file that plays rows, for a medium that has one (`Medium.reel`)."""
    images = [generator.generate(row.latents, row.labels, row.truncation) for row in rows]
    assert generator.medium.reel is not None
    stored = generator.medium.to_stored(np.concatenate(images))
    return generator.medium.reel.encode(stored, len(images[0]))


def name_of(generator: TrainedGenerator, label: int) -> str:
    """Return the name of a class, or "images" for a generator that takes no class."""
    return generator.class_names[label] if generator.takes_class else "images"


def class_rows(
    g: TrainedGenerator, classes: Sequence[int], columns: int, seed: int, truncation: float
) -> list[Row]:
    """Return a row per class, with the same latents down each column; for a generator that takes no
    class, as many rows as a sheet has, with latents of their own."""
    if not g.takes_class:
        rows = range(len(spread_classes(len(g.class_names))))
        first = [i * columns for i in rows]
        z = [g.latents(range(i, i + columns), seed, truncation) for i in first]
        labels = np.zeros(columns, np.int32)
        return [Row(f"images from {i}", z[k], labels, truncation) for k, i in enumerate(first)]
    z = g.latents(range(columns), seed, truncation)
    return [Row(name_of(g, c), z, np.full(columns, c), truncation) for c in classes]


def truncation_rows(
    g: TrainedGenerator,
    classes: Sequence[int],
    columns: int,
    seed: int,
    truncations: Sequence[float],
) -> list[Row]:
    """Return a row per truncation, with its own standing statistics; classes repeat cyclically."""
    labels = np.resize(np.array(classes), columns)
    return [
        Row(f"truncation {t:g}" if t else "none", g.latents(range(columns), seed, t), labels, t)
        for t in truncations
    ]


def latent_rows(
    g: TrainedGenerator,
    classes: Sequence[int],
    columns: int,
    seeds: Sequence[int],
    truncation: float,
    path: str,
) -> list[Row]:
    """Return, for each class, a row from the first seed to the next, and so on."""
    _at_least_two("--seeds", seeds)
    ends = [g.latents([0], seed, truncation)[0] for seed in seeds]
    t, walk = np.linspace(0, 1, columns), path_by_name(path)
    return [
        Row(f"{name_of(g, c)}, {seeds[i]} to {seeds[i + 1]}", z, np.full(columns, c), truncation)
        for i in range(len(seeds) - 1)
        for z in [walk(ends[i], ends[i + 1], t)]
        for c in classes
    ]


def between_rows(
    g: TrainedGenerator,
    classes: Sequence[int],
    columns: int,
    seeds: Sequence[int],
    truncation: float,
) -> list[Row]:
    """Return a row between each two consecutive classes, with the latents held constant.

    Their embeddings are mixed linearly.
    """
    _at_least_two("--classes", classes)
    t, one_hot = np.linspace(0, 1, columns)[:, None], np.eye(len(g.class_names))
    return [
        Row(
            f"{name_of(g, a)} to {name_of(g, b)}" + (f", {seed}" if len(seeds) > 1 else ""),
            np.repeat(g.latents([0], seed, truncation), columns, axis=0),
            ((1 - t) * one_hot[a] + t * one_hot[b]).astype(np.float32),
            truncation,
        )
        for a, b in pairwise(classes)
        for seed in seeds
    ]


def arithmetic_rows(
    g: TrainedGenerator, classes: Sequence[int], expression: str, truncation: float
) -> list[Row]:
    """Return, for each class, the terms of "1-2+3", then their sum, rescaled to their mean norm."""
    signs, seeds = zip(*terms(expression), strict=True)
    z = np.concatenate([g.latents([0], seed, truncation) for seed in seeds])
    z = np.concatenate([z, combined(z, np.array(signs))[None]])
    words = "".join(f" {'-' if s < 0 else '+'} {n}" for s, n in zip(signs, seeds, strict=True))
    words = words.removeprefix(" + ").strip()
    return [Row(f"{name_of(g, c)}: {words}", z, np.full(len(z), c), truncation) for c in classes]


def default_classes(g: TrainedGenerator) -> list[int]:
    """Return the classes that a sheet shows by default."""
    return [int(c) for c in spread_classes(len(g.class_names) if g.takes_class else 1)]


def _at_least_two(flag: str, values: Sequence) -> None:
    if len(values) < 2:
        raise ValueError(f"{flag} = {', '.join(map(str, values)) or 'none'}: write two or more")
