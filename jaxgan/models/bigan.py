"""Networks for BiGAN / ALI (arXiv 1605.09782, 1606.00704): a generator with its encoder, and a
discriminator of pairs.

    G(z) image     E(x) latents     D(x, z) = linear(leaky(linear([f(x), z])))

The generator's side holds two networks that are optimised together: `__call__` is G, `encode` is E.
E and f are residual trunks as in models/sngan.py, G is its generator without classes.

Deviations: residual networks in place of DCGAN's; E is deterministic, as in BiGAN (in ALI it is a
Gaussian).
"""

import flax.linen as nn
import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from jaxgan.game.game import Side, Spec
from jaxgan.models import sngan
from jaxgan.models.layers import Dense
from jaxgan.models.sides import image_shape, linen


class Encoder(nn.Module):
    """Map images [b, h, w, c] to latents [b, latent_dim]."""

    latent_dim: int
    trunk: nn.Module

    @nn.compact
    def __call__(self, images: jax.Array) -> jax.Array:
        features = self.trunk(images)
        self.sow("intermediates", "features", features)
        return Dense(self.latent_dim, name="linear")(features)


class Generator(nn.Module):
    """G: latents [b, latent_dim] and labels (ignored) to images. `encode`: images to latents."""

    generator: nn.Module
    encoder: Encoder

    def __call__(self, latents: jax.Array, labels: jax.Array) -> jax.Array:
        images = self.generator(latents, labels)
        if self.is_initializing():
            self.encoder(images)
        return images

    def encode(self, images: jax.Array) -> jax.Array:
        return self.encoder(images)


class Discriminator(nn.Module):
    """Map images [b, h, w, c] and latents [b, latent_dim] to logits [b]. Labels are ignored."""

    latent_dim: int
    hidden: int
    trunk: nn.Module

    @nn.compact
    def judge(self, images: jax.Array, latents: jax.Array) -> jax.Array:
        joint = jnp.concatenate([self.trunk(images), latents], -1)
        joint = nn.leaky_relu(Dense(self.hidden, name="hidden")(joint), 0.2)
        return Dense(1, name="linear")(joint)[:, 0]

    def __call__(self, images: jax.Array, labels: jax.Array) -> jax.Array:
        """Judge an image together with the mean latent, 0."""
        return self.judge(images, jnp.zeros((images.shape[0], self.latent_dim)))


def default_config() -> ConfigDict:
    return ConfigDict(
        {
            "name": "bigan",
            "width": 64,
            "latent_dim": 50,
            "hidden": 1024,
            "batch_norm_eps": 2e-5,
        }
    )


def networks(config: ConfigDict, spec: Spec) -> dict[str, Side]:
    """Return the generator with its encoder, and the discriminator of pairs."""
    fields = sngan.default_config()
    fields.update(
        width=config.width, latent_dim=config.latent_dim, batch_norm_eps=config.batch_norm_eps
    )
    generator, judge = sngan.modules(fields, image_shape(spec), 0)
    encoder = Encoder(config.latent_dim, judge.trunk)
    discriminator = Discriminator(config.latent_dim, config.hidden, judge.trunk)
    return {
        "generator": linen(
            Generator(generator, encoder),
            spec.noise,
            spec.condition,
            calls=("encode",),
            features="encode",
        ),
        "discriminator": linen(discriminator, spec.sample, spec.condition, calls=("judge",)),
    }
