"""Semi-supervised learning with a GAN (Improved GAN, arXiv 1606.03498).

    discriminator:  mean -log s(D(x)) - log(1 - s(D(G(z)))) + mean of -log p(y | x) where y is known
    generator:      |mean f(x) - mean f(G(z))|^2   (feature matching)

with D(x) = log sum exp of the class logits and p their softmax (models/improved.py). y is known for
a share `labelled` of the images, chosen by a hash of their pixels: the same ones at every visit, on
any device. The mean over them is a sum over the batch divided by share times batch: unbiased, also
where a batch has none. Leave data.flip False: a mirror image has another hash.

`accuracy` in the log is that of images whose label was not used.
"""

from functools import partial

import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from jaxgan.game import losses
from jaxgan.game.game import GAN, Batch, Nets, Objective
from jaxgan.game.objectives.acgan import cross_entropy
from jaxgan.game.objectives.adversarial import pair, unpair
from jaxgan.game.objectives.feature_matching import generator_objective


def is_labelled(images: jax.Array, share: float) -> jax.Array:
    """Say for each image [b, ...] in [-1, 1] whether it is one of the labelled ones, [b] bool.

    The hash is FNV-like: integers modulo 2^32, exact in any order of summation.
    """
    stored = jnp.round((images.reshape(len(images), -1) + 1.0) * 127.5).astype(jnp.uint32)
    places = jnp.arange(stored.shape[1], dtype=jnp.uint32)
    factors = (places * jnp.uint32(2654435761) + jnp.uint32(374761393)) | jnp.uint32(1)
    mixed = (stored * factors[None]).sum(1, dtype=jnp.uint32)
    for shift, factor in ((16, 2246822519), (13, 3266489917), (16, 1)):
        mixed = (mixed ^ (mixed >> jnp.uint32(shift))) * jnp.uint32(factor)
    return mixed < jnp.uint32(min(int(share * 2**32), 2**32 - 1))


def discriminator_objective(
    gan: GAN, nets: Nets, stats, batch: Batch, key: jax.Array, *, labelled: float
):
    images, labels = batch["images"], batch["labels"]
    latents, fake_labels = gan.prior(key, len(images))
    fakes = nets.generate(latents, fake_labels)
    classes, fake_classes = unpair(nets.discriminate(pair(images, fakes), method="classify"))
    logits, fake_logits = (jax.nn.logsumexp(c, axis=-1) for c in (classes, fake_classes))
    known = is_labelled(images, labelled).astype(jnp.float32)
    class_loss = (known * cross_entropy(classes, labels)).mean() / labelled
    right = (classes.argmax(-1) == labels).astype(jnp.float32)
    metrics = {
        "real_logits": logits.mean(),
        "fake_logits": fake_logits.mean(),
        "class_loss": class_loss,
        "accuracy": (right * (1.0 - known)).sum() / jnp.maximum((1.0 - known).sum(), 1.0),
    }
    total = losses.non_saturating.discriminator(logits, fake_logits).mean() + class_loss
    return total, (stats, metrics)


def default_config() -> ConfigDict:
    return ConfigDict({"name": "semi_supervised", "labelled": 0.05})


def objectives(config: ConfigDict) -> tuple[Objective, Objective]:
    """Return the generator's and the discriminator's objective."""
    if not 0 < config.labelled <= 1:
        raise ValueError(f"objective.labelled = {config.labelled}: write a share in (0, 1]")
    return generator_objective, partial(discriminator_objective, labelled=config.labelled)
