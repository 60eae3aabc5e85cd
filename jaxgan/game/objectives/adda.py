"""The second stage of ADDA (arXiv 1702.05464): the target's encoder learns the source's features.

    discriminator:  mean softplus(-D(f_s(s))) + mean softplus(D(f_t(t)))
    generator:      mean softplus(-D(f_t(t)))

for source images s and target images t, in unpaired batches. f_s and the classifier that goes with
it are frozen (models/adda.py): this is the non-saturating game, with the features of the source as
real samples. Labels of the source are used for the log only.

Which step to keep: labels of the target are unknown, the source's accuracy (g/accuracy) is
constant, and long games permute classes. So the number of steps is fixed in advance; the only
quantity to watch is D's accuracy, which falls towards 0.5.
"""

from functools import partial

import jax
from ml_collections import ConfigDict

from jaxgan.game.game import Batch, Drawn, Game, Nets, Objective, Outcome
from jaxgan.game.keys import Keys
from jaxgan.game.losses import each, non_saturating
from jaxgan.game.objectives.domains import discriminator_objective

NEEDS = {
    "generator": ("source_features", "target_features", "classify"),
    "discriminator": ("call",),
}


def encoded(nets: Nets, batch: Batch) -> tuple[Batch, Batch]:
    """Return the features of the source and of the target, each from its own encoder."""
    source, target = batch.sample
    return (
        Batch(nets.generator.source_features(source)),
        Batch(nets.generator.target_features(target)),
    )


def generator_objective(
    game: Game, nets: Nets, stats, batch: Batch, keys: Keys
) -> tuple[jax.Array, Outcome]:
    source, target = encoded(nets, batch)
    loss = each(non_saturating.generator, nets.discriminator.call(*target)).mean()
    classes = nets.generator.classify(source.sample)
    metrics = {"accuracy": (classes.argmax(-1) == batch.condition).mean()}
    return loss, Outcome(stats, metrics, Drawn(source, target, ()))


def default_config() -> ConfigDict:
    return ConfigDict({"name": "adda"})


def objectives(config: ConfigDict) -> dict[str, Objective]:
    """Return each player's objective."""
    return {
        "generator": generator_objective,
        "discriminator": partial(discriminator_objective, encode=encoded),
    }
