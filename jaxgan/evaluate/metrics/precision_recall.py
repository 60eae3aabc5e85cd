"""Precision and recall (arXiv 1904.06991), density and coverage (arXiv 2002.09797).

Every image has a ball that reaches to its k-th nearest neighbour in the same set.

    precision  share of samples inside at least one real ball (k = 3)
    recall     share of real images inside at least one sample ball (k = 3)
    density    mean number of real balls around a sample, divided by k (k = 5; may exceed 1)
    coverage   share of real balls with at least one sample inside (k = 5)

A point on the surface is inside for precision and recall, but outside for density and coverage, as
their authors wrote them. Decisions are exact: float32 on the device decides all pairs except those
closer to a surface than its error, and float64 decides the rest.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.devices import compiler
from jaxgan.evaluate.metrics.bootstrap import standard_error
from jaxgan.evaluate.metrics.checks import pair
from jaxgan.evaluate.metrics.distances import (
    centred,
    exact_distances,
    row_blocks,
    squared_distances,
)
from jaxgan.evaluate.metrics.metric import Inputs, Metric, Scores, needed
from jaxgan.evaluate.metrics.neighbours import own_distances


class Membership(NamedTuple):
    """One number per image; each score is the mean of its array (which makes a bootstrap cheap).

    precision [samples] 0 or 1, recall [real] 0 or 1, density [samples] >= 0, coverage [real] 0 or 1
    """

    precision: np.ndarray
    recall: np.ndarray
    density: np.ndarray
    coverage: np.ndarray


class _Radii(NamedTuple):
    real: np.ndarray  # [real], for precision
    fake: np.ndarray  # [samples], for recall
    dense: np.ndarray  # [real], for density and coverage


def membership(
    real: np.ndarray,
    fake: np.ndarray,
    recall_k: int = 3,
    density_k: int = 5,
    real_distances: np.ndarray | None = None,
) -> Membership:
    """Return which balls hold which images.

    Args:
      real: [n, d] features, n above recall_k and density_k. fake: [m, d], m above recall_k.
      real_distances: `neighbours.own_distances` of real, if known.
    """
    needed = max(recall_k, density_k)
    if len(real) <= needed or len(fake) <= recall_k:
        raise ValueError(
            f"{len(fake)} samples and {len(real)} real images: precision and recall need more "
            f"than {recall_k} and {needed}"
        )
    pair("real", real, "fake", fake)
    if real_distances is None:
        real_distances = own_distances(real, needed)
    fake_distances = own_distances(fake, recall_k)
    radii = _Radii(
        real=real_distances[:, recall_k - 1],
        fake=fake_distances[:, recall_k - 1],
        dense=real_distances[:, density_k - 1],
    )
    center = real.mean(axis=0, dtype=np.float64)
    fast_real, fast_fake = centred(real, center), centred(fake, center)
    precise, balls = np.zeros(len(fake), bool), np.zeros(len(fake), int)
    recalled, covered = np.zeros(len(real), bool), np.zeros(len(real), bool)
    for block in row_blocks(len(real), len(fake)):
        blocks = (radii.real[block], radii.fake, radii.dense[block])
        squares = ((r**2).astype(np.float32) for r in blocks)
        *sums, unsure = jax.device_get(_settled(fast_real[block], fast_fake, *squares))
        rows, columns = np.nonzero(unsure)
        rows += block.start
        exact = exact_distances(real, fake, rows, columns)
        precise |= sums[0]
        precise[columns[exact <= radii.real[rows]]] = True
        recalled[block] |= sums[1]
        recalled[rows[exact <= radii.fake[columns]]] = True
        balls += sums[2]
        covered[block] |= sums[3]
        inside = exact < radii.dense[rows]
        np.add.at(balls, columns[inside], 1)
        covered[rows[inside]] = True
    density = balls / density_k
    return Membership(precise.astype(float), recalled.astype(float), density, covered.astype(float))


@compiler.jit
def _settled(real, fake, real_radii, fake_radii, dense_radii):
    """Return the four sums over the pairs that float32 can decide, and the other pairs [n, m]."""
    squared, bound = squared_distances(real, fake)
    all_radii = (real_radii[:, None], fake_radii[None], dense_radii[:, None])
    # The radii were also rounded to float32: two units in the last place.
    near = [jnp.abs(squared - r) <= bound + r * 2.0**-22 for r in all_radii]
    unsure = near[0] | near[1] | near[2]
    precise, recalled, dense = ((squared < r) & ~unsure for r in all_radii)
    return precise.any(axis=0), recalled.any(axis=1), dense.sum(axis=0), dense.any(axis=1), unsure


def scores(inputs: Inputs) -> Scores:
    """Compute the four shares, and their bootstrap errors if asked for."""
    found: dict[str, float] = {}
    fake, real = needed(inputs.fake), needed(inputs.real)
    members = membership(real.features, fake.features, real_distances=inputs.real_distances)
    for name, values in members._asdict().items():
        found[f"{name}*"] = float(values.mean())
        if inputs.bootstrap_rounds:
            found[f"{name}*_std"] = standard_error(
                lambda chosen, values=values: values[chosen].mean(),
                len(values),
                inputs.bootstrap_rounds,
                inputs.seed,
            )
    return Scores(found)


PRECISION_RECALL = Metric(
    scores,
    gives=tuple(f"{name}*" for name in Membership._fields),
    needs=("samples", "reference", "distances"),
    error_bars=tuple(f"{name}*_std" for name in Membership._fields),
    least=(4, 6),
)
