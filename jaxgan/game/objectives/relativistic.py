"""Relativistic games (arXiv 1807.00734): is a real image more real than a generated one?

    pairs     -log s(D(x) - D(G(z)))
    average   -log s(D(x) - mean D(G)) - log(1 - s(D(G(z)) - mean D))
    hinge     max(0, 1 - D(x) + mean D(G)) + max(0, 1 + D(G(z)) - mean D)

for the discriminator; the generator minimises the same with real and generated images swapped. The
i-th real image is compared with the i-th generated one. mean D(G) and mean D are over the
microbatch (on all devices), so with accumulation they differ from the whole batch's. `pairs` with
the penalty r1_r2 is the loss of R3GAN (arXiv 2501.05441).

Each of the three is a function (winner logits [b], loser logits [b]) -> [b].
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
from jax.nn import relu, softplus
from ml_collections import ConfigDict

from jaxgan.game.game import Batch, Drawn, Game, Nets, Objective, Outcome
from jaxgan.game.keys import Keys
from jaxgan.game.losses import each
from jaxgan.game.objectives.adversarial import logit_metrics
from jaxgan.game.objectives.draw import generated_after_step, judged

NEEDS = {"generator": ("call",), "discriminator": ("call",)}
TAKES_LATENT_STEP = True

Comparison = Callable[[jax.Array, jax.Array], jax.Array]


def pairs(winner: jax.Array, loser: jax.Array) -> jax.Array:
    return softplus(loser - winner)


def average(winner: jax.Array, loser: jax.Array) -> jax.Array:
    return softplus(loser.mean() - winner) + softplus(loser - winner.mean())


def average_hinge(winner: jax.Array, loser: jax.Array) -> jax.Array:
    return relu(1.0 - winner + loser.mean()) + relu(1.0 + loser - winner.mean())


COMPARISONS = {"pairs": pairs, "average": average, "hinge": average_hinge}


def both(
    game: Game, nets: Nets, batch: Batch, keys: Keys, one_pass: bool
) -> tuple[Any, Drawn, jax.Array]:
    """Return the logits of real and fake samples, what was drawn, and the latent step's mean
    cost."""
    noise, fake, cost = generated_after_step(game, nets, batch, keys)
    logits = judged(nets, batch, fake, one_pass)
    return logits, Drawn(batch, fake, noise, logits), cost.mean()


def discriminator_objective(
    game: Game,
    nets: Nets,
    stats,
    batch: Batch,
    keys: Keys,
    *,
    compare: Comparison,
    one_pass: bool,
) -> tuple[jax.Array, Outcome]:
    (real, fake), drawn, cost = both(game, nets, batch, keys, one_pass)
    total = each(compare, real, fake).mean() + game.latent_step.discriminator_cost * cost
    return total, Outcome(stats, logit_metrics(real, fake), drawn)


def generator_objective(
    game: Game,
    nets: Nets,
    stats,
    batch: Batch,
    keys: Keys,
    *,
    compare: Comparison,
    one_pass: bool,
) -> tuple[jax.Array, Outcome]:
    (real, fake), drawn, cost = both(game, nets, batch, keys, one_pass)
    total = each(compare, fake, real).mean() + game.latent_step.generator_cost * cost
    return total, Outcome(stats, {"latent_cost": cost}, drawn)


def default_config() -> ConfigDict:
    return ConfigDict(
        {
            "name": "relativistic",
            "comparison": "pairs",
            "one_pass": True,  # as in adversarial.py
        }
    )


def objectives(config: ConfigDict) -> dict[str, Objective]:
    """Return each player's objective."""
    if config.comparison not in COMPARISONS:
        known = ", ".join(COMPARISONS)
        raise ValueError(f"objective.comparison = {config.comparison!r}: write one of {known}")
    fields = {"compare": COMPARISONS[config.comparison], "one_pass": config.one_pass}
    return {
        "generator": partial(generator_objective, **fields),
        "discriminator": partial(discriminator_objective, **fields),
    }
