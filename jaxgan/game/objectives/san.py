"""Slicing adversarial networks (SAN, arXiv 2301.12811): the direction w / |w| of the
discriminator's last linear layer, along which features are compared, learns to separate the two
distributions as far as possible, whatever the game's loss.

    discriminator:  mean loss.discriminator(<sg(w / |w|), h(x)>, <sg(w / |w|), h(G(z))>)
                    + mean <w / |w|, sg(h(G(z)))> - mean <w / |w|, sg(h(x))>
    generator:      mean loss.generator(<w / |w|, h(G(z))>)

where sg stops the gradient. So the features h learn from the loss, the direction from the
Wasserstein loss between the projected features, and the generator as before. A class-conditional
head has one direction per class. models/slices.py has the two views of a head, with the features'
scale |w|.

For hinge and Wasserstein losses, whose generator has slope -1 everywhere. Others, for which the
paper weights examples by that slope, are refused.
"""

from functools import partial

import jax
from ml_collections import ConfigDict

from jaxgan.game import losses
from jaxgan.game.game import Batch, Drawn, Game, Nets, Objective, Outcome
from jaxgan.game.keys import Keys
from jaxgan.game.objectives.adversarial import generator_objective, logit_metrics
from jaxgan.game.objectives.draw import generated_after_step, judged

NEEDS = {"generator": ("call",), "discriminator": ("call", "slices")}
TAKES_LATENT_STEP = True
LOSSES = {"hinge": losses.hinge, "wasserstein": losses.wasserstein}


def discriminator_objective(
    game: Game,
    nets: Nets,
    stats,
    batch: Batch,
    keys: Keys,
    *,
    loss: losses.Loss,
    one_pass: bool = True,
) -> tuple[jax.Array, Outcome]:
    noise, fake, cost = generated_after_step(game, nets, batch, keys)
    sliced = nets.discriminator.replace(call=nets.discriminator.slices)
    of_real, of_fake = judged(nets.replace(discriminator=sliced), batch, fake, one_pass)
    total = loss.discriminator(of_real.features, of_fake.features).mean()
    apart = losses.wasserstein.discriminator(of_real.direction, of_fake.direction).mean()
    total = total + apart + game.latent_step.discriminator_cost * cost.mean()
    logits = of_real.features, of_fake.features
    metrics = {**logit_metrics(*logits), "apart": -apart}
    return total, Outcome(stats, metrics, Drawn(batch, fake, noise, logits))


def default_config() -> ConfigDict:
    return ConfigDict({"name": "san", "loss": "hinge", "one_pass": True})


def objectives(config: ConfigDict) -> dict[str, Objective]:
    """Return each player's objective."""
    if config.loss not in LOSSES:
        raise ValueError(
            f"objective.loss = {config.loss!r} with objective 'san': write "
            f"{' or '.join(map(repr, LOSSES))}"
        )
    loss = LOSSES[config.loss]
    return {
        "generator": partial(generator_objective, loss=loss),
        "discriminator": partial(discriminator_objective, loss=loss, one_pass=config.one_pass),
    }
