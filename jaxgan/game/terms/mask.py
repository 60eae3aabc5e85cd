"""Mask of a clip (arXiv 1609.02612): little of it should move.

    0.1 mean |m|,   m in (0, 1) the generator's mask (its call `mask`)

The mean is over frames and pixels, as in the authors' code; the paper writes a norm, and a sum
would weigh the mask by as many times more as a clip has pixels. Switched on by `config.terms =
("mask",)`; needs models/vgan.py.
"""

import jax.numpy as jnp

from jaxgan.game.game import Drawn, Nets
from jaxgan.game.keys import Keys
from jaxgan.game.terms.wrappers import Term

WEIGHT = 0.1


def terms() -> dict[str, Term]:
    """Return the generator's term."""

    def value(nets: Nets, drawn: Drawn, state, keys: Keys):
        mask = nets.generator.mask(drawn.noise, drawn.fake.condition)
        return WEIGHT * jnp.abs(mask).mean(tuple(range(1, mask.ndim))), state

    return {"generator": Term(dict, value, {"generator": ("mask",)})}
