"""Networks whose discriminator is an autoencoder: for energy-based GAN and MMD-GAN.

    E(x) = mean |x - decode(encode(x))|^2        D(x) = -E(x) / margin

Energy-based GAN (arXiv 1609.03126) assigns low energy to data. `margin` is the energy up to which
it pushes generated images; it is D's unit, and the loss is losses.energy_based. MMD-GAN
(1705.08584) compares codes, and needs the decoder to keep `encode` injective. Strided convolutions
as in models/dcgan.py, whose generator is used. Labels are ignored.

Deviation: no batch norm in the autoencoder, so that an image's energy depends on that image alone.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from jaxgan.game.game import Side, Spec
from jaxgan.models import dcgan
from jaxgan.models.halvings import doublings
from jaxgan.models.layers import Dense
from jaxgan.models.sides import image_shape, linen


class Discriminator(nn.Module):
    """Map images [b, h, w, c] to logits [b]; `encode` to codes [b, code_dim]; `decode` back.

    widths: channels of each stage, finest first.
    """

    image_shape: tuple[int, int, int]
    widths: tuple[int, ...]
    code_dim: int
    margin: float

    def setup(self):
        height, width, channels = self.image_shape
        n = len(self.widths)
        self.coarse = (height >> n, width >> n, self.widths[-1])
        self.halved = [dcgan.Halved(features) for features in self.widths]
        self.to_code = Dense(self.code_dim)
        self.from_code = Dense(self.coarse[0] * self.coarse[1] * self.coarse[2])
        self.doubled = [dcgan.Doubled(f) for f in (*self.widths[-2::-1], channels)]

    def __call__(self, images: jax.Array, labels: jax.Array) -> jax.Array:
        return -self.energy(images) / self.margin

    def energy(self, images: jax.Array) -> jax.Array:
        """Return the mean squared error of reconstruction, [b]."""
        return jnp.square(images - self.decode(self.encode(images))).mean((1, 2, 3))

    def encode(self, images: jax.Array) -> jax.Array:
        x = images
        for layer in self.halved:
            x = nn.leaky_relu(layer(x), 0.2)
        codes = self.to_code(x.reshape(x.shape[0], -1))
        self.sow("intermediates", "features", codes)
        return codes

    def decode(self, codes: jax.Array) -> jax.Array:
        x = self.from_code(codes).reshape(-1, *self.coarse)
        for layer in self.doubled:
            x = layer(nn.relu(x))
        return jnp.tanh(x)


def default_config() -> ConfigDict:
    return ConfigDict(
        {
            "name": "autoencoder",
            "width": 64,  # channels of the finest stage of each network
            "latent_dim": 100,
            "code_dim": 32,
            "margin": 0.1,
            "batch_norm_eps": 1e-5,
        }
    )


def networks(config: ConfigDict, spec: Spec) -> dict[str, Side]:
    """Return generator and discriminator for images [height, width, channels]."""
    shape = image_shape(spec)
    if config.margin <= 0:
        raise ValueError(f"model.margin = {config.margin}: write a number above 0, such as 0.1")
    widths = tuple(config.width << i for i in range(doublings(*shape[:2])))
    generator = dcgan.Generator(shape, widths[::-1], config.batch_norm_eps)
    discriminator = Discriminator(shape, widths, config.code_dim, config.margin)
    return {
        "generator": linen(generator, spec.noise, spec.condition),
        "discriminator": linen(
            discriminator,
            spec.sample,
            spec.condition,
            calls=("encode", "decode"),
            features="__call__",
        ),
    }
