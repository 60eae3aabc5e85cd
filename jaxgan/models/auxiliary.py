"""Networks of AC-GAN (arXiv 1610.09585): the discriminator also classifies what it sees.

    D(x) -> logit, class logits [b, num_classes]

Both are linear in the features of one trunk. D judges images alone: labels enter only through the
classification. The generator is the residual one of models/sngan.py with class-conditional batch
norm.

Deviation: residual networks in place of DCGAN's.
"""

from typing import NamedTuple

import flax.linen as nn
import jax
from ml_collections import ConfigDict

from jaxgan.game.game import Side, Spec
from jaxgan.models import sngan
from jaxgan.models.layers import Dense
from jaxgan.models.sides import image_shape, linen, num_classes


class Recognition(NamedTuple):
    logits: jax.Array  # [b], higher means real
    classes: jax.Array  # [b, num_classes], logits
    codes: jax.Array  # [b, num_codes], means; InfoGAN's (models/infogan.py), here none


class Discriminator(nn.Module):
    """Map images [b, h, w, c] to logits [b]; `recognise` to a Recognition. Labels are ignored.

    trunk: images to features [b, n] float32.
    """

    trunk: nn.Module
    num_classes: int

    def setup(self):
        self.linear = Dense(1)
        self.classes = Dense(self.num_classes)

    def __call__(self, images: jax.Array, labels: jax.Array) -> jax.Array:
        return self.recognise(images).logits

    def recognise(self, images: jax.Array) -> Recognition:
        features = self.trunk(images)
        self.sow("intermediates", "features", features)
        return Recognition(self.linear(features)[:, 0], self.classes(features), features[:, :0])


def default_config() -> ConfigDict:
    return ConfigDict(
        {
            "name": "auxiliary",
            "width": 64,
            "latent_dim": 128,
            "batch_norm_eps": 2e-5,
        }
    )


def networks(config: ConfigDict, spec: Spec) -> dict[str, Side]:
    """Return generator and discriminator for images [height, width, channels]."""
    classes = num_classes(spec)
    fields = sngan.default_config()
    fields.update(
        width=config.width, latent_dim=config.latent_dim, batch_norm_eps=config.batch_norm_eps
    )
    generator, judge = sngan.modules(fields, image_shape(spec), classes)
    discriminator = Discriminator(judge.trunk, classes)
    return {
        "generator": linen(generator, spec.noise, spec.condition),
        "discriminator": linen(
            discriminator, spec.sample, spec.condition, calls=("recognise",), features="__call__"
        ),
    }
