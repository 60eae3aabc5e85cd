"""The game of StackGAN (arXiv 1612.03242): GAN-CLS, with text vectors blurred by a normal
distribution.

    discriminator:  GAN-CLS's (gan_cls.py)
    generator:      mean L_g(D(G(z, t), t)) + kl mean KL(N(mu(t), sigma(t)^2) || N(0, 1))

so that neighbouring texts overlap, where GAN-INT takes points between them. As in the authors'
code, whose weight is 2, the divergence is the mean over the coordinates of c instead of their sum:

    KL = (sigma^2 + mu^2 - 1) / 2 - log sigma
"""

from functools import partial

import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from jaxgan.game import losses
from jaxgan.game.game import Batch, Drawn, Game, Nets, Objective, Outcome
from jaxgan.game.keys import Keys
from jaxgan.game.losses import each
from jaxgan.game.objectives.adversarial import named_loss
from jaxgan.game.objectives.draw import generated
from jaxgan.game.objectives.gan_cls import discriminator_objective
from jaxgan.game.objectives.weights import weights_of

NEEDS = {"generator": ("call", "translate", "moments"), "discriminator": ("call",)}


def divergence(mu: jax.Array, log_sigma: jax.Array) -> jax.Array:
    """Return KL(N(mu, sigma^2) || N(0, 1)) for each coordinate.

    >>> float(divergence(jnp.float32(2.0), jnp.float32(0.0)))
    2.0
    """
    return 0.5 * (jnp.exp(2.0 * log_sigma) + mu**2 - 1.0) - log_sigma


def generator_objective(
    game: Game, nets: Nets, stats, batch: Batch, keys: Keys, *, loss: losses.Loss, kl: float
) -> tuple[jax.Array, Outcome]:
    noise, fake = generated(game, nets, batch, keys)
    adversarial = each(loss.generator, nets.discriminator.call(*fake)).mean()
    distance = divergence(*nets.generator.moments(fake.condition)).mean()
    metrics = {"adversarial": adversarial, "kl": distance}
    return adversarial + kl * distance, Outcome(stats, metrics, Drawn(batch, fake, noise))


def default_config() -> ConfigDict:
    return ConfigDict(
        {
            "name": "stackgan",
            "loss": "non_saturating",
            "kl": 2.0,  # weight of the mean over the coordinates
        }
    )


def objectives(config: ConfigDict) -> dict[str, Objective]:
    """Return each player's objective."""
    loss = named_loss(config.loss)
    return {
        "generator": partial(generator_objective, loss=loss, **weights_of(config, "kl")),
        "discriminator": partial(discriminator_objective, loss=loss),
    }
