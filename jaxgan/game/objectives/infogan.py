"""InfoGAN (arXiv 1606.03657): the generator's codes can be read off its images.

    L_I = class_weight (-log Q(y' | G(z, y'))) + code_weight |c - Q_c(G(z, y'))|^2 / 2
    discriminator:  mean loss.discriminator(D(x), D(G(z, y'))) + L_I
    generator:      mean loss.generator(D(G(z, y'))) + L_I

The categorical code is the label y' of the prior, the continuous codes c are the first elements of
z; Q is the recognition of models/infogan.py, or of models/biggan_categorical.py, without codes.
Minus L_I is, up to a constant, a lower bound of the mutual information of codes and images. Labels
of real images are never used.

Deviation: Q's Gaussian over c has variance 1, not one that is learned.
"""

from functools import partial

import jax
from ml_collections import ConfigDict

from jaxgan.game import losses
from jaxgan.game.game import GAN, Batch, Nets, Objective
from jaxgan.game.objectives.acgan import cross_entropy
from jaxgan.game.objectives.adversarial import named_loss, pair, unpair
from jaxgan.models.auxiliary import Recognition


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
    gan: GAN, nets: Nets, stats, batch: Batch, key: jax.Array, *, loss: losses.Loss, **weights
):
    images = batch["images"]
    latents, labels = gan.prior(key, len(images))
    fakes = nets.generate(latents, labels)
    found = nets.discriminate(pair(images, fakes), method="recognise")
    real, fake = (Recognition(*parts) for parts in zip(*map(unpair, found), strict=True))
    information = information_loss(latents, labels, fake.classes, fake.codes, **weights).mean()
    metrics = {
        "real_logits": real.logits.mean(),
        "fake_logits": fake.logits.mean(),
        "information_loss": information,
    }
    return loss.discriminator(real.logits, fake.logits).mean() + information, (stats, metrics)


def generator_objective(
    gan: GAN, nets: Nets, stats, batch: Batch, key: jax.Array, *, loss: losses.Loss, **weights
):
    latents, labels = gan.prior(key, len(batch["images"]))
    found = nets.discriminate(nets.generate(latents, labels), method="recognise")
    information = information_loss(latents, labels, found.classes, found.codes, **weights).mean()
    total = loss.generator(found.logits).mean() + information
    return total, (stats, {"information_loss": information})


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


def objectives(config: ConfigDict) -> tuple[Objective, Objective]:
    """Return the generator's and the discriminator's objective."""
    fields = {
        "loss": named_loss(config.loss, config.top_k),
        "class_weight": config.class_weight,
        "code_weight": config.code_weight,
    }
    return partial(generator_objective, **fields), partial(discriminator_objective, **fields)
