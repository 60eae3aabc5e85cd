"""Adversarial losses: logits to one value per example, to be minimised. Callers take the mean.

A `Loss` is a pair: discriminator(real_logits, fake_logits) and generator(fake_logits), each
[batch] float32. Higher logits mean "real".
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
from jax.nn import relu, softplus


class Loss(NamedTuple):
    discriminator: Callable[[jax.Array, jax.Array], jax.Array]
    generator: Callable[[jax.Array], jax.Array]


# Hinge (arXiv 1705.02894): max(0, 1 - D(x)) + max(0, 1 + D(G(z))); the generator -D(G(z)).
hinge = Loss(
    discriminator=lambda real, fake: relu(1.0 - real) + relu(1.0 + fake),
    generator=lambda fake: -fake,
)

# Non-saturating (arXiv 1406.2661): -log s(D(x)) - log(1 - s(D(G(z)))); the generator
# -log s(D(G(z))), with s the logistic function.
non_saturating = Loss(
    discriminator=lambda real, fake: softplus(-real) + softplus(fake),
    generator=lambda fake: softplus(-fake),
)
