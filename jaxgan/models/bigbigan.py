"""BigBiGAN (arXiv 1907.02544): BigGAN without labels, with an encoder that inverts it.

    G(z) image                        BigGAN's, whose class embedding has a single row
    E(x) = mu + softplus(rho) eps     mu, rho = linear(MLP(features(x))), eps ~ N(0, I)
    s_x  = linear(F(x))               F: the trunk of BigGAN's discriminator
    s_z  = linear(H(z))               H, J: multilayer perceptrons with skips
    s_xz = linear(J([F(x), H(z)]))

E sees images at a higher resolution than G makes: `encoder_scale` 2 halves data.size for G and D,
and D sees x averaged over 2 x 2 pixels. `encoder` is "resnet" or "revnet" with `encoder_width` (64
for ResNet-50, 256 for x4). The generator's side holds G and E: `__call__` is G; `encode` and
`draw_code` are E.

Not verified against the authors' code: the depths and widths of the perceptrons (8 layers of 2048
in H and J, 4 of 4096 on E); whether the first of their blocks has a projected skip (here none);
spectral norm in H and J (here as in F), and none in E; F without a projection of a class.
"""

from typing import NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from jaxgan.game.game import Side, Spec
from jaxgan.models import biggan
from jaxgan.models.convolution import average_pool
from jaxgan.models.layers import Dense
from jaxgan.models.resnet import DEPTHS, ResNet
from jaxgan.models.revnet import RevNet
from jaxgan.models.sides import image_shape, linen


class Scores(NamedTuple):
    """Three scores, each [b] float32: of the image, of the latent, of both; higher means data."""

    x: jax.Array
    z: jax.Array
    xz: jax.Array


def pooled(images: jax.Array, height: int) -> jax.Array:
    """Halve images [b, h, w, c] by averaging 2 x 2 pixels until they have `height` rows."""
    while images.shape[1] > height:
        images = average_pool(images)
    return images


class Perceptron(nn.Module):
    """Map [b, n] to [b, width]: pairs of layers with ReLU, each pair after the first with a
    skip."""

    width: int
    pairs: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        for i in range(self.pairs):
            h = nn.relu(Dense(self.width, name=f"layer_{2 * i}")(x))
            h = Dense(self.width, name=f"layer_{2 * i + 1}")(h)
            x = nn.relu(x + h if i else h)
        return x


class Encoder(nn.Module):
    """Map images [b, h, w, c] to the mean and deviation of their latents, [b, latent_dim] each."""

    network: nn.Module
    latent_dim: int
    hidden: int

    def setup(self):
        self.perceptron = Perceptron(self.hidden, 2)
        self.linear = Dense(2 * self.latent_dim)

    def __call__(self, images: jax.Array) -> tuple[jax.Array, jax.Array]:
        mean, rho = jnp.split(self.linear(self.perceptron(self.network(images))), 2, axis=-1)
        return mean, nn.softplus(rho)

    def features(self, images: jax.Array) -> jax.Array:
        """Return the mean over space that the perceptron sees ("AvgPool"), [b, features]."""
        return self.network(images)


class Generator(nn.Module):
    """G: latents [b, latent_dim] and labels (ignored) to images. `encode`: images to latents."""

    generator: nn.Module
    encoder: Encoder
    encoder_shape: tuple[int, int, int]

    def __call__(self, latents: jax.Array, labels: jax.Array) -> jax.Array:
        if self.is_initializing():
            self.encoder(jnp.zeros((2, *self.encoder_shape)))
        return self.generator(latents, jnp.zeros(latents.shape[0], jnp.int32))

    def encode(self, images: jax.Array) -> jax.Array:
        """Map images [b, h, w, c] to the mean of their latents, [b, latent_dim]."""
        return self.encoder(images)[0]

    def draw_code(self, images: jax.Array, noise: jax.Array) -> jax.Array:
        """Map images [b, h, w, c] and eps [b, latent_dim] to latents: mean + deviation eps."""
        mean, deviation = self.encoder(images)
        return mean + deviation * noise

    def features(self, images: jax.Array) -> jax.Array:
        """Return E's features of images [b, h, w, c], before its perceptron."""
        return self.encoder.features(images)


