"""LAPGAN's game (arXiv 1506.05751): one for each level of the pyramid, played side by side.

    made_k = l_k + G_k(l_k, z_k)
    discriminator:  sum over k of mean loss.discriminator(D_k(I_k, l_k), D_k(made_k, l_k))
    generator:      sum over k of mean loss.generator(D_k(made_k, l_k))

I_k are the resolutions of a real image, l_k the same without their finest detail; the coarsest
level has no l. No parameter is in two levels, so each learns as it would alone. Needs
models/lapgan.py.
"""

from functools import partial

import jax
from ml_collections import ConfigDict

from jaxgan.game import losses
from jaxgan.game.game import GAN, Batch, Nets, Objective
from jaxgan.game.objectives.adversarial import named_loss
from jaxgan.models.lapgan import pyramid


def judged(gan: GAN, nets: Nets, batch: Batch, key: jax.Array):
    """Return the logits of real and of generated images, a pair of [b] for each level."""
    real = pyramid(batch["images"])
    latents, labels = gan.prior(key, len(batch["images"]))
    made = nets.generate(batch["images"], latents, labels, method="details")
    of_real, of_made = (nets.discriminate(x, real, method="judge") for x in (real, made))
    return list(zip(of_real, of_made, strict=True))


def discriminator_objective(
    gan: GAN, nets: Nets, stats, batch: Batch, key: jax.Array, *, loss: losses.Loss
):
    levels = judged(gan, nets, batch, key)
    parts = [loss.discriminator(real, made).mean() for real, made in levels]
    return sum(parts), (stats, {f"loss_{k}": part for k, part in enumerate(parts)})


def generator_objective(
    gan: GAN, nets: Nets, stats, batch: Batch, key: jax.Array, *, loss: losses.Loss
):
    parts = [loss.generator(made).mean() for _, made in judged(gan, nets, batch, key)]
    return sum(parts), (stats, {f"loss_{k}": part for k, part in enumerate(parts)})


def default_config() -> ConfigDict:
    return ConfigDict({"name": "lapgan", "loss": "non_saturating"})


def objectives(config: ConfigDict) -> tuple[Objective, Objective]:
    """Return the generator's and the discriminator's objective."""
    loss = named_loss(config.loss)
    return partial(generator_objective, loss=loss), partial(discriminator_objective, loss=loss)
