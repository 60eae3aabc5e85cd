"""A linear head <w, h> + c computed twice, for a slicing adversarial network (arXiv 2301.12811).

    features    <|w| h, sg(w / |w|)> + c
    direction   <sg(|w| h), w / |w|> + c

sg: stop gradient. Both values are the logit itself; they differ in what learns from them. The first
trains the features h, the length of w, which counts as their scale, and c; the second trains only
the direction of w. Keeping the length, in place of a unit w, is the authors' advice in their
tutorial (github.com/sony/san): the discriminator computes the same as before.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.lax import stop_gradient


class Slices(NamedTuple):
    """Logits [b] twice: one for training the features, one for training the direction."""

    features: jax.Array
    direction: jax.Array


def slices(features: jax.Array, weights: jax.Array, bias: jax.Array) -> Slices:
    """Return both for features [b, n], weights [b, n] or [1, n] and a bias [b] or [1]."""
    squares = jnp.square(weights).sum(-1, keepdims=True)
    lengths = jnp.sqrt(jnp.maximum(squares, 1e-24))  # a head of zeros stays zero, with gradient 0
    directions = weights / lengths
    scaled = lengths * features
    return Slices(
        (scaled * stop_gradient(directions)).sum(-1) + bias,
        (stop_gradient(scaled) * directions).sum(-1) + bias,
    )
