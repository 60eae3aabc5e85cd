"""The game of SRGAN (arXiv 1609.04802): close to the true image, and realistic.

    discriminator:  mean loss.discriminator(D(b), D(G(a)))
    generator:      content mean (b - G(a))^2 + adversarial mean loss.generator(D(G(a)))

for an image b and its small version a: the batch's own pairs, so `config.condition` is "data". The
content loss is that of the paper's SRResNet and SRGAN-MSE. Deviation: there is no loss on VGG
features.

The game starts from a training with the content loss alone (`train.start_from`), in which
`adversarial` is 0: the discriminator is not used and keeps its initial weights. `share` in the log
is the adversarial part of G's loss. Real and generated images pass through D separately, since its
batch norm needs the moments of each.
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
from jaxgan.game.objectives.draw import judged
from jaxgan.game.objectives.pix2pix import translated
from jaxgan.game.objectives.weights import weights_of

NEEDS = {"generator": ("call", "translate"), "discriminator": ("call",)}


def discriminator_objective(
    game: Game, nets: Nets, stats, batch: Batch, keys: Keys, *, loss: losses.Loss
) -> tuple[jax.Array, Outcome]:
    noise, fake = translated(game, nets, batch, keys)
    logits = judged(nets, batch, fake, one_pass=False)
    total = each(loss.discriminator, *logits).mean()
    return total, Outcome(stats, logit_metrics(*logits), Drawn(batch, fake, noise, logits))


def unasked(game: Game, nets: Nets, stats, batch: Batch, keys: Keys) -> tuple[jax.Array, Outcome]:
    """The discriminator's objective if the generator's has no adversarial part: a loss of 0."""
    return jnp.float32(0.0), Outcome(stats, {}, Drawn(batch, batch, ()))


def generator_objective(
    game: Game,
    nets: Nets,
    stats,
    batch: Batch,
    keys: Keys,
    *,
    loss: losses.Loss,
    content: float,
    adversarial: float,
) -> tuple[jax.Array, Outcome]:
    noise, fake = translated(game, nets, batch, keys)
    parts = {"content": jnp.square(batch.sample - fake.sample).mean()}
    total = content * parts["content"]
    if adversarial:
        parts["adversarial"] = each(loss.generator, nets.discriminator.call(*fake)).mean()
        own = adversarial * parts["adversarial"]
        total = total + own
        parts["share"] = own / total
    return total, Outcome(stats, parts, Drawn(batch, fake, noise))


def default_config() -> ConfigDict:
    return ConfigDict(
        {"name": "srgan", "loss": "non_saturating", "content": 1.0, "adversarial": 1e-3}
    )


def objectives(config: ConfigDict) -> dict[str, Objective]:
    """Return each player's objective."""
    loss = named_loss(config.loss)
    weights = weights_of(config, "content", "adversarial")
    return {
        "generator": partial(generator_objective, loss=loss, **weights),
        "discriminator": (
            partial(discriminator_objective, loss=loss) if config.adversarial else unasked
        ),
    }
