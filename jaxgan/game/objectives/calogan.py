"""The game of CaloGAN (arXiv 1705.02355): adversarial, and showers must have the requested energy.

    discriminator:  mean loss.discriminator(D(x, e), D(G(z, e'), e'))
    generator:      mean loss.generator(D(G(z, e'), e')) + w mean |e' - total of G(z, e')|

for real showers x with their energies e, and e' from the game's source. The total is D's call
`total`; the authors' w is 0.05. In their code, D's loss has the same term, without effect, since it
does not depend on D. Real and generated showers pass through D in separate batches, because it
compares the showers of a batch.
"""

from functools import partial

import jax
from ml_collections import ConfigDict

from jaxgan.game import losses
from jaxgan.game.game import Batch, Drawn, Game, Nets, Objective, Outcome
from jaxgan.game.keys import Keys
from jaxgan.game.losses import each
from jaxgan.game.objectives.adversarial import discriminator_objective, named_loss
from jaxgan.game.objectives.draw import generated
from jaxgan.game.objectives.weights import weights_of

NEEDS = {"generator": ("call",), "discriminator": ("call", "total")}


def generator_objective(
    game: Game, nets: Nets, stats, batch: Batch, keys: Keys, *, loss: losses.Loss, energy: float
) -> tuple[jax.Array, Outcome]:
    noise, fake = generated(game, nets, batch, keys)
    adversarial = each(loss.generator, nets.discriminator.call(*fake)).mean()
    error = abs(fake.condition - nets.discriminator.total(fake.sample)).mean()
    metrics = {"adversarial": adversarial, "energy_error": error}
    return adversarial + energy * error, Outcome(stats, metrics, Drawn(batch, fake, noise))


def default_config() -> ConfigDict:
    return ConfigDict({"name": "calogan", "loss": "non_saturating", "energy": 0.05})


def objectives(config: ConfigDict) -> dict[str, Objective]:
    """Return each player's objective."""
    loss = named_loss(config.loss)
    return {
        "generator": partial(generator_objective, loss=loss, **weights_of(config, "energy")),
        "discriminator": partial(discriminator_objective, loss=loss, one_pass=False),
    }
