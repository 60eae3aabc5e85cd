"""Feature matching (Improved GAN, arXiv 1606.03498): generated images shall look like real ones to
the discriminator on average, not each for itself.

    discriminator:  mean loss.discriminator(D(x), D(G(z)))
    generator:      |mean f(x) - mean f(G(z))|^2

with f the features that the discriminator's last layer sees (what a network sows as "features").
Means are over the microbatch, on all devices.
"""

from functools import partial

import jax
import jax.numpy as jnp
from flax.traverse_util import flatten_dict
from ml_collections import ConfigDict

from jaxgan.game.game import GAN, Batch, Nets, Objective
from jaxgan.game.objectives.adversarial import discriminator_objective, named_loss, pair, unpair


def features(nets: Nets, images: jax.Array, labels: jax.Array) -> jax.Array:
    """Return what the discriminator's network sows as its features, [b, ...]."""
    _, sown = nets.discriminate(images, labels, mutable=["intermediates"])
    found = [v for path, v in flatten_dict(sown).items() if path[-1] == "features"]
    if not found:
        raise ValueError("objective.name = 'feature_matching': this model names no features")
    return found[0][0]


def generator_objective(gan: GAN, nets: Nets, stats, batch: Batch, key: jax.Array):
    images, labels = batch["images"], batch["labels"]
    latents, fake_labels = gan.prior(key, len(images))
    fakes = nets.generate(latents, fake_labels)
    real, fake = unpair(features(nets, pair(images, fakes), pair(labels, fake_labels)))
    return jnp.square(real.mean(0) - fake.mean(0)).sum(), (stats, {})


def default_config() -> ConfigDict:
    return ConfigDict({"name": "feature_matching", "loss": "non_saturating"})


def objectives(config: ConfigDict) -> tuple[Objective, Objective]:
    """Return the generator's and the discriminator's objective."""
    discriminator = partial(discriminator_objective, loss=named_loss(config.loss))
    return generator_objective, discriminator
