"""LAPGAN's game (arXiv 1506.05751): one game per level of the pyramid, played side by side.

    made_k = l_k + G_k(l_k, z_k)
    discriminator:  sum over k of mean loss.discriminator(D_k(I_k, l_k), D_k(made_k, l_k))
    generator:      sum over k of mean loss.generator(D_k(made_k, l_k))

I_k are the resolutions of a real image, l_k the same without their finest detail; the coarsest
level has no l. No two levels share parameters, so each learns as it would alone. Needs
models/lapgan.py.
"""

from functools import partial

import jax
from ml_collections import ConfigDict

from jaxgan.game import losses
from jaxgan.game.game import Batch, Drawn, Game, Nets, Objective, Outcome
from jaxgan.game.keys import Keys
from jaxgan.game.losses import each
from jaxgan.game.objectives.adversarial import named_loss

NEEDS = {"generator": ("call", "details"), "discriminator": ("call", "judge_levels", "pyramid")}
TAKES_AUGMENTATION = False  # the discriminator sees an image at several resolutions


def judged(game: Game, nets: Nets, batch: Batch, keys: Keys) -> tuple[list, list, Drawn]:
    """Return the logits of real and of generated images, [b] per level, and what was drawn.

    A term on top sees whole samples, generated through all levels in turn, and their summed logits.
    """
    real = nets.discriminator.pyramid(batch.sample)
    noise, condition = game.source(keys["source"], batch)
    made = nets.generator.details(batch.sample, noise, condition)
    of_real, of_made = (nets.discriminator.judge_levels(x, real) for x in (real, made))
    fake = Batch(nets.generator.call(noise, condition), condition)  # computed only for terms
    logits = nets.discriminator.call(*batch), nets.discriminator.call(*fake)
    return of_real, of_made, Drawn(batch, fake, noise, logits)


def discriminator_objective(
    game: Game, nets: Nets, stats, batch: Batch, keys: Keys, *, loss: losses.Loss
) -> tuple[jax.Array, Outcome]:
    real, made, drawn = judged(game, nets, batch, keys)
    total = each(loss.discriminator, real, made).mean()
    levels = zip(real, made, strict=True)
    metrics = {f"loss_{k}": loss.discriminator(*level).mean() for k, level in enumerate(levels)}
    return total, Outcome(stats, metrics, drawn)


def generator_objective(
    game: Game, nets: Nets, stats, batch: Batch, keys: Keys, *, loss: losses.Loss
) -> tuple[jax.Array, Outcome]:
    _, made, drawn = judged(game, nets, batch, keys)
    metrics = {f"loss_{k}": loss.generator(level).mean() for k, level in enumerate(made)}
    return each(loss.generator, made).mean(), Outcome(stats, metrics, drawn._replace(logits=None))


def default_config() -> ConfigDict:
    return ConfigDict({"name": "lapgan", "loss": "non_saturating"})


def objectives(config: ConfigDict) -> dict[str, Objective]:
    """Return each player's objective."""
    loss = named_loss(config.loss)
    return {
        "generator": partial(generator_objective, loss=loss),
        "discriminator": partial(discriminator_objective, loss=loss),
    }