class Discriminator(nn.Module):
    """`score_pair`: images [b, h, w, c] and latents [b, latent_dim] to Scores, without labels."""

    trunk: nn.Module
    height: int  # of the images that are judged; larger ones are pooled
    latent_dim: int
    hidden: int
    pairs: int

    def setup(self):
        self.h, self.j = (Perceptron(self.hidden, self.pairs) for _ in range(2))
        self.score_x, self.score_z, self.score_xz = (Dense(1) for _ in range(3))

    def pooled(self, images: jax.Array) -> jax.Array:
        """Return images at the size that is judged."""
        return pooled(images, self.height)

    def score_pair(self, images: jax.Array, latents: jax.Array) -> Scores:
        f, h = self.trunk(self.pooled(images)), self.h(latents)
        j = self.j(jnp.concatenate([f, h], -1))
        return Scores(*(s(a)[:, 0] for s, a in self._parts(f, h, j)))

    def _parts(self, f, h, j):
        return (self.score_x, f), (self.score_z, h), (self.score_xz, j)

    def __call__(self, images: jax.Array, labels: jax.Array) -> jax.Array:
        """Judge images alone: s_x [b]."""
        if self.is_initializing():
            self.score_pair(images, jnp.zeros((images.shape[0], self.latent_dim)))
        return self.score_x(self.trunk(self.pooled(images)))[:, 0]


AT_LEAST = {
    "encoder_depths": 1,
    "encoder_hidden": 1,
    "encoder_scale": 1,
    "encoder_width": 2,
    "hidden_pairs": 1,
}  # the smallest values of fields


def default_config() -> ConfigDict:
    return ConfigDict(
        {
            "name": "bigbigan",
            "width": 96,
            "latent_dim": 120,
            "embedding_dim": 128,
            "encoder": "resnet",
            "encoder_width": 64,
            "encoder_depths": DEPTHS,
            "encoder_small_stem": False,
            "encoder_hidden": 4096,
            "encoder_scale": 2,
            "hidden": 2048,
            "hidden_pairs": 4,
            "batch_norm_eps": 1e-4,
            "remat": False,
            "dtype": "float32",
        }
    )


def networks(config: ConfigDict, spec: Spec) -> dict[str, Side]:
    """Return generator and encoder, and discriminator, for images [height, width, channels]."""
    shape = image_shape(spec)
    height, width, channels = shape
    scale, kinds = config.encoder_scale, {"resnet": ResNet, "revnet": RevNet}
    if scale < 1 or scale & (scale - 1) or height % scale or width % scale:
        raise ValueError(
            f"model.encoder_scale = {scale} with data.size = {height} x {width}: write a power of "
            "two that divides both, such as 1 or 2"
        )
    if config.encoder not in kinds:
        raise ValueError(f"model.encoder = {config.encoder!r}: write 'resnet' or 'revnet'")
    small = (height // scale, width // scale, channels)
    fields = biggan.default_config()
    fields.update({name: config[name] for name in fields if name in config and name != "name"})
    generator, discriminator = biggan.modules(fields, small, 1)
    shared = {"batch_norm_eps": config.batch_norm_eps, "dtype": generator.dtype}
    if config.encoder == "resnet":
        shared["remat"] = config.remat  # reversible blocks keep nothing anyway
    network = kinds[config.encoder](
        config.encoder_width, tuple(config.encoder_depths), config.encoder_small_stem, **shared
    )
    encoder = Encoder(network, config.latent_dim, config.encoder_hidden)
    judge = Discriminator(
        discriminator.trunk, small[0], config.latent_dim, config.hidden, config.hidden_pairs
    )
    return {
        "generator": linen(
            Generator(generator, encoder, shape),
            spec.noise,
            spec.condition,
            calls=("encode", "draw_code", "features"),
        ),
        "discriminator": linen(judge, spec.sample, spec.condition, calls=("score_pair", "pooled")),
    }
