"""Feature matching (Improved GAN, arXiv 1606.03498): to the discriminator, generated images should
look like real ones on average, rather than each on its own.

    discriminator:  mean loss.discriminator(D(x), D(G(z)))
    generator:      |mean f(x) - mean f(G(z))|^2

with f the inputs of the discriminator's last layer (its call `features`). Means are over the
microbatch, on all devices.
"""

from functools import partial

import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from jaxgan.game.game import Batch, Drawn, Game, Nets, Objective, Outcome
from jaxgan.game.keys import Keys
from jaxgan.game.objectives.adversarial import discriminator_objective, named_loss
from jaxgan.game.objectives.draw import generated, pair, unpair

NEEDS = {"generator": ("call",), "discriminator": ("call", "features")}


def generator_objective(
    game: Game, nets: Nets, stats, batch: Batch, keys: Keys
) -> tuple[jax.Array, Outcome]:
    noise, fake = generated(game, nets, batch, keys)
    real_features, fake_features = unpair(nets.discriminator.features(*pair(batch, fake)))
    distance = jnp.square(real_features.mean(0) - fake_features.mean(0)).sum()
    return distance, Outcome(stats, {}, Drawn(batch, fake, noise))


def default_config() -> ConfigDict:
    return ConfigDict({"name": "feature_matching", "loss": "non_saturating"})


def objectives(config: ConfigDict) -> dict[str, Objective]:
    """Return each player's objective."""
    discriminator = partial(discriminator_objective, loss=named_loss(config.loss))
    return {"generator": generator_objective, "discriminator": discriminator}
