"""BiGAN (arXiv 1605.09782), found at the same time as ALI (arXiv 1606.00704).

    discriminator:  mean loss.discriminator(D(x, E(x)), D(G(z), z))
    generator, E:   mean loss.generator(D(G(z), z)) + loss.generator(-D(x, E(x)))

At the optimum the two joint distributions are equal, so E inverts G. Exchanging the labels of the
pairs is the papers' non-saturating form, hence the minus. Needs models/bigan.py.
"""

from functools import partial

import jax
from ml_collections import ConfigDict

from jaxgan.game import losses
from jaxgan.game.game import GAN, Batch, Nets, Objective
from jaxgan.game.objectives.adversarial import named_loss, pair, unpair


def judge(gan: GAN, nets: Nets, batch: Batch, key: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Return D(x, E(x)) and D(G(z), z), each [b], from one pass."""
    images = batch["images"]
    latents, labels = gan.prior(key, len(images))
    fakes = nets.generate(latents, labels)
    codes = nets.generate(images, method="encode")
    logits = nets.discriminate(pair(images, fakes), pair(codes, latents), method="judge")
    return unpair(logits)


def discriminator_objective(
    gan: GAN, nets: Nets, stats, batch: Batch, key: jax.Array, *, loss: losses.Loss
):
    real, fake = judge(gan, nets, batch, key)
    metrics = {"real_logits": real.mean(), "fake_logits": fake.mean()}
    return loss.discriminator(real, fake).mean(), (stats, metrics)


def generator_objective(
    gan: GAN, nets: Nets, stats, batch: Batch, key: jax.Array, *, loss: losses.Loss
):
    real, fake = judge(gan, nets, batch, key)
    images = batch["images"]
    decoded = nets.generate(
        jax.lax.stop_gradient(nets.generate(images, method="encode")), batch["labels"]
    )
    error = jax.lax.stop_gradient(((decoded - images) ** 2).mean())
    total = (loss.generator(fake) + loss.generator(-real)).mean()
    return total, (stats, {"reconstruction": error})


def default_config() -> ConfigDict:
    return ConfigDict({"name": "bigan", "loss": "non_saturating", "top_k": 1.0})


def objectives(config: ConfigDict) -> tuple[Objective, Objective]:
    """Return the generator's and the discriminator's objective."""
    loss = named_loss(config.loss, config.top_k)
    return partial(generator_objective, loss=loss), partial(discriminator_objective, loss=loss)
