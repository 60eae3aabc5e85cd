"""CycleGAN (arXiv 1703.10593): two translators, a to b and b to a, and a discriminator of each
domain.

    G   c7s1-w, d2w, d4w, residual blocks of 4w, u2w, uw, c7s1-channels, tanh
    D   PatchGAN without a source: patches of 70 x 70 (models/pix2pix.py)

with instance norm (no gain, no bias) and ReLU after each convolution of G but the last. c7s1: 7 x 7
with reflection padding. d: 3 x 3 of stride 2. u: its transpose. A block: twice 3 x 3 with
reflection padding, added to its input. The paper has 9 blocks at 256 x 256, 6 at 128. Kernels from
N(0, 0.02^2).

Both translators are one player and both discriminators the other: Adam treats each parameter
separately, so one optimiser over two networks is the same as one for each. The sample of a game is
an image of b, its condition an image of a (media/domains.py).

`skip`, an option that the paper does not have, adds the source, as artanh(0.98 source), to G's
output before tanh. An output of 0 then leaves 0.98 of the source, so that G need only learn what
changes.

With `levels` both translators are U-Nets with this many halvings (models/pix2pix.py), without
noise, as in DualGAN (arXiv 1704.02510); without `skips` they are encoder-decoders, as in DiscoGAN
(arXiv 1703.05192).
"""

from collections.abc import Callable

import flax.linen as nn
import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from jaxgan.game.game import Side, Spec
from jaxgan.models.convolution import conv, conv_doubling, conv_strided
from jaxgan.models.pix2pix import Layer, PatchGAN, UNet, refuse_patches, refuse_size
from jaxgan.models.sides import image_shape, linen, source_shape

HALVINGS = 2  # of G


def reflected(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Convolve [b, h, w, in] with reflection padding to the same size."""
    r = kernel.shape[0] // 2
    x = jnp.pad(x, ((0, 0), (r, r), (r, r), (0, 0)), mode="reflect")
    return conv(x, kernel)[:, r:-r, r:-r]


def doubled(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Return the transpose of conv_strided, [b, 2 h, 2 w, out], with a kernel of 3 x 3."""
    return conv_doubling(x, jnp.pad(kernel, ((0, 1), (0, 1), (0, 0), (0, 0))))


class Translator(nn.Module):
    """Map images [b, h, w, c] to [b, h, w, channels]."""

    channels: int
    width: int
    blocks: int
    skip: bool
    halvings: int = HALVINGS

    @nn.compact
    def __call__(self, noise: tuple, source: jax.Array) -> jax.Array:
        refuse_size(source.shape[1:3], 2**self.halvings)
        w = self.width
        layer = lambda convolve, features, size, name: Layer(
            convolve, features, "plain", size, name=name
        )
        x = nn.relu(layer(reflected, w, 7, "first")(source))
        for i in range(self.halvings):
            x = nn.relu(layer(conv_strided, w << i + 1, 3, f"down_{i}")(x))
        for i in range(self.blocks):
            y = nn.relu(layer(reflected, w << self.halvings, 3, f"block_{i}_0")(x))
            x = x + layer(reflected, w << self.halvings, 3, f"block_{i}_1")(y)
        for i in reversed(range(self.halvings)):
            x = nn.relu(layer(doubled, w << i, 3, f"up_{i}")(x))
        x = Layer(reflected, self.channels, kernel_size=7, name="last")(x)
        return jnp.tanh(x + jnp.arctanh(0.98 * source) if self.skip else x)


class Generator(nn.Module):
    """Both translators; called as one network, it translates images of a to images of b.

    translator: function of the number of output channels -> a network of (noise, images).
    """

    channels_a: int
    channels_b: int
    translator: Callable[[int], nn.Module]

    def setup(self):
        self.a_to_b = self.translator(self.channels_b)
        self.b_to_a = self.translator(self.channels_a)

    def __call__(self, noise: tuple, source: jax.Array) -> jax.Array:
        if self.is_initializing():
            self.to_a(jnp.zeros((*source.shape[:3], self.channels_b)))
        return self.to_b(source)

    def translate(self, noise: tuple, source: jax.Array) -> jax.Array:
        return self.to_b(source)

    def to_b(self, images: jax.Array) -> jax.Array:
        return self.a_to_b((), images)

    def to_a(self, images: jax.Array) -> jax.Array:
        return self.b_to_a((), images)


class Discriminator(nn.Module):
    """Both discriminators; called as one network, it judges images of b, ignoring the source."""

    channels_a: int
    width: int
    layers: int

    def setup(self):
        self.of_a = PatchGAN(self.width, self.layers, "plain")
        self.of_b = PatchGAN(self.width, self.layers, "plain")

    def __call__(self, images: jax.Array, source: jax.Array) -> jax.Array:
        if self.is_initializing():
            self.of_a(jnp.zeros((*images.shape[:3], self.channels_a)))
        return self.of_b(images)

    def judge_a(self, images: jax.Array) -> jax.Array:
        return self.of_a(images)

    def judge_b(self, images: jax.Array) -> jax.Array:
        return self.of_b(images)


AT_LEAST = {
    "blocks": 0,
    "judge_width": 0,
    "levels": 0,
    "patch_layers": 0,
}  # the smallest values of fields


def default_config() -> ConfigDict:
    """Return the paper's networks for 256 x 256."""
    return ConfigDict(
        {
            "name": "cyclegan",
            "width": 64,  # channels of the first layer of every network
            "judge_width": 0,  # the discriminators' first channels; 0: as the translators'
            "blocks": 9,
            "skip": False,
            "levels": 0,  # halvings of U-Nets; 0: residual networks
            "skips": True,  # U-Nets with skip connections
            "patch_layers": 3,  # strided convolutions of a judge: 3 see 70 x 70 pixels
        }
    )


def networks(config: ConfigDict, spec: Spec) -> dict[str, Side]:
    """Return the pairs of networks for images of b, whose conditions are images of a."""
    (height, width, channels_b), channels_a = image_shape(spec), source_shape(spec)[2]
    refuse_size((height, width), 2 ** (config.levels or HALVINGS))
    if min(height, width) < 4 << HALVINGS - 1:
        raise ValueError(f"data.size = {height} x {width}: write 8 x 8 or larger")
    refuse_patches((height, width), config.patch_layers)
    if config.skip and channels_a != channels_b:
        raise ValueError(
            f"model.skip = True with images of {channels_a} and {channels_b} channels: write False"
        )
    if config.skip and config.levels:
        raise ValueError(
            f"model.skip = True with model.levels = {config.levels}: U-Nets have skips of their "
            "own; write False"
        )
    width, levels, skips = config.width, config.levels, bool(config.skips)

    def translator(channels: int) -> nn.Module:
        if levels:
            return UNet(channels, width, levels, "plain", 0.0, skips)
        return Translator(channels, width, config.blocks, bool(config.skip))

    generator = Generator(channels_a, channels_b, translator)
    judge_width = config.judge_width or width
    discriminator = Discriminator(channels_a, judge_width, config.patch_layers)
    return {
        "generator": linen(
            generator, spec.noise, spec.condition, calls=("translate", "to_a", "to_b")
        ),
        "discriminator": linen(
            discriminator, spec.sample, spec.condition, calls=("judge_a", "judge_b")
        ),
    }
