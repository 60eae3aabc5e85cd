"""BiGAN (arXiv 1605.09782), found at the same time as ALI (arXiv 1606.00704).

    discriminator:  mean loss.discriminator(D(x, E(x)), D(G(z), z))
    generator, E:   mean loss.generator(D(G(z), z)) + loss.generator(-D(x, E(x)))

At the optimum the two joint distributions are equal, so E inverts G. The papers' non-saturating
form swaps the labels of the two kinds of pairs, hence the minus. It is right for losses that treat
D and -D alike but for the label; others are refused. Needs models/bigan.py.
"""

from functools import partial

import jax
from ml_collections import ConfigDict

from jaxgan.game import losses
from jaxgan.game.game import Batch, Drawn, Game, Nets, Objective, Outcome
from jaxgan.game.keys import Keys
from jaxgan.game.losses import each
from jaxgan.game.objectives.adversarial import logit_metrics, named_loss
from jaxgan.game.objectives.draw import generated, pair, unpair

NEEDS = {"generator": ("call", "encode"), "discriminator": ("call", "judge")}


# At the negated logit, the generator's loss of each is that of a real pair which should look made.
LOSSES = ("hinge", "minimax", "non_saturating", "label_smoothing", "wasserstein")
LOSSES += ("jensen_shannon", "squared_hellinger", "energy_based")


def judge(
    game: Game, nets: Nets, batch: Batch, keys: Keys
) -> tuple[tuple[jax.Array, jax.Array], Drawn]:
    """Return D(x, E(x)) and D(G(z), z), each [b], from one pass, and what was drawn."""
    noise, fake = generated(game, nets, batch, keys)
    codes = nets.generator.encode(batch.sample)
    paired = pair(batch.sample, fake.sample), pair(codes, noise)
    logits = unpair(nets.discriminator.judge(*paired))
    return logits, Drawn(batch, fake, noise, logits)


def discriminator_objective(
    game: Game, nets: Nets, stats, batch: Batch, keys: Keys, *, loss: losses.Loss
) -> tuple[jax.Array, Outcome]:
    logits, drawn = judge(game, nets, batch, keys)
    total = each(loss.discriminator, *logits).mean()
    return total, Outcome(stats, logit_metrics(*logits), drawn)


def generator_objective(
    game: Game, nets: Nets, stats, batch: Batch, keys: Keys, *, loss: losses.Loss
) -> tuple[jax.Array, Outcome]:
    (real, fake), drawn = judge(game, nets, batch, keys)
    codes = jax.lax.stop_gradient(nets.generator.encode(batch.sample))
    decoded = nets.generator.call(codes, batch.condition)
    error = jax.lax.stop_gradient(((decoded - batch.sample) ** 2).mean())
    total = (loss.generator(fake) + loss.generator(-real)).mean()
    return total, Outcome(stats, {"reconstruction": error}, drawn)


def default_config() -> ConfigDict:
    return ConfigDict({"name": "bigan", "loss": "non_saturating", "top_k": 1.0})


def objectives(config: ConfigDict) -> dict[str, Objective]:
    """Return each player's objective."""
    loss = named_loss(config.loss, config.top_k)
    if config.loss not in LOSSES:
        raise ValueError(f"objective.loss = {config.loss!r}: write one of {', '.join(LOSSES)}")
    return {
        "generator": partial(generator_objective, loss=loss),
        "discriminator": partial(discriminator_objective, loss=loss),
    }
