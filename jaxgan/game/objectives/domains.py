"""Domain adaptation as a game (DANN, arXiv 1505.07818): classifying a domain without labels.

    discriminator:  L_d = mean softplus(-D(f(s))) + mean softplus(D(f(t)))
    generator:      mean cross entropy(c(f(s)), label of s) + lambda (confusion of D)

for source images s, which have labels, and target images t, which have none. The confusion is

    reversal    -L_d: the minimax game, with the gradient of a gradient reversal layer, for the
                features only: D still minimises L_d
    flipped     L_d with the domains swapped, whose gradient does not vanish where D is confident
                (ADDA's choice, arXiv 1702.05464)

lambda grows as in the paper: weight (2 / (1 + exp(-10 p)) - 1), p = step / ramp_steps up to 1. With
`ramp_steps = 0` it is `weight` from the start. `weight = 0` trains on the source alone.

Deviations: the paper steps both players at once, here D steps first. Its learning rate and momentum
are replaced by Adam's.

Which step to keep: target accuracy is for the report only. Without labels there are the source's
accuracy (g/accuracy) and D's (d/accuracy), which is near 0.5 if D cannot tell the domains apart.
"""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import optax
from ml_collections import ConfigDict

from jaxgan.game.game import Batch, Drawn, Game, Nets, Objective, Outcome
from jaxgan.game.keys import Keys
from jaxgan.game.losses import each, non_saturating
from jaxgan.game.objectives.adversarial import logit_metrics
from jaxgan.game.objectives.draw import judged
from jaxgan.game.objectives.weights import weights_of

NEEDS = {"generator": ("features", "classify"), "discriminator": ("call",)}
VARIANTS = ("reversal", "flipped")


def encoded(nets: Nets, batch: Batch) -> tuple[Batch, Batch]:
    """Return the features of the source and of the target, encoded one after the other."""
    source, target = batch.sample
    return Batch(nets.generator.features(source)), Batch(nets.generator.features(target))


def domain_loss(source: jax.Array, target: jax.Array) -> jax.Array:
    """Return L_d from D's logits [b] of each domain."""
    return each(non_saturating.discriminator, source, target).mean()


def judge_metrics(source: jax.Array, target: jax.Array) -> dict[str, jax.Array]:
    """Return D's mean logits and its accuracy, for the log."""
    right = (source > 0).mean() + (target <= 0).mean()
    return {**logit_metrics(source, target), "accuracy": 0.5 * right}


def ramp(step: jax.Array | int, weight: float, ramp_steps: int) -> jax.Array:
    """Return lambda at a training step."""
    if not ramp_steps:
        return jnp.float32(weight)
    share = jnp.minimum(jnp.asarray(step, jnp.float32) / ramp_steps, 1.0)
    return weight * (2.0 / (1.0 + jnp.exp(-10.0 * share)) - 1.0)


def discriminator_objective(
    game: Game,
    nets: Nets,
    stats,
    batch: Batch,
    keys: Keys,
    *,
    encode: Callable[[Nets, Batch], tuple[Batch, Batch]] = encoded,
) -> tuple[jax.Array, Outcome]:
    source, target = encode(nets, batch)
    logits = judged(nets, source, target)
    drawn = Drawn(source, target, (), logits)
    return domain_loss(*logits), Outcome(stats, judge_metrics(*logits), drawn)


def generator_objective(
    game: Game,
    nets: Nets,
    stats,
    batch: Batch,
    keys: Keys,
    *,
    variant: str,
    weight: float,
    ramp_steps: int,
) -> tuple[jax.Array, Outcome]:
    source, target = encoded(nets, batch)
    classes = nets.generator.classify(source.sample)
    loss = optax.softmax_cross_entropy_with_integer_labels(classes, batch.condition).mean()
    of_source, of_target = judged(nets, source, target)
    if variant == "reversal":
        confusion = -domain_loss(of_source, of_target)
    else:
        confusion = domain_loss(of_target, of_source)
    factor = ramp(nets.step, weight, ramp_steps)
    metrics = {
        "classes": loss,
        "accuracy": (classes.argmax(-1) == batch.condition).mean(),
        "confusion": confusion,
        "lambda": factor,
    }
    return loss + factor * confusion, Outcome(stats, metrics, Drawn(source, target, ()))


def default_config() -> ConfigDict:
    return ConfigDict(
        {
            "name": "domains",
            "variant": "reversal",  # or flipped
            "weight": 1.0,  # the largest lambda; 0: the source alone
            "ramp_steps": 0,  # steps in which lambda grows; 0: at once
        }
    )


def objectives(config: ConfigDict) -> dict[str, Objective]:
    """Return each player's objective."""
    if config.variant not in VARIANTS:
        known = " or ".join(map(repr, VARIANTS))
        raise ValueError(f"objective.variant = {config.variant!r}: write {known}")
    fields = weights_of(config, "weight", "ramp_steps")
    return {
        "generator": partial(generator_objective, variant=config.variant, **fields),
        "discriminator": discriminator_objective,
    }
