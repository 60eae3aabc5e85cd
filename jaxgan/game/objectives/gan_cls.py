"""Text to image (arXiv 1605.05396): an image must be real, and it must match its caption.

    discriminator (GAN-CLS):  mean (L_d(D(x, t), D(G(z, t), t)) + L_d(D(x, t), D(x, t'))) / 2
    generator (GAN-INT):      mean L_g(D(G(z, t), t)) + interpolation mean L_g(D(G(z, s), s))

for an image x and its text vector t. t' is the text of another image of the batch; if that is the
same text, the generated image takes the place of the wrong pair. With the non-saturating loss this
is the paper's -log D(x, t) - [log (1 - D(G(z, t), t)) + log (1 - D(x, t'))] / 2. (Its code pairs
the text with another image instead of the image with another text: the same pairs.)

s = (t1 + t2) / 2 for the texts of two neighbours in the batch, so there are half as many images. No
real image belongs to s: D judges these images but never learns from them.

A discriminator with batch norm sees each kind of pair as a batch of its own, as in DCGAN.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from jaxgan.game import losses
from jaxgan.game.game import Batch, Drawn, Game, Nets, Objective, Outcome
from jaxgan.game.keys import Keys
from jaxgan.game.losses import each, score
from jaxgan.game.objectives.adversarial import logit_metrics, named_loss
from jaxgan.game.objectives.draw import generated, judged
from jaxgan.game.objectives.weights import weights_of

PyTree = Any
NEEDS = {"generator": ("call", "translate"), "discriminator": ("call",)}


def mismatched(batch: Batch) -> tuple[Batch, jax.Array]:
    """Return a batch's images with the texts of their neighbours, and whether these texts differ
    from their own, [n] bool."""
    other = jnp.roll(batch.condition, 1, 0)
    differs = (other != batch.condition).reshape(len(other), -1).any(-1)
    return Batch(batch.sample, other), differs


def between(noise: PyTree, texts: jax.Array) -> tuple[PyTree, jax.Array]:
    """Return noise and the mean text vectors of neighbouring pairs, n / 2 of each.

    Raises ValueError if the number of texts is odd.
    """
    if len(texts) % 2:
        raise ValueError(
            f"a microbatch of {len(texts)} has no pairs of captions: write an even train.batch, or "
            "objective.interpolation = 0"
        )
    pairs = lambda x: x.reshape(len(x) // 2, 2, *x.shape[1:])
    return jax.tree.map(lambda x: pairs(x)[:, 0], noise), pairs(texts).mean(1)


def discriminator_objective(
    game: Game, nets: Nets, stats, batch: Batch, keys: Keys, *, loss: losses.Loss
) -> tuple[jax.Array, Outcome]:
    noise, fake = generated(game, nets, batch, keys)
    logits = judged(nets, batch, fake, one_pass=False)
    pairs, is_other = mismatched(batch)
    wrong = nets.discriminator.call(*pairs)
    of_fakes = each(loss.discriminator, *logits)
    of_pairs = jnp.where(is_other, each(loss.discriminator, logits[0], wrong), of_fakes)
    metrics = logit_metrics(*logits) | {"wrong_logits": score(wrong).mean()}
    return 0.5 * (of_fakes + of_pairs).mean(), Outcome(
        stats, metrics, Drawn(batch, fake, noise, logits)
    )


def generator_objective(
    game: Game,
    nets: Nets,
    stats,
    batch: Batch,
    keys: Keys,
    *,
    loss: losses.Loss,
    interpolation: float,
) -> tuple[jax.Array, Outcome]:
    noise, fake = generated(game, nets, batch, keys)

    def judgement(image: jax.Array, text: jax.Array) -> jax.Array:
        return each(loss.generator, nets.discriminator.call(image, text)).mean()

    total = judgement(*fake)
    metrics = {"adversarial": total}
    if interpolation:
        z, s = between(noise, fake.condition)
        metrics["interpolated"] = judgement(nets.generator.call(z, s), s)
        total = total + interpolation * metrics["interpolated"]
    return total, Outcome(stats, metrics, Drawn(batch, fake, noise))


def default_config() -> ConfigDict:
    return ConfigDict(
        {
            "name": "gan_cls",
            "loss": "non_saturating",
            "interpolation": 1.0,  # GAN-INT: weight of texts between two captions; 0: none
        }
    )


def objectives(config: ConfigDict) -> dict[str, Objective]:
    """Return each player's objective."""
    loss = named_loss(config.loss)
    weights = weights_of(config, "interpolation")
    return {
        "generator": partial(generator_objective, loss=loss, **weights),
        "discriminator": partial(discriminator_objective, loss=loss),
    }
