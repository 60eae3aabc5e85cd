"""Bicubic resizing as a product with a matrix on each side, for NumPy and JAX arrays alike.

    w(t) =  1.5 |t|^3 - 2.5 t^2 + 1             |t| < 1
           -0.5 |t|^3 + 2.5 t^2 - 4 |t| + 2     1 <= |t| < 2

(Keys 1981, a = -0.5). A new pixel is the mean of the pixels around its centre, weighted by w of
their distance. To shrink, w is stretched by the ratio, so that every pixel contributes. Pixels
beyond the edges do not exist, and the other weights are normalised. The same as in Pillow, MATLAB
and jax.image; others use a = -0.75 or do not stretch (OpenCV).
"""

from typing import Any

import jax
import numpy as np


def cubic(t: np.ndarray) -> np.ndarray:
    """Return w(t)."""
    t = np.abs(t)
    near, far = (1.5 * t - 2.5) * t * t + 1, ((-0.5 * t + 2.5) * t - 4) * t + 2
    return np.where(t < 1, near, np.where(t < 2, far, 0.0))


def weights(old: int, new: int) -> np.ndarray:
    """Return the matrix [new, old] float32 that resizes a row of pixels. Its rows sum to 1."""
    ratio = old / new
    centres = (np.arange(new) + 0.5) * ratio - 0.5
    found = cubic((np.arange(old) - centres[:, None]) / max(ratio, 1.0))
    return (found / found.sum(1, keepdims=True)).astype(np.float32)


def resized(images: Any, size: tuple[int, int]) -> Any:
    """Return float32 images [..., h, w, c] at another size, [..., *size, c]; values may
    overshoot."""
    *leading, h, w, c = images.shape
    rows, columns = weights(h, size[0]), weights(w, size[1])
    with jax.default_matmul_precision("highest"):
        images = rows @ images.reshape(*leading, h, w * c)
        return columns @ images.reshape(*leading, size[0], w, c)
