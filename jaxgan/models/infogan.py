"""InfoGAN's networks (arXiv 1606.03657): DCGAN's, whose discriminator also reads the codes.

    G(z, c)    DCGAN's generator, on the latents and the category c as a one-hot vector
    D(x)       strided convolutions, one hidden layer, a linear score
    Q(x)       a hidden layer on D's; class logits and the mean of the continuous codes

The label drawn by the prior is the category, and the first num_codes elements of z are the
continuous codes. There are as many categories as the data set has classes, but its labels are never
used.

The category is an input of the first layer, as in the paper, and does not select gains of batch
norm: those start equal, so all categories would start the same, and such a generator may never use
them.

Deviations: no batch norm in D and Q, which would rule out gradient penalties and a single pass for
real and generated images; 5 x 5 kernels and no hidden layer in G, as in models/dcgan.py.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from jaxgan.game.game import Side, Spec
from jaxgan.models import dcgan
from jaxgan.models.auxiliary import Recognition
from jaxgan.models.halvings import doublings
from jaxgan.models.layers import Dense, class_weights
from jaxgan.models.sides import image_shape, linen, num_classes


class Generator(nn.Module):
    """Map latents [b, latent_dim] and categories [b] to images [b, height, width, channels]."""

    num_classes: int
    network: nn.Module

    def __call__(self, latents: jax.Array, labels: jax.Array) -> jax.Array:
        category = class_weights(labels, self.num_classes).astype(latents.dtype)
        return self.network(jnp.concatenate([latents, category], -1), labels)


class Discriminator(nn.Module):
    """Map images [b, h, w, c] to logits [b]; `recognise` to a Recognition. Labels are ignored."""

    num_classes: int
    num_codes: int
    widths: tuple[int, ...]
    hidden: int

    def setup(self):
        self.conv = [dcgan.Halved(features) for features in self.widths]
        self.dense, self.linear = Dense(self.hidden), Dense(1)
        self.dense_q = Dense(self.hidden)
        self.classes, self.codes = Dense(self.num_classes), Dense(self.num_codes)

    def __call__(self, images: jax.Array, labels: jax.Array) -> jax.Array:
        return self.recognise(images).logits

    def recognise(self, images: jax.Array) -> Recognition:
        x = images
        for conv in self.conv:
            x = nn.leaky_relu(conv(x), 0.2)
        x = nn.leaky_relu(self.dense(x.reshape(x.shape[0], -1)), 0.2)
        self.sow("intermediates", "features", x)
        q = nn.leaky_relu(self.dense_q(x), 0.2)
        return Recognition(self.linear(x)[:, 0], self.classes(q), self.codes(q))


AT_LEAST = {"num_codes": 0}  # the smallest values of fields


def default_config() -> ConfigDict:
    return ConfigDict(
        {
            "name": "infogan",
            "width": 64,  # channels of the finest stage of each network
            "latent_dim": 64,
            "num_codes": 2,  # how many of the latents are codes
            "hidden": 128,
            "batch_norm_eps": 1e-5,
        }
    )


def networks(config: ConfigDict, spec: Spec) -> dict[str, Side]:
    """Return generator and discriminator for images [height, width, channels]."""
    shape = image_shape(spec)
    classes = num_classes(spec)
    if not 1 <= config.num_codes <= config.latent_dim:
        raise ValueError(
            f"model.num_codes = {config.num_codes}: write 1 to latent_dim = {config.latent_dim}"
        )
    if classes < 2:
        raise ValueError(f"{classes} categories: write 2 or more in data.categories")
    widths = tuple(config.width << i for i in range(doublings(*shape[:2])))
    network = dcgan.Generator(shape, widths[::-1], config.batch_norm_eps)
    discriminator = Discriminator(classes, config.num_codes, widths, config.hidden)
    return {
        "generator": linen(Generator(classes, network), spec.noise, spec.condition),
        "discriminator": linen(
            discriminator, spec.sample, spec.condition, calls=("recognise",), features="__call__"
        ),
    }
