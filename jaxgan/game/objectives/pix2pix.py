"""The game of pix2pix (arXiv 1611.07004): adversarial, and close to the true image.

    discriminator:  mean (loss.discriminator(D(b, a), D(G(a), a)) / 2)
    generator:      adversarial mean loss.generator(D(G(a), a)) + l1 mean |b - G(a)|

for an image b and its source a: the batch's own pairs, so `config.condition` is "data". Logits are
a grid of patches; the mean is over all of them. D's loss is halved, which slows D down relative to
G. The paper's `adversarial` is 1; with 0, its ablation, only the distance is left.
"""

from functools import partial

import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from jaxgan.game import losses
from jaxgan.game.game import Batch, Drawn, Game, Nets, Objective, Outcome
from jaxgan.game.keys import Keys
from jaxgan.game.losses import each
from jaxgan.game.objectives.adversarial import logit_metrics, named_loss
from jaxgan.game.objectives.draw import judged
from jaxgan.game.objectives.weights import weights_of

NEEDS = {"generator": ("call", "translate"), "discriminator": ("call",)}


def translated(game: Game, nets: Nets, batch: Batch, keys: Keys) -> tuple[jax.Array, Batch]:
    """Return noise, and what the generator makes of the batch's sources."""
    noise, source = game.source(keys["source"], batch)
    return noise, Batch(nets.generator.translate(noise, source), source)


def discriminator_objective(
    game: Game, nets: Nets, stats, batch: Batch, keys: Keys, *, loss: losses.Loss
) -> tuple[jax.Array, Outcome]:
    noise, fake = translated(game, nets, batch, keys)
    logits = judged(nets, batch, fake)
    total = 0.5 * each(loss.discriminator, *logits).mean()
    return total, Outcome(stats, logit_metrics(*logits), Drawn(batch, fake, noise, logits))


def generator_objective(
    game: Game,
    nets: Nets,
    stats,
    batch: Batch,
    keys: Keys,
    *,
    loss: losses.Loss,
    adversarial: float,
    l1: float,
) -> tuple[jax.Array, Outcome]:
    noise, fake = translated(game, nets, batch, keys)
    parts = {
        "adversarial": each(loss.generator, nets.discriminator.call(*fake)).mean(),
        "l1": jnp.abs(batch.sample - fake.sample).mean(),
    }
    total = adversarial * parts["adversarial"] + l1 * parts["l1"]
    return total, Outcome(stats, parts, Drawn(batch, fake, noise))


def default_config() -> ConfigDict:
    return ConfigDict(
        {"name": "pix2pix", "loss": "non_saturating", "adversarial": 1.0, "l1": 100.0}
    )


def objectives(config: ConfigDict) -> dict[str, Objective]:
    """Return each player's objective."""
    loss = named_loss(config.loss)
    weights = weights_of(config, "adversarial", "l1")
    return {
        "generator": partial(generator_objective, loss=loss, **weights),
        "discriminator": partial(discriminator_objective, loss=loss),
    }
