"""Editing: paint on a generated image, and its latents follow (iGAN, arXiv 1609.03552).

The image of latents z0 is the start. The result minimises

    colour + 0.2 edges + keep near + realism (D's term)        (constraints.py)

by descent (descent.py) from z0 and from the best of many z0 + 0.5 n, n drawn from the prior. The
best result is returned. Latents are kept where the prior is (descent.bounds_of). The result depends
on the strokes, the start and the seed alone.

Deviations: latents of any prior, where the paper has z in (-1, 1) by a tanh; a fixed number of
steps with a decaying rate, where the paper updates a window every 25; one result, where the paper
shows 16. The paper's `keep` is 5 when an image is edited further, and 0 for the first edit.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from jaxgan.trained import constraints
from jaxgan.trained.descent import Bounds, Descent, Term, Value, bounds_of
from jaxgan.trained.generator import TrainedGenerator
from jaxgan.trained.inversion import CANDIDATES

PyTree = Any
EDGES = 0.2  # weight of the edges' term
NOISE = 0.5  # factor on a draw that is added to the start, for other starts
KEEP = 0.005
EVERY = 10  # steps between two reports of progress


class Strokes(NamedTuple):
    """What is painted.

    colours: [h, w, c] float32 in [-1, 1]. mask: [h, w, 1] in [0, 1], the opacity of the paint.
    """

    colours: np.ndarray
    mask: np.ndarray


class Edit(NamedTuple):
    """An edit that was found.

    start, latents: [latent_dim], of the image before and after. label: the class of both.
    images: before and after, [2, h, w, c] float32 in [-1, 1].
    errors: {name of a term: (before, after)}.
    """

    start: np.ndarray
    latents: np.ndarray
    label: int
    images: np.ndarray
    errors: dict[str, tuple[float, float]]


def edit(
    g: TrainedGenerator,
    strokes: Strokes | None = None,
    lines: np.ndarray | None = None,
    label: int | None = None,
    seed: int = 0,
    start: np.ndarray | None = None,
    starts: int = 32,
    steps: int = 100,
    learning_rate: float = 0.1,
    keep: float = KEEP,
    judge: tuple[Value, PyTree] | None = None,
    realism: float = 0.0,
    truncation: float | None = None,
    descent: Descent | None = None,
    said: Callable[[int], None] = lambda steps: None,
) -> Edit:
    """Find a generated image that looks as it was painted, near a start.

    Args:
      strokes: of the generator's size; None, or an empty mask, for none.
      lines: drawn edges, [h, w, 1] in [0, 1]; None for none.
      label: the class; None takes the best of all, if there are at most 256.
      seed: the start is image 0 of this seed; the other starts are drawn from it too.
      start: latents [latent_dim] to start from instead.
      starts, steps, learning_rate: of the descent.
      keep: weight of the distance from the start.
      judge, realism: a discriminator (judge.py), and its weight.
      truncation: of the latents and the statistics; None for the config's.
      descent: of an earlier edit of this generator, whose compiled programs are reused.
      said: called with a number of steps when they are done.

    If nothing is painted, nothing changes: the start is returned.

    Raises ValueError for strokes of another size, or values out of range.
    """
    if starts < 1 or steps < 1:
        raise ValueError(f"{starts} starts, {steps} steps: write 1 or more")
    t = g.truncation(truncation)
    bounds, descent = bounds_of(g.config, t), descent or Descent(g)
    count = _classes(g, label)
    draws = g.latents(range(max(CANDIDATES // count, -(-starts // count), 1)), seed, t)
    z0 = draws[0] if start is None else np.asarray(start, np.float32)
    terms = _terms(g, strokes, lines, z0, keep, judge, realism)
    if not terms:
        label = int(g.draw([0], seed, t)[1][0]) if label is None else label
        images = g.generate(np.stack([z0, z0]), np.full(2, label), t)
        return Edit(z0, z0, label, images, {})
    z, labels = _starts(z0, draws, label, count, bounds)
    weights = np.array([term.weight for term in terms.values()])
    costs = descent.measured(tuple(terms.values()), z, labels, t) @ weights
    own = int(np.argmin(costs[:count]))  # the start itself, with the class that fits best
    order = np.argsort(costs)
    chosen = np.concatenate([[own], order[order != own]])[:starts]
    z, labels = z[chosen], labels[chosen]
    stops = [*range(EVERY, steps, EVERY), steps]
    done, ends, values = 0, z, np.zeros((len(z), len(terms)))
    for step, *reached in descent.steps(
        tuple(terms.values()), z, labels, stops, learning_rate, t, bounds
    ):
        said(step - done)
        done, (ends, values) = step, reached
    best = int(np.argmin(values @ weights))
    found, label = ends[best], int(labels[best])
    way, both = np.stack([z0, found]), np.full(2, label, np.int32)
    measured = descent.measured(tuple(terms.values()), way, both, t)
    errors = {name: (float(a), float(b)) for name, a, b in zip(terms, *measured, strict=True)}
    return Edit(z0, found, label, g.generate(way, both, t), errors)


def _classes(g: TrainedGenerator, label: int | None) -> int:
    """Return the number of classes to try."""
    if label is not None:
        g.refuse_class()
        return 1
    count = max(len(g.class_names), 1) if g.takes_class else 1
    if count > CANDIDATES:
        raise ValueError(f"label is missing: of {count} classes write one")
    return count


def _terms(g, strokes, lines, z0, keep, judge, realism) -> dict[str, Term]:
    """Return the terms to minimise; {} if nothing is painted."""
    terms, shape = {}, (*g.image_shape[:2], 1)
    given = {"lines": lines}
    if strokes is not None:
        given |= {"strokes.mask": strokes.mask, "strokes.colours": strokes.colours}
    for name, array in given.items():
        wanted = g.image_shape if name == "strokes.colours" else shape
        if array is not None and array.shape != wanted:
            raise ValueError(f"{name} is {list(array.shape)}: write {list(wanted)}")
    if strokes is not None and strokes.mask.any():
        terms["colour"] = Term(constraints.colour, tuple(strokes), 1.0)
    if lines is not None and lines.any():
        terms["edges"] = Term(constraints.edges, constraints.drawn_cells(lines), EDGES)
    if not terms:
        return {}
    terms["near"] = Term(constraints.near, z0, keep)
    if judge is not None:
        value, weights = judge
        terms["realism"] = Term(value, weights, realism)
    return terms


def _starts(z0, draws, label, count, bounds: Bounds) -> tuple[np.ndarray, np.ndarray]:
    """Return latents [n, d] and labels [n]: z0 with every class to try, then the others."""
    near = np.array(bounds.brought(z0 + NOISE * draws))
    near[0] = z0
    labels = np.arange(count) if label is None else np.array([label])
    return near.repeat(count, 0), np.tile(labels, len(near)).astype(np.int32)
