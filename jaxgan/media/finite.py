"""Check that generated samples are finite before they are rounded to integers."""

from typing import Any

import jax
import numpy as np


def refuse_not_finite(samples: Any, what: str) -> None:
    """Raise ValueError for NumPy samples [n, ...] that are not finite; it names the first one.

    what: "image", "wave", ... JAX arrays pass: a compiled function cannot raise.
    """
    if isinstance(samples, jax.Array):
        return
    finite = np.isfinite(samples).reshape(len(samples), -1).all(1)
    if not finite.all():
        raise ValueError(
            f"{what} {int(np.argmin(finite))} of {len(samples)} is not finite: the generator's "
            "weights are damaged, or its training has diverged"
        )
