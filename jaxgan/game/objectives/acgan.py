"""AC-GAN (arXiv 1610.09585): the discriminator names the class, for real and generated images.

    L_C = -log P(y | x) - log P(y' | G(z, y'))
    discriminator:  mean loss.discriminator(D(x), D(G(z, y'))) + weight mean L_C
    generator:      mean loss.generator(D(G(z, y'))) + weight mean -log P(y' | G(z, y'))

Needs models/auxiliary.py. Logits and class come from one pass. The paper's loss is non_saturating.
"""

from functools import partial

import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from jaxgan.game import losses
from jaxgan.game.game import GAN, Batch, Nets, Objective
from jaxgan.game.objectives.adversarial import named_loss, pair, unpair


def cross_entropy(logits: jax.Array, labels: jax.Array) -> jax.Array:
    """Return -log P(label) [b] for class logits [b, num_classes] and labels [b]."""
    chosen = jnp.take_along_axis(logits, labels[:, None], axis=-1)[:, 0]
    return jax.nn.logsumexp(logits, axis=-1) - chosen


def discriminator_objective(
    gan: GAN, nets: Nets, stats, batch: Batch, key: jax.Array, *, loss: losses.Loss, weight: float
):
    images, labels = batch["images"], batch["labels"]
    latents, fake_labels = gan.prior(key, len(images))
    fakes = nets.generate(latents, fake_labels)
    found = nets.discriminate(pair(images, fakes), method="recognise")
    real_logits, fake_logits = unpair(found.logits)
    real_classes, fake_classes = unpair(found.classes)
    classes = cross_entropy(real_classes, labels) + cross_entropy(fake_classes, fake_labels)
    total = loss.discriminator(real_logits, fake_logits).mean() + weight * classes.mean()
    metrics = {
        "real_logits": real_logits.mean(),
        "fake_logits": fake_logits.mean(),
        "accuracy": (real_classes.argmax(-1) == labels).astype(jnp.float32).mean(),
    }
    return total, (stats, metrics)


def generator_objective(
    gan: GAN, nets: Nets, stats, batch: Batch, key: jax.Array, *, loss: losses.Loss, weight: float
):
    latents, labels = gan.prior(key, len(batch["images"]))
    found = nets.discriminate(nets.generate(latents, labels), method="recognise")
    classes = cross_entropy(found.classes, labels).mean()
    total = loss.generator(found.logits).mean() + weight * classes
    return total, (stats, {"class_loss": classes})


def default_config() -> ConfigDict:
    return ConfigDict({"name": "acgan", "loss": "non_saturating", "top_k": 1.0, "weight": 1.0})


def objectives(config: ConfigDict) -> tuple[Objective, Objective]:
    """Return the generator's and the discriminator's objective."""
    fields = {"loss": named_loss(config.loss, config.top_k), "weight": config.weight}
    return partial(generator_objective, **fields), partial(discriminator_objective, **fields)
