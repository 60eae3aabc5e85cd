"""The game of Everybody Dance Now (arXiv 1808.07371): adversarial, feature matching, and a distance
to the true frames.

    discriminator:  mean loss.discriminator(D(y, x), D(G(x), x))
    generator:      adversarial mean loss.generator(D(G(x), x))
                    + features (mean over scales of the sum over layers of mean |f(y, x) - f(G, x)|)
                    + l1 mean |y - G(x)|

for the poses x and the true frames y of a clip. G unrolls the clip, so its second frame is made
from its own first one, and D sees both at once: a frame must fit its pose and the frame before it.

Deviation: the paper compares features of a VGG network instead of pixels; no such network comes
with the library. The paper does not state all weights; those below are ours.
"""

from functools import partial

import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from jaxgan.game import losses
from jaxgan.game.game import Batch, Drawn, Game, Nets, Objective, Outcome
from jaxgan.game.keys import Keys
from jaxgan.game.losses import each
from jaxgan.game.objectives.adversarial import discriminator_objective, named_loss
from jaxgan.game.objectives.draw import generated, pair, unpair
from jaxgan.game.objectives.spade import feature_distance
from jaxgan.game.objectives.weights import weights_of

NEEDS = {"generator": ("call",), "discriminator": ("call", "activations")}
WEIGHTS = ("adversarial", "features", "l1")


def generator_objective(
    game: Game,
    nets: Nets,
    stats,
    batch: Batch,
    keys: Keys,
    *,
    loss: losses.Loss,
    adversarial: float,
    features: float,
    l1: float,
) -> tuple[jax.Array, Outcome]:
    noise, fake = generated(game, nets, batch, keys)
    real, found = unpair(nets.discriminator.activations(*pair(batch, fake)))
    parts = {
        "adversarial": each(loss.generator, tuple(scale[-1] for scale in found)).mean(),
        "features": feature_distance(real, found),
        "l1": jnp.abs(batch.sample - fake.sample).mean(),
    }
    total = adversarial * parts["adversarial"] + features * parts["features"] + l1 * parts["l1"]
    return total, Outcome(stats, parts, Drawn(batch, fake, noise))


def default_config() -> ConfigDict:
    return ConfigDict(
        {
            "name": "dance",
            "loss": "least_squares",
            "adversarial": 1.0,
            "features": 10.0,  # weight of feature matching; 0: none
            "l1": 10.0,
        }
    )


def objectives(config: ConfigDict) -> dict[str, Objective]:
    """Return each player's objective."""
    loss = named_loss(config.loss)
    return {
        "generator": partial(generator_objective, loss=loss, **weights_of(config, *WEIGHTS)),
        "discriminator": partial(discriminator_objective, loss=loss),
    }
