"""The game of MelGAN (arXiv 1910.06711): adversarial at several scales, with feature matching.

    discriminator:  sum over k of mean loss.discriminator(D_k(x), D_k(G(s)))
    generator:      sum over k of mean loss.generator(D_k(G(s)))
                    + w 4 / (n (l + 1)) sum over k, i of mean |f_ki(x) - f_ki(G(s))|

for a wave x and its spectrogram s: the batch's own pairs, so `config.condition` is "data". f_ki are
the feature maps of scale k of n, without the logits; those of real waves carry no gradient; l is
the number of strided layers. The factor is the authors': with their n = 3, l = 4 and w = 10, each
of the 18 maps has weight 2.667. There is a logit per section of the wave, and the mean is over
them, so a clip twice as long has the same weight.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jax.lax import stop_gradient
from ml_collections import ConfigDict

from jaxgan.game import losses
from jaxgan.game.game import Batch, Drawn, Game, Nets, Objective, Outcome
from jaxgan.game.keys import Keys
from jaxgan.game.losses import each
from jaxgan.game.objectives.adversarial import discriminator_objective, named_loss
from jaxgan.game.objectives.draw import generated
from jaxgan.game.objectives.weights import weights_of

NEEDS = {"generator": ("call",), "discriminator": ("call", "maps")}


def feature_distance(real: list, fake: list) -> jax.Array:
    """Return the sum over maps of mean |real - fake| [b], times 4 / (scales (strided layers + 1)).

    real, fake: for each scale its feature maps [b, t, c], of which two are not strided.
    """
    factor = 4.0 / (len(real) * (len(real[0]) - 1))
    return factor * each(lambda r, f: jnp.abs(stop_gradient(r) - f), real, fake)


def generator_objective(
    game: Game, nets: Nets, stats, batch: Batch, keys: Keys, *, loss: losses.Loss, matching: float
) -> tuple[jax.Array, Outcome]:
    noise, fake = generated(game, nets, batch, keys)
    logits, maps = nets.discriminator.maps(*fake)
    adversarial = each(loss.generator, logits).mean()
    _, real_maps = nets.discriminator.maps(*batch)
    distance = feature_distance(real_maps, maps).mean()
    metrics = {"adversarial": adversarial, "matching": distance}
    return adversarial + matching * distance, Outcome(stats, metrics, Drawn(batch, fake, noise))


def default_config() -> ConfigDict:
    return ConfigDict({"name": "melgan", "loss": "hinge", "matching": 10.0})


def objectives(config: ConfigDict) -> dict[str, Objective]:
    """Return each player's objective."""
    loss = named_loss(config.loss)
    return {
        "generator": partial(generator_objective, loss=loss, **weights_of(config, "matching")),
        "discriminator": partial(discriminator_objective, loss=loss),
    }
