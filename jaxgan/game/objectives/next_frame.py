"""The game of next frames (arXiv 1511.05440): close to the truth, as sharp, and realistic.

    discriminator:  sum over scales of mean loss.discriminator(D_k(x, y), D_k(x, G(x)))
    generator:      sum over scales of  lp mean |y - G(x)|^p
                                        + gdl (mean over rows and columns of ||dy| - |dG(x)||^alpha)
                                        + adversarial mean loss.generator(D_k(x, G(x)))

for frames y and the given frames x before them, which D sees too: the batch's own, so
`config.condition` is "data". dy are differences of neighbouring pixels, along the height and along
the width; the two means are added. Squared differences blur what is uncertain, differences of
gradients do not.

The scales are the generator's (models/next_frame.py has four, models/mcnet.py one). Applying the
first two terms at every scale is our choice: the paper states them for the finest. With
`adversarial` 0, the discriminator is not used and keeps its initial weights. Deviation: the
authors' code also shows D real frames after the past of other clips.

`one_pass` False is for a discriminator with batch norm.
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
from jaxgan.game.objectives.draw import pair, unpair
from jaxgan.game.objectives.srgan import unasked
from jaxgan.game.objectives.weights import weights_of

NEEDS = {"generator": ("call", "scales"), "discriminator": ("call", "judge", "pyramid")}


def gradients(clips: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Return |differences| of neighbouring pixels of [b, t, h, w, c], along the height and the
    width."""
    return jnp.abs(jnp.diff(clips, axis=2)), jnp.abs(jnp.diff(clips, axis=3))


def gradient_difference(made: jax.Array, true: jax.Array, alpha: float) -> jax.Array:
    """Return the sum over both axes of mean ||dy| - |dG||^alpha, [b], for clips [b, t, h, w, c]."""
    both = zip(gradients(made), gradients(true), strict=True)
    means = [_power(jnp.abs(g - y), alpha).mean((1, 2, 3, 4)) for g, y in both]
    return means[0] + means[1]


def distance(made: jax.Array, true: jax.Array, p: float) -> jax.Array:
    """Return mean |y - G|^p, [b], for clips [b, t, h, w, c]."""
    return _power(jnp.abs(true - made), p).mean((1, 2, 3, 4))


def _power(x: jax.Array, exponent: float) -> jax.Array:
    """Return x^exponent for x >= 0; 1 and 2 are special cases with a derivative at 0."""
    return x if exponent == 1 else jnp.square(x) if exponent == 2 else x**exponent


def predicted(game: Game, nets: Nets, batch: Batch, keys: Keys) -> tuple:
    """Return noise, the given frames, and the predicted ones at every scale."""
    noise, given = game.source(keys["source"], batch)
    return noise, given, nets.generator.scales(noise, given)


def discriminator_objective(
    game: Game,
    nets: Nets,
    stats,
    batch: Batch,
    keys: Keys,
    *,
    loss: losses.Loss,
    one_pass: bool,
) -> tuple[jax.Array, Outcome]:
    noise, given, made = predicted(game, nets, batch, keys)
    judge, true = nets.discriminator.judge, nets.discriminator.pyramid(batch.sample)
    if one_pass:
        logits = unpair(judge(*pair((true, batch.condition), (made, given))))
    else:
        logits = judge(true, batch.condition), judge(made, given)
    total = each(loss.discriminator, *logits).mean()
    drawn = Drawn(batch, Batch(made[-1], given), noise, logits)
    return total, Outcome(stats, logit_metrics(*logits), drawn)


def generator_objective(
    game: Game,
    nets: Nets,
    stats,
    batch: Batch,
    keys: Keys,
    *,
    loss: losses.Loss,
    weights: dict[str, float],
    p: float,
    alpha: float,
) -> tuple[jax.Array, Outcome]:
    noise, given, made = predicted(game, nets, batch, keys)
    scales = list(zip(made, nets.discriminator.pyramid(batch.sample), strict=True))
    parts = {
        "lp": jnp.stack([distance(g, y, p) for g, y in scales]).sum(0),
        "gdl": jnp.stack([gradient_difference(g, y, alpha) for g, y in scales]).sum(0),
    }
    if weights["adversarial"]:
        parts["adversarial"] = each(loss.generator, nets.discriminator.judge(made, given))
    means = {name: part.mean() for name, part in parts.items()}
    total = jnp.stack([weights[name] * mean for name, mean in means.items()]).sum()
    return total, Outcome(stats, means, Drawn(batch, Batch(made[-1], given), noise))


def default_config() -> ConfigDict:
    return ConfigDict(
        {
            "name": "next_frame",
            "loss": "non_saturating",
            "lp": 1.0,  # weight of the distance
            "p": 2.0,  # its exponent
            "gdl": 1.0,  # weight of the difference of gradients
            "alpha": 1.0,  # its exponent
            "adversarial": 0.05,
            "one_pass": True,
        }
    )


def objectives(config: ConfigDict) -> dict[str, Objective]:
    """Return each player's objective."""
    loss, weights = named_loss(config.loss), weights_of(config, "lp", "gdl", "adversarial")
    for name in ("p", "alpha"):
        if config[name] < 1:
            raise ValueError(f"objective.{name} = {config[name]}: write an exponent of 1 or more")
    discriminator = partial(discriminator_objective, loss=loss, one_pass=config.one_pass)
    return {
        "generator": partial(
            generator_objective, loss=loss, weights=weights, p=config.p, alpha=config.alpha
        ),
        "discriminator": discriminator if config.adversarial else unasked,
    }
