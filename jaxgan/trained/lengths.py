"""An average of any length, after training (arXiv 2312.02696, section 3 and appendix C).

A snapshot holds the parameters averaged over time with the weights p_i, a power function given by
its step and length. For a target p, the average with the weights p is nearly sum x_i snapshot_i,
where

    sum x_i p_i  is nearest to  p:    A x = b,  A_ij = <p_i, p_j>,  b_i = <p_i, p>

and for power functions of t_a <= t_b

    <p_a, p_b> = (g_a + 1) (g_b + 1) / (g_a + g_b + 1)  t_a^g_b / t_b^(g_b + 1).

Deviation: x is rescaled to a sum of 1, so that constant parameters stay as they are; errors are up
to five times smaller.
"""

from pathlib import Path
from typing import Any

import numpy as np
from flax.traverse_util import unflatten_dict

from jaxgan.files import desk
from jaxgan.files.tensors import read_tensors
from jaxgan.game.averaging import gamma_of
from jaxgan.training import snapshots

PyTree = Any
Profile = tuple[int, float]  # step, gamma


def inner(a: Profile, b: Profile) -> float:
    """Return the inner product of two profiles."""
    (t_a, g_a), (t_b, g_b) = sorted((a, b))
    factor = (g_a + 1) * (g_b + 1) / (g_a + g_b + 1)
    return factor * (t_a / t_b) ** g_b / t_b


def shares(profiles: list[Profile], target: Profile) -> np.ndarray:
    """Return x, [len(profiles)] float64: the weight of each average in the target."""
    # Profiles are scaled to norm 1, so that the oldest and shortest do not limit the precision.
    norms = np.array([inner(p, p) ** 0.5 for p in profiles])
    products = np.array([[inner(p, q) for q in profiles] for p in profiles])
    products /= norms[:, None] * norms
    wanted = np.array([inner(p, target) for p in profiles]) / norms
    found = np.linalg.lstsq(products, wanted, rcond=1e-12)[0] / norms
    return found / found.sum()


def of_length(workdir: Path, length: float, step: int) -> PyTree:
    """Return a generator's parameters, averaged with a relative length up to a step.

    Raises:
      ValueError: no snapshot of this step, or a length that no power function has.
    """
    target = (step, gamma_of(length))
    known = [s for s in snapshots.steps(workdir) if s <= step]
    if step not in known:
        raise ValueError(
            f"sample.length = {length:g}: {workdir} has no snapshot of step {step}; train with "
            "average.lengths = (0.05, 0.1), or write 0"
        )
    files = [read_tensors(desk.fetch(snapshots.path_of(workdir, s)))[0] for s in known]
    lengths = sorted({name.partition("/")[0] for name in files[-1]}, key=float)
    parts = [(s, arrays, text) for s, arrays in zip(known, files, strict=True) for text in lengths]
    x = shares([(s, gamma_of(float(text))) for s, _, text in parts], target)
    flat = {}
    for name in (n.partition("/")[2] for n in files[-1] if n.startswith(f"{lengths[0]}/")):
        total = sum(
            share * np.asarray(arrays[f"{text}/{name}"], np.float64)
            for share, (_, arrays, text) in zip(x, parts, strict=True)
        )
        flat[name] = np.asarray(total, np.float32)
    return unflatten_dict(flat, sep="/")
