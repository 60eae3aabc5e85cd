"""CoGAN (arXiv 1606.07536): two GANs for two domains that share layers.

    G   linear and the first stages are shared; each domain has its own last `own` stages
    D   each domain has its own first `own` stages; the others and the linear layer are shared

with the stages of DCGAN (models/dcgan.py). G makes both images from the same latents. D judges each
by itself, so nothing tells the networks which images belong together: the two images correspond
only because the shared layers decide what they have in common.

A sample is a couple: both images side by side (media/couples.py); D's logits are a pair. The game
is the plain one (objectives/adversarial.py), whose loss adds up both. In a discriminator with batch
norm each half has its own moments.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from jaxgan.game.game import Side, Spec
from jaxgan.media.couples import halves
from jaxgan.models.dcgan import Doubled, Halved, normal
from jaxgan.models.halvings import doublings
from jaxgan.models.layers import BatchNorm, Dense
from jaxgan.models.sides import image_shape, linen

DOMAINS = ("first", "second")


class Up(nn.Module):
    """Stages (bn, relu, fractionally strided convolution) of these widths."""

    widths: tuple[int, ...]
    eps: float

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        for i, features in enumerate(self.widths):
            x = nn.relu(BatchNorm(self.eps, name=f"norm_{i}")(x))
            x = Doubled(features, name=f"conv_{i}")(x)
        return x


class Down(nn.Module):
    """Stages (strided convolution, bn, leaky) of these widths; with `has_first` they begin with the
    image's stage, which has no bn."""

    widths: tuple[int, ...]
    eps: float
    batch_norm: bool
    has_first: bool

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        for i, features in enumerate(self.widths):
            x = Halved(features, name=f"conv_{i}")(x)
            if self.batch_norm and (i or not self.has_first):
                x = BatchNorm(self.eps, name=f"norm_{i}")(x)
            x = nn.leaky_relu(x, 0.2)
        return x


class Generator(nn.Module):
    """Map latents [b, latent_dim] to couples [b, height, 2 width, channels].

    size: of one image. widths: channels of each stage but the image, coarsest first.
    """

    size: tuple[int, int, int]
    widths: tuple[int, ...]
    own: int
    eps: float

    @nn.compact
    def __call__(self, latents: jax.Array, labels: jax.Array) -> jax.Array:
        height, width, channels = self.size
        n = len(self.widths)
        least = height >> n, width >> n, self.widths[0]
        x = Dense(least[0] * least[1] * least[2], kernel_init=normal, name="linear")(latents)
        stages = (*self.widths[1:], channels)
        x = Up(stages[: -self.own], self.eps, name="shared")(x.reshape(-1, *least))
        own = [Up(stages[-self.own :], self.eps, name=name)(x) for name in DOMAINS]
        return jnp.tanh(jnp.concatenate(own, axis=2))


class Discriminator(nn.Module):
    """Map couples [b, h, 2 w, c] to the logits of each half, ([b], [b])."""

    widths: tuple[int, ...]
    own: int
    eps: float
    batch_norm: bool

    def setup(self):
        settings = self.eps, self.batch_norm
        self.first = Down(self.widths[: self.own], *settings, True)
        self.second = Down(self.widths[: self.own], *settings, True)
        self.shared = Down(self.widths[self.own :], *settings, False)
        self.linear = Dense(1, kernel_init=normal)

    def __call__(self, couples: jax.Array, labels: jax.Array) -> tuple[jax.Array, jax.Array]:
        first, second = halves(couples)
        return self._judged(self.first(first)), self._judged(self.second(second))

    def _judged(self, x: jax.Array) -> jax.Array:
        x = self.shared(x)
        return self.linear(x.reshape(x.shape[0], -1))[:, 0]


AT_LEAST = {"own": 0}  # the smallest values of fields


def default_config() -> ConfigDict:
    return ConfigDict(
        {
            "name": "cogan",
            "width": 64,  # channels of the finest stage of each network
            "latent_dim": 100,
            "own": 1,  # stages nearest to the image, separate for each domain
            "batch_norm_eps": 1e-5,
            "discriminator_batch_norm": True,  # False with a gradient penalty
        }
    )


def networks(config: ConfigDict, spec: Spec) -> dict[str, Side]:
    """Return generator and discriminator for couples [height, 2 width, channels]."""
    height, both, channels = image_shape(spec)
    if both % 2:
        raise ValueError(
            f"model.name = 'cogan': couples are {both} pixels wide: write data.medium = 'couples'"
        )
    width = both // 2
    n = doublings(height, width)
    if not 0 < config.own < n:
        raise ValueError(
            f"model.own = {config.own} of {n} stages for {height} x {width}: write 1 to {n - 1}, "
            "so that the domains share some and have some of their own"
        )
    widths = tuple(config.width << i for i in range(n))
    generator = Generator(
        (height, width, channels), widths[::-1], config.own, config.batch_norm_eps
    )
    discriminator = Discriminator(
        widths, config.own, config.batch_norm_eps, config.discriminator_batch_norm
    )
    return {
        "generator": linen(generator, spec.noise, spec.condition),
        "discriminator": linen(discriminator, spec.sample, spec.condition),
    }
