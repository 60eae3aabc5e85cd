"""Latent optimisation (LOGAN, arXiv 1912.00953): improve z before it is used.

    g = d D(G(z, y), y) / d z
    gradient           dz = alpha g
    natural gradient   dz = alpha (g g^T + beta I)^-1 g = alpha g / (beta + |g|^2)
    z' = clip(z + dz)

The step ascends the discriminator's score, in both players' updates, and is part of the graph: the
outer gradient flows through dz (second order; nothing is stopped). |dz| <= alpha / (2 sqrt(beta))
for the natural gradient. With several steps, the gradient is recomputed at each.

Only a fraction of the latent's elements is optimised and enters g: the first ones (`fixed`), or a
random subset of the same size for each example (`random`). The paper says 50% of the elements, but
not which; with `fixed`, the other half always keeps its random draw. Public code that drops whole
examples instead is a different method.

The cost is |dz|^2 of the sum of dz over steps, before clipping. Which player's loss the paper adds
it to is not verified: the generator's alone (as in CS-GAN, arXiv 1905.06723) or both.

Batch norm couples the examples of a batch, so the gradient of the summed scores is per-example only
up to that coupling. Sampling draws z from the prior, without a step.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

Energy = Callable[[jax.Array], jax.Array]  # latents [b, latent_dim] -> scores [b]
Rule = Callable[[jax.Array], jax.Array]  # g -> dz, both [b, latent_dim] float32


class LatentStep(NamedTuple):
    """How latents are improved, and the weights of the cost in the two losses.

    improve: (energy, latents [b, latent_dim], key) -> (latents, cost [b]), both float32. Without a
    step the latents may be any pytree, and the cost is 0, [1].
    """

    improve: Callable[[Energy, jax.Array, jax.Array], tuple[jax.Array, jax.Array]]
    generator_cost: float = 0.0
    discriminator_cost: float = 0.0


# Use the latents as they are drawn.
no_latent_step = LatentStep(lambda energy, latents, key: (latents, jnp.zeros(1)))


def gradient(alpha: float) -> Rule:
    """Return dz = alpha g. Raises ValueError unless the step size alpha is above 0."""
    _refuse("alpha", alpha, alpha > 0, "a number above 0, such as 0.9")
    return lambda g: alpha * g


def natural_gradient(alpha: float, beta: float) -> Rule:
    """Return dz = alpha g / (beta + |g|^2).

    Raises ValueError unless the step size alpha and beta, the damping of the Fisher matrix, are
    above 0.
    """
    _refuse("alpha", alpha, alpha > 0, "a number above 0, such as 0.9")
    _refuse("beta", beta, beta > 0, "a number above 0, such as 5.0")
    return lambda g: alpha * g / (beta + (g * g).sum(-1, keepdims=True))


def latent_step(
    rule: Rule,
    *,
    steps: int = 1,
    fraction: float = 1.0,
    subset: str = "fixed",
    clip: str = "none",
    cost: float = 0.0,
    cost_players: str = "generator",
) -> LatentStep:
    """Return the latent step that moves latents by a rule.

    Args:
      rule: gradient(alpha), or natural_gradient(alpha, beta).
      steps: number of steps, each with the gradient at the latents reached so far.
      fraction: share of the latent's elements that is optimised, in (0, 1], rounded to elements.
      subset: "fixed" (the first elements) or "random" (drawn per example, the same in all steps).
      clip: "unit" clips to [-1, 1], the support of the uniform prior, after each step; or "none".
      cost: weight of the mean of |dz|^2 in the loss.
      cost_players: "generator", or "both".

    Raises:
      ValueError: a field out of its range.
    """
    _refuse("steps", steps, steps >= 1, "1 or more")
    _refuse("fraction", fraction, 0 < fraction <= 1, "a number in (0, 1], such as 0.5")
    _refuse("subset", subset, subset in ("fixed", "random"), "'fixed' or 'random'")
    _refuse("clip", clip, clip in ("none", "unit"), "'none' or 'unit'")
    _refuse("cost", cost, cost >= 0, "0 or more, such as 300.0")
    known = cost_players in ("generator", "both")
    _refuse("cost_players", cost_players, known, "'generator' or 'both'")

    def improve(energy: Energy, latents: jax.Array, key: jax.Array) -> tuple[jax.Array, jax.Array]:
        mask = optimised(key, latents.shape, fraction, subset)
        scores = jax.grad(lambda z: energy(z).sum())
        total = jnp.zeros_like(latents)
        for _ in range(steps):
            # |g|^2 is added to the damping: float32, whatever the networks compute in.
            delta = rule(mask * scores(latents).astype(jnp.float32))
            total, latents = total + delta, latents + delta
            if clip == "unit":
                latents = jnp.clip(latents, -1.0, 1.0)
        return latents, (total * total).sum(-1)

    return LatentStep(improve, cost, cost if cost_players == "both" else 0.0)


def optimised(key: jax.Array, shape: tuple[int, ...], fraction: float, subset: str) -> jax.Array:
    """Return a mask of the optimised elements of latents of shape [b, latent_dim]: 0.0 or 1.0 in
    [b, latent_dim] or [1, latent_dim]."""
    count = max(1, math.floor(fraction * shape[1] + 0.5))
    if subset == "fixed":
        return (jnp.arange(shape[1]) < count).astype(jnp.float32).reshape(1, -1)
    order = jax.random.permutation(key, jnp.broadcast_to(jnp.arange(shape[1]), shape), 1, True)
    return (order < count).astype(jnp.float32)


def _refuse(field: str, value: object, holds: bool, instead: str) -> None:
    if not holds:
        raise ValueError(f"latent_step.{field} = {value!r}: write {instead}")
