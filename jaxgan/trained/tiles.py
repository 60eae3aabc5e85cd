"""Large images in tiles: cut, processed one after the other, and blended where they overlap.

    result = sum over tiles of w_t made_t / sum of w_t        w_t = window by rows x by columns

Along an axis, a window is 1 in the middle of a tile. Over the `overlap` pixels at an end inside the
image, it is 0 for the first quarter, rises as sin^2 over the next half, and is 1 for the last
quarter: the windows of neighbours add up to 1. So the result equals that of the whole image,
  exactly,
for a network whose output depends on at most overlap / 4 surrounding pixels and which commutes with
shifts by tile - overlap. Networks that look further (U-Nets, instance norm) give tiles that differ;
the overlap hides it more or less.
"""

from collections.abc import Callable

import numpy as np


def refuse(tile: int, overlap: int) -> None:
    """Raise ValueError for tiles that cannot be blended."""
    if tile < 1 or not 0 <= overlap <= tile // 2:
        raise ValueError(
            f"tile = {tile}, overlap = {overlap}: write a tile of 1 pixel or more, and an overlap "
            f"from 0 to half of it, {tile // 2}"
        )


def places(length: int, tile: int, overlap: int) -> list[int]:
    """Return where tiles begin along an axis: every tile - overlap pixels, the last one at the
    end."""
    if length <= tile:
        return [0]
    return [*range(0, length - tile, tile - overlap), length - tile]


def window(size: int, overlap: int, is_first: bool, is_last: bool) -> np.ndarray:
    """Return the weights of a tile along an axis, [size] float32."""
    weights = np.ones(size, np.float32)
    share = np.clip(2.0 * (np.arange(overlap) + 0.5) / max(overlap, 1) - 0.5, 0.0, 1.0)
    ramp = np.sin(0.5 * np.pi * share).astype(np.float32) ** 2
    if not is_first:
        weights[:overlap] *= ramp
    if not is_last:
        weights[size - overlap :] *= ramp[::-1]
    return weights


def tiled(
    make: Callable[[np.ndarray], np.ndarray], image: np.ndarray, tile: int, overlap: int
) -> np.ndarray:
    """Return the result of `make` for an image, computed tile by tile.

    Args:
      make: tiles [n, th, tw, c] -> [n, k th, k tw, c'] float32, with an integer k.
      image: [h, w, c]. An axis that is no longer than a tile is taken whole.

    Returns:
      [k h, k w, c'] float32.
    """
    height, width, _ = image.shape
    th, tw = min(tile, height), min(tile, width)
    down, right = places(height, tile, overlap), places(width, tile, overlap)
    cut = np.stack([image[y : y + th, x : x + tw] for y in down for x in right])
    made = make(cut)
    k = made.shape[1] // th
    total = np.zeros((k * height, k * width, made.shape[-1]), np.float32)
    weight = np.zeros((k * height, k * width, 1), np.float32)
    for i, y in enumerate(down):
        rows = window(k * th, k * overlap, i == 0, i == len(down) - 1)
        for j, x in enumerate(right):
            columns = window(k * tw, k * overlap, j == 0, j == len(right) - 1)
            own = (rows[:, None] * columns)[..., None]
            there = slice(k * y, k * (y + th)), slice(k * x, k * (x + tw))
            total[there] += own * made[i * len(right) + j]
            weight[there] += own
    return total / weight
