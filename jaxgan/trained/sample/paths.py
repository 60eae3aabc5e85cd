"""Paths between latents, and arithmetic on them.

    linear      (1 - t) a + t b
    spherical   |.| (sin((1 - t) w) a / |a| + sin(t w) b / |b|) / sin w,  w the angle between them
                and |.| = (1 - t) |a| + t |b|

Normal latents of many dimensions lie near a sphere of radius sqrt(d). The straight line between two
of them passes through its inside, at 0.7 of the radius half-way, where the generator was never
trained; the arc stays near the sphere (arXiv 1609.04468).
"""

import re

import numpy as np


def linear(a: np.ndarray, b: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Return points [n, d] float32 at t [n] between a [d] and b [d]."""
    t = np.asarray(t, np.float64)[:, None]
    return ((1 - t) * a + t * b).astype(np.float32)


def spherical(a: np.ndarray, b: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Return points [n, d] float32 at t [n] on the arc from a [d] to b [d].

    Linear if there is no arc: for equal or opposite directions, or at zero.
    """
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    norms = np.linalg.norm(a), np.linalg.norm(b)
    if not min(norms):
        return linear(a, b, t)
    a, b = a / norms[0], b / norms[1]
    angle = np.arccos(np.clip(a @ b, -1, 1))
    if np.sin(angle) < 1e-6:
        return linear(a * norms[0], b * norms[1], t)
    t = np.asarray(t, np.float64)[:, None]
    direction = (np.sin((1 - t) * angle) * a + np.sin(t * angle) * b) / np.sin(angle)
    return (((1 - t) * norms[0] + t * norms[1]) * direction).astype(np.float32)


PATHS = {"linear": linear, "spherical": spherical}


def path_by_name(name: str):
    """Return a path by its name in --path. Raises ValueError for an unknown one."""
    if name not in PATHS:
        raise ValueError(f"--path={name}: write {' or '.join(PATHS)}")
    return PATHS[name]


def closed_walk(points: np.ndarray, steps: int, path=spherical) -> np.ndarray:
    """Return [k * steps, d]: from each point [k, d] to the next, and from the last to the first."""
    t = np.arange(steps) / steps
    pairs = zip(points, np.roll(points, -1, axis=0), strict=True)
    return np.concatenate([path(a, b, t) for a, b in pairs])


def terms(expression: str) -> list[tuple[int, int]]:
    """Return (sign, seed) for each term of an expression such as "1-2+3". ValueError for others."""
    text = expression.replace(" ", "")
    if not re.fullmatch(r"[+-]?\d+([+-]\d+)+", text):
        raise ValueError(f"--seeds={expression!r}: write seeds with signs, such as 1-2+3")
    return [(-1 if s == "-" else 1, int(n)) for s, n in re.findall(r"([+-]?)(\d+)", text)]


def combined(latents: np.ndarray, signs: np.ndarray) -> np.ndarray:
    """Return the signed sum [d] of latents [k, d], rescaled to their mean norm.

    A sum of k normal latents is sqrt(k) times too long for the generator.
    """
    total = signs.astype(np.float32) @ latents
    norm = np.linalg.norm(total)
    return total * (np.linalg.norm(latents, axis=1).mean() / norm) if norm else total
