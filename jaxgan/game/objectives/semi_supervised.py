"""Semi-supervised learning with a GAN (Improved GAN, arXiv 1606.03498).

    discriminator:  mean -log s(D(x)) - log(1 - s(D(G(z)))) + mean of -log p(y | x) where y is known
    generator:      |mean f(x) - mean f(G(z))|^2   (feature matching)

with D(x) = log sum exp of the class logits and p their softmax (models/improved.py). y is known for
a share `labelled` of the images, chosen by a hash of their pixels: the same ones in every epoch and
on every device. The mean over them is a sum over the batch divided by share times batch: unbiased,
even if a batch has none. An image that is mirrored or cropped has another hash, so data.flip and
data.random_crop are refused.

`accuracy` in the log is over the images whose label was not used.
"""

from functools import partial

import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from jaxgan.game import losses
from jaxgan.game.game import Batch, Drawn, Game, Nets, Objective, Outcome
from jaxgan.game.keys import Keys
from jaxgan.game.losses import each
from jaxgan.game.objectives.acgan import cross_entropy
from jaxgan.game.objectives.adversarial import logit_metrics
from jaxgan.game.objectives.draw import generated, pair, unpair
from jaxgan.game.objectives.feature_matching import generator_objective

NEEDS = {"generator": ("call",), "discriminator": ("call", "classify", "features")}
TAKES_CHANGED_IMAGES = False  # a label is used or not by a hash of the image


def is_labelled(images: jax.Array, share: float) -> jax.Array:
    """Return which images [b, ...] in [-1, 1] are labelled, [b] bool.

    The hash is FNV-like, of 16-bit values: integers modulo 2^32, so it is exact in any order of
    summation.
    """
    stored = jnp.round((images.reshape(len(images), -1) + 1.0) * 32767.5).astype(jnp.uint32)
    places = jnp.arange(stored.shape[1], dtype=jnp.uint32)
    factors = (places * jnp.uint32(2654435761) + jnp.uint32(374761393)) | jnp.uint32(1)
    mixed = (stored * factors[None]).sum(1, dtype=jnp.uint32)
    for shift, factor in ((16, 2246822519), (13, 3266489917), (16, 1)):
        mixed = (mixed ^ (mixed >> jnp.uint32(shift))) * jnp.uint32(factor)
    return mixed < jnp.uint32(min(int(share * 2**32), 2**32 - 1))


def discriminator_objective(
    game: Game, nets: Nets, stats, batch: Batch, keys: Keys, *, labelled: float
):
    labels = batch.condition
    noise, fake = generated(game, nets, batch, keys)
    paired = pair(batch.sample, fake.sample)
    classes, fake_classes = unpair(nets.discriminator.classify(paired))
    logits = jax.nn.logsumexp(classes, axis=-1), jax.nn.logsumexp(fake_classes, axis=-1)
    known = is_labelled(batch.sample, labelled).astype(jnp.float32)
    class_loss = (known * cross_entropy(classes, labels)).mean() / labelled
    right = (classes.argmax(-1) == labels).astype(jnp.float32)
    metrics = {
        **logit_metrics(*logits),
        "class_loss": class_loss,
        "accuracy": (right * (1.0 - known)).sum() / jnp.maximum((1.0 - known).sum(), 1.0),
    }
    total = each(losses.non_saturating.discriminator, *logits).mean() + class_loss
    return total, Outcome(stats, metrics, Drawn(batch, fake, noise, logits))


def default_config() -> ConfigDict:
    return ConfigDict({"name": "semi_supervised", "labelled": 0.05})


def objectives(config: ConfigDict) -> dict[str, Objective]:
    """Return each player's objective."""
    if not 0 < config.labelled <= 1:
        raise ValueError(f"objective.labelled = {config.labelled}: write a share in (0, 1]")
    discriminator = partial(discriminator_objective, labelled=config.labelled)
    return {"generator": generator_objective, "discriminator": discriminator}
