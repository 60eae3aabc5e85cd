"""InfoGAN (arXiv 1606.03657): the generator's codes can be recovered from its images.

    L_I = class_weight (-log Q(y' | G(z, y'))) + code_weight |c - Q_c(G(z, y'))|^2 / 2
    discriminator:  mean loss.discriminator(D(x), D(G(z, y'))) + L_I
    generator:      mean loss.generator(D(G(z, y'))) + L_I

The categorical code is the prior's label y'; the continuous codes c are the first elements of z. Q
is the recognition network of models/infogan.py, or of models/biggan_categorical.py, which has no
continuous codes. Up to a constant, -L_I is a lower bound of the mutual information of codes and
images. Labels of real images are never used.

Deviation: Q's Gaussian over c has variance 1 instead of a learned one.
"""

from functools import partial

import jax
from ml_collections import ConfigDict

from jaxgan.game import losses
from jaxgan.game.game import Batch, Drawn, Game, Nets, Objective, Outcome
from jaxgan.game.keys import Keys
from jaxgan.game.losses import each
from jaxgan.game.objectives.acgan import cross_entropy
from jaxgan.game.objectives.adversarial import logit_metrics, named_loss
from jaxgan.game.objectives.draw import generated, pair, unpair

NEEDS = {"generator": ("call",), "discriminator": ("call", "recognise")}


def information_loss(
    latents: jax.Array,
    labels: jax.Array,
    classes: jax.Array,
    codes: jax.Array,
    class_weight: float,
    code_weight: float,
) -> jax.Array:
    """Return the weighted -log Q of labels and codes, [b], without the Gaussian's constant."""
    squares = ((latents[:, : codes.shape[-1]] - codes) ** 2).sum(-1) / 2
    return class_weight * cross_entropy(classes, labels) + code_weight * squares


def discriminator_objective(
    game: Game, nets: Nets, stats, batch: Batch, keys: Keys, *, loss: losses.Loss, **weights
):
    noise, fake = generated(game, nets, batch, keys)
    seen = unpair(nets.discriminator.recognise(pair(batch.sample, fake.sample)))
    logits, codes = (seen[0].logits, seen[1].logits), (seen[1].classes, seen[1].codes)
    information = information_loss(noise, fake.condition, *codes, **weights).mean()
    metrics = {**logit_metrics(*logits), "information_loss": information}
    total = each(loss.discriminator, *logits).mean() + information
    return total, Outcome(stats, metrics, Drawn(batch, fake, noise, logits))


def generator_objective(
    game: Game, nets: Nets, stats, batch: Batch, keys: Keys, *, loss: losses.Loss, **weights
):
    noise, fake = generated(game, nets, batch, keys)
    found = nets.discriminator.recognise(fake.sample)
    codes = found.classes, found.codes
    information = information_loss(noise, fake.condition, *codes, **weights).mean()
    total = each(loss.generator, found.logits).mean() + information
    return total, Outcome(stats, {"information_loss": information}, Drawn(batch, fake, noise))


def default_config() -> ConfigDict:
    return ConfigDict(
        {
            "name": "infogan",
            "loss": "non_saturating",
            "top_k": 1.0,
            "class_weight": 1.0,
            "code_weight": 0.1,
        }
    )


def objectives(config: ConfigDict) -> dict[str, Objective]:
    """Return each player's objective."""
    fields = {
        "loss": named_loss(config.loss, config.top_k),
        "class_weight": config.class_weight,
        "code_weight": config.code_weight,
    }
    return {
        "generator": partial(generator_objective, **fields),
        "discriminator": partial(discriminator_objective, **fields),
    }
