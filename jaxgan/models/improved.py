"""Networks of Improved GAN (arXiv 1606.03498): a classifier that is a discriminator.

    D(x) = log sum exp l_k(x)      so s(D) = Z / (Z + 1), Z = sum exp l: K classes, and "generated"
                                   as one more, whose logit is 0

Minibatch discrimination (`kernels` of them) compares the features h of an image i with all others,

    o(i)_b = sum over j != i of exp(-|M_b h_i - M_b h_j|_1),   M_b [features, kernel_dim]

and joins o to h before the logits, so that D sees when images are too similar. The minibatch is
what goes through the network at once: set `objective.one_pass` False, or use feature_matching only.

Otherwise these are DCGAN's networks (models/dcgan.py), without batch norm in D. Labels are ignored.
Deviation: no weight normalisation, dropout or input noise (for that: augmentation.instance_noise).
"""

import flax.linen as nn
import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from jaxgan.game.game import Side, Spec
from jaxgan.models import dcgan
from jaxgan.models.halvings import doublings
from jaxgan.models.layers import Dense
from jaxgan.models.sides import image_shape, linen, num_classes


def closeness(m: jax.Array) -> jax.Array:
    """Return sum over j != i of exp(-|m_ib - m_jb|_1), [n, kernels], for m [n, kernels, dim]."""
    distances = jnp.abs(m[:, None] - m[None]).sum(-1)
    return jnp.exp(-distances).sum(1) - 1.0  # an image is at distance 0 from itself


class Discriminator(nn.Module):
    """Map images [b, h, w, c] to logits [b]; `classify` to class logits [b, num_classes]."""

    num_classes: int
    widths: tuple[int, ...]
    kernels: int
    kernel_dim: int

    def setup(self):
        self.halved = [dcgan.Halved(features) for features in self.widths]
        if self.kernels:
            self.minibatch = Dense(self.kernels * self.kernel_dim, use_bias=False)
        self.classes = Dense(self.num_classes)

    def __call__(self, images: jax.Array, labels: jax.Array) -> jax.Array:
        return jax.nn.logsumexp(self.classify(images), axis=-1)

    def classify(self, images: jax.Array) -> jax.Array:
        x = images
        for layer in self.halved:
            x = nn.leaky_relu(layer(x), 0.2)
        x = x.reshape(x.shape[0], -1)
        self.sow("intermediates", "features", x)
        if self.kernels:
            m = self.minibatch(x).reshape(-1, self.kernels, self.kernel_dim)
            x = jnp.concatenate([x, closeness(m)], -1)
        return self.classes(x)


AT_LEAST = {"kernel_dim": 1, "kernels": 0}  # the smallest values of fields


def default_config() -> ConfigDict:
    return ConfigDict(
        {
            "name": "improved",
            "width": 64,  # channels of the finest stage of each network
            "latent_dim": 100,
            "kernels": 0,  # the paper's 100 with kernel_dim 5: minibatch discrimination
            "kernel_dim": 5,
            "batch_norm_eps": 1e-5,
        }
    )


def networks(config: ConfigDict, spec: Spec) -> dict[str, Side]:
    """Return generator and discriminator for images [height, width, channels]."""
    shape = image_shape(spec)
    classes = num_classes(spec)
    widths = tuple(config.width << i for i in range(doublings(*shape[:2])))
    generator = dcgan.Generator(shape, widths[::-1], config.batch_norm_eps)
    discriminator = Discriminator(classes, widths, config.kernels, config.kernel_dim)
    return {
        "generator": linen(generator, spec.noise, spec.condition),
        "discriminator": linen(
            discriminator, spec.sample, spec.condition, calls=("classify",), features="__call__"
        ),
    }
