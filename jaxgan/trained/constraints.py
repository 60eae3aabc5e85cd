"""What an edit asks of an image (iGAN, arXiv 1609.03552), as terms of a descent.

    colour    sum of m (x - colour)^2 / sum of m channels    m [h, w] in [0, 1]: where it is painted
    edges     mean over drawn cells of |hog(x) - hog(lines)|^2
    near      mean (z - z0)^2
    realism   softplus(-D(x, y)): the cross entropy of D calling the image real

hog is a histogram of oriented gradients: 8 orientations, cells of 8 x 8 pixels. A pixel whose
gradient has length r and direction f adds r cos^4(f - k pi / 8) to orientation k of its cell, which
sums to 3 r whatever f is; opposite directions count as one, so that a line looks like an edge.
The 8 numbers of a cell are divided by sqrt(sum of their squares + FLAT^2).

An empty mask gives a term of 0 with a gradient of 0.

Deviation: the paper does not describe its descriptor down to the bins; the form above is ours,
chosen because it is differentiable everywhere.
"""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.game.game import Side
from jaxgan.game.losses import non_saturating, score
from jaxgan.trained.descent import Value

PyTree = Any
CELL, ORIENTATIONS = 8, 8
FLAT = 0.5  # a cell with smaller sums of gradients counts as flat; images are in [-1, 1]


def colour(about: PyTree, latents: jax.Array, images: jax.Array, labels: jax.Array) -> jax.Array:
    """about: colours [h, w, c] in [-1, 1], mask [h, w, 1] in [0, 1]."""
    colours, mask = about
    wrong = (mask[None] * (images - colours[None]) ** 2).sum((1, 2, 3))
    return wrong / jnp.maximum(mask.sum() * images.shape[-1], 1e-6)


def edges(about: PyTree, latents: jax.Array, images: jax.Array, labels: jax.Array) -> jax.Array:
    """about: what `drawn_cells` returns."""
    histogram, cells = about
    wrong = ((oriented(images) - histogram[None]) ** 2).sum(-1)
    return (cells[None] * wrong).sum((1, 2)) / jnp.maximum(cells.sum(), 1.0)


def near(about: jax.Array, latents: jax.Array, images: jax.Array, labels: jax.Array) -> jax.Array:
    """about: latents z0 [d]."""
    return ((latents - about[None]) ** 2).mean(1)


def realism(side: Side) -> Value:
    """Return the term of a discriminator; its `about` are the discriminator's weights."""

    def value(
        weights: PyTree, latents: jax.Array, images: jax.Array, labels: jax.Array
    ) -> jax.Array:
        logits = side.calls["call"]({"params": weights}, images, labels)
        return non_saturating.generator(score(logits))

    return value


def oriented(images: jax.Array) -> jax.Array:
    """Return the normalised histograms of images [n, h, w, c] in [-1, 1], [n, rows, columns, 8].

    Sizes that 8 does not divide are padded by repeating the last row and column.
    """
    opaque = images[..., :-1] if images.shape[-1] in (2, 4) else images
    gray = opaque.mean(-1)
    n, h, w = gray.shape
    gray = jnp.pad(gray, ((0, 0), (1, 1 + -h % CELL), (1, 1 + -w % CELL)), mode="edge")
    down = (gray[:, 2:, 1:-1] - gray[:, :-2, 1:-1]) / 2
    right = (gray[:, 1:-1, 2:] - gray[:, 1:-1, :-2]) / 2
    squared = (right**2 + down**2 + 1e-8)[..., None]
    angles = math.pi / ORIENTATIONS * np.arange(ORIENTATIONS, dtype=np.float32)[None, None, None]
    along = right[..., None] * np.cos(angles) + down[..., None] * np.sin(angles)
    votes = along**4 / squared**1.5
    _, rows, columns, _ = votes.shape
    votes = votes.reshape(n, rows // CELL, CELL, columns // CELL, CELL, ORIENTATIONS).sum((2, 4))
    return votes / jnp.sqrt((votes**2).sum(-1, keepdims=True) + FLAT**2)


def drawn_cells(lines: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the histograms of drawn lines [h, w, 1] in [0, 1], [rows, columns, 8], and which cells
    contain a part of a line, [rows, columns]."""
    found = np.asarray(oriented(jnp.asarray(2 * lines - 1)[None]))[0]
    h, w, _ = lines.shape
    filled = np.pad(lines[..., 0], ((0, -h % CELL), (0, -w % CELL)))
    cells = filled.reshape(filled.shape[0] // CELL, CELL, -1, CELL).max((1, 3)) > 0
    return found, cells.astype(np.float32)
