"""Relativistic games (arXiv 1807.00734): is a real image more real than a generated one?

    pairs     -log s(D(x) - D(G(z)))
    average   -log s(D(x) - mean D(G)) - log(1 - s(D(G(z)) - mean D))
    hinge     max(0, 1 - D(x) + mean D(G)) + max(0, 1 + D(G(z)) - mean D)

for the discriminator; the generator minimises the same with real and generated images exchanged.
The i-th real image meets the i-th generated one. mean D(G) and mean D are over the microbatch (on
all devices), so with accumulation they are not those of the whole batch. `pairs` with the penalty
r1_r2 is the loss of R3GAN (arXiv 2501.05441).

Each of the three is a function (winner logits [b], loser logits [b]) -> [b].
"""

from collections.abc import Callable
from functools import partial

import jax
from jax.nn import relu, softplus
from ml_collections import ConfigDict

from jaxgan.game.game import GAN, Batch, Nets, Objective
from jaxgan.game.objectives.adversarial import apart, draw, together

Comparison = Callable[[jax.Array, jax.Array], jax.Array]


def pairs(winner: jax.Array, loser: jax.Array) -> jax.Array:
    return softplus(loser - winner)


def average(winner: jax.Array, loser: jax.Array) -> jax.Array:
    return softplus(loser.mean() - winner) + softplus(loser - winner.mean())


def average_hinge(winner: jax.Array, loser: jax.Array) -> jax.Array:
    return relu(1.0 - winner + loser.mean()) + relu(1.0 + loser - winner.mean())


COMPARISONS = {"pairs": pairs, "average": average, "hinge": average_hinge}


def both(gan: GAN, nets: Nets, batch: Batch, key: jax.Array, logits: Callable):
    """Return the logits of real and fake images, and the latent step's mean cost."""
    real = batch["images"], batch["labels"]
    latents, fake_labels, cost = draw(gan, nets, len(batch["images"]), key)
    fake = nets.generate(latents, fake_labels), fake_labels
    return *logits(nets, real, fake), cost.mean()


def discriminator_objective(
    gan: GAN,
    nets: Nets,
    stats,
    batch: Batch,
    key: jax.Array,
    *,
    compare: Comparison,
    logits: Callable,
):
    real_logits, fake_logits, cost = both(gan, nets, batch, key, logits)
    total = compare(real_logits, fake_logits).mean()
    metrics = {"real_logits": real_logits.mean(), "fake_logits": fake_logits.mean()}
    return total + gan.latent_step.discriminator_cost * cost, (stats, metrics)


def generator_objective(
    gan: GAN,
    nets: Nets,
    stats,
    batch: Batch,
    key: jax.Array,
    *,
    compare: Comparison,
    logits: Callable,
):
    real_logits, fake_logits, cost = both(gan, nets, batch, key, logits)
    total = compare(fake_logits, real_logits).mean() + gan.latent_step.generator_cost * cost
    return total, (stats, {"latent_cost": cost})


def default_config() -> ConfigDict:
    return ConfigDict(
        {
            "name": "relativistic",
            "comparison": "pairs",
            "one_pass": True,  # as in objectives/adversarial.py
        }
    )


def objectives(config: ConfigDict) -> tuple[Objective, Objective]:
    """Return the generator's and the discriminator's objective."""
    if config.comparison not in COMPARISONS:
        known = ", ".join(COMPARISONS)
        raise ValueError(f"objective.comparison = {config.comparison!r}: write one of {known}")
    shared = {
        "compare": COMPARISONS[config.comparison],
        "logits": together if config.one_pass else apart,
    }
    return partial(generator_objective, **shared), partial(discriminator_objective, **shared)
