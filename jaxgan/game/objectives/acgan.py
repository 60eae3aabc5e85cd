"""AC-GAN (arXiv 1610.09585): the discriminator also classifies real and generated images.

    L_C = -log P(y | x) - log P(y' | G(z, y'))
    discriminator:  mean loss.discriminator(D(x), D(G(z, y'))) + weight mean L_C
    generator:      mean loss.generator(D(G(z, y'))) + weight mean -log P(y' | G(z, y'))

Needs models/auxiliary.py. Logits and class logits come from one pass. The paper's loss is
non_saturating.
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
from jaxgan.game.objectives.draw import generated, pair, unpair

NEEDS = {"generator": ("call",), "discriminator": ("call", "recognise")}


def cross_entropy(logits: jax.Array, labels: jax.Array) -> jax.Array:
    """Return -log P(label) [b] for class logits [b, num_classes] and labels [b]."""
    chosen = jnp.take_along_axis(logits, labels[:, None], axis=-1)[:, 0]
    return jax.nn.logsumexp(logits, axis=-1) - chosen


def discriminator_objective(
    game: Game, nets: Nets, stats, batch: Batch, keys: Keys, *, loss: losses.Loss, weight: float
):
    noise, fake = generated(game, nets, batch, keys)
    found = nets.discriminator.recognise(pair(batch.sample, fake.sample))
    real_found, fake_found = unpair(found)
    logits, labels = (real_found.logits, fake_found.logits), batch.condition
    classes = cross_entropy(real_found.classes, labels)
    classes = classes + cross_entropy(fake_found.classes, fake.condition)
    total = each(loss.discriminator, *logits).mean() + weight * classes.mean()
    accuracy = (real_found.classes.argmax(-1) == labels).astype(jnp.float32).mean()
    metrics = {**logit_metrics(*logits), "accuracy": accuracy}
    return total, Outcome(stats, metrics, Drawn(batch, fake, noise, logits))


def generator_objective(
    game: Game, nets: Nets, stats, batch: Batch, keys: Keys, *, loss: losses.Loss, weight: float
):
    noise, fake = generated(game, nets, batch, keys)
    found = nets.discriminator.recognise(fake.sample)
    classes = cross_entropy(found.classes, fake.condition).mean()
    total = each(loss.generator, found.logits).mean() + weight * classes
    return total, Outcome(stats, {"class_loss": classes}, Drawn(batch, fake, noise))


def default_config() -> ConfigDict:
    return ConfigDict({"name": "acgan", "loss": "non_saturating", "top_k": 1.0, "weight": 1.0})


def objectives(config: ConfigDict) -> dict[str, Objective]:
    """Return each player's objective."""
    fields = {"loss": named_loss(config.loss, config.top_k), "weight": config.weight}
    return {
        "generator": partial(generator_objective, **fields),
        "discriminator": partial(discriminator_objective, **fields),
    }
