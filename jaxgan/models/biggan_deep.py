"""BigGAN-deep (arXiv 1809.11096, appendix B): bottleneck blocks, two per resolution.

Generator: the whole latent and the class embedding, concatenated, feed the first layer and every
batch norm. A block has four batch norms; its skip has no parameters: it keeps the first channels of
x. Discriminator: the skip appends the missing channels, made by a 1 x 1 convolution.

The tables of BigGAN give the widths, one per resolution, so it takes any size that BigGAN takes. At
128 pixels the paper states 50.4M parameters. That counts a last convolution with as many outputs as
the last stage has channels, of which three are kept (`to_image_channels` 128, as published); with
three outputs it is 50.2M.
"""

from collections.abc import Callable
from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp
from ml_collections import ConfigDict
from ml_collections.config_dict import placeholder

from jaxgan.game.game import Side, Spec
from jaxgan.models import convolution
from jaxgan.models.attention import SelfAttention, placed
from jaxgan.models.biggan import (
    DISCRIMINATOR_WIDTHS,
    GENERATOR_WIDTHS,
    Discriminator,
)
from jaxgan.models.halvings import doublings, refuse_downsamples, refuse_widths
from jaxgan.models.layers import (
    BatchNorm,
    ConditionalBatchNorm,
    Conv,
    Dense,
    Dtype,
    Embed,
)
from jaxgan.models.sides import image_shape, linen, num_classes

BOTTLENECK = 4  # a block's inner layers have a quarter of its channels
# Height of the image -> height of the map after which attention follows, in G and in D.
ATTENTION = {64: (64, 0), 128: (64, 64), 256: (64, 64), 512: (64, 64)}


class GeneratorBlock(nn.Module):
    """conv1(a(bn(conv(a(bn(conv(up(a(bn(conv1(a(bn(x)))))))))))) + up(first channels of x)."""

    features: int
    up: bool
    norm: Callable
    activation: Callable = nn.relu
    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, x: jax.Array, condition: jax.Array) -> jax.Array:
        conv = partial(Conv, dtype=self.dtype)
        inner = x.shape[-1] // BOTTLENECK

        def activate(h: jax.Array, i: int) -> jax.Array:
            return self.activation(self.norm(name=f"norm_{i}")(h, condition))

        h = conv(inner, 1, name="conv_0")(activate(x, 0))
        h = conv(inner, resample="up" if self.up else None, name="conv_1")(activate(h, 1))
        h = conv(inner, name="conv_2")(activate(h, 2))
        h = conv(self.features, 1, name="conv_3")(activate(h, 3))
        skip = x[..., : self.features]
        return h + (convolution.upsample(skip) if self.up else skip)


class Generator(nn.Module):
    """Map latents [b, latent_dim] and labels [b] to images [b, height, width, channels] in [-1, 1].

    image_shape: (height, width, channels). widths: channels of each resolution, coarsest first.
    attention: height of the resolution after which attention follows; 0 for none.
    to_image_channels: outputs of the last convolution; the image takes the first of them.
    """

    image_shape: tuple[int, int, int]
    num_classes: int
    widths: tuple[int, ...]
    to_image_channels: int
    embedding_dim: int = 128
    attention: int = 0
    batch_norm_eps: float = 1e-4
    batch_norm_groups: int = 1
    activation: Callable = nn.relu
    remat: bool = False
    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, latents: jax.Array, labels: jax.Array) -> jax.Array:
        height, width, channels = self.image_shape
        stages = len(self.widths) - 1
        rows, columns = height >> stages, width >> stages
        norm = partial(
            ConditionalBatchNorm,
            num_classes=self.num_classes,
            eps=self.batch_norm_eps,
            groups=self.batch_norm_groups,
            dtype=self.dtype,
        )
        make = nn.remat(GeneratorBlock) if self.remat else GeneratorBlock
        block = partial(make, norm=norm, activation=self.activation, dtype=self.dtype)

        condition = latents
        if self.num_classes:
            shared = Embed(self.num_classes, self.embedding_dim, name="shared_embedding")(labels)
            condition = jnp.concatenate([shared, latents], -1)
        x = Dense(rows * columns * self.widths[0], dtype=self.dtype, name="linear")(condition)
        x = x.reshape(-1, rows, columns, self.widths[0])
        for i, features in enumerate(self.widths[1:]):
            x = block(x.shape[-1], False, name=f"block_{2 * i}")(x, condition)
            x = block(features, True, name=f"block_{2 * i + 1}")(x, condition)
            if x.shape[1] == self.attention:
                x = SelfAttention(self.dtype, name="attention")(x)
        x = BatchNorm(self.batch_norm_eps, self.batch_norm_groups, self.dtype, name="norm")(x)
        x = Conv(self.to_image_channels, dtype=self.dtype, name="to_image")(self.activation(x))
        return jnp.tanh(x[..., :channels].astype(jnp.float32))


class DiscriminatorBlock(nn.Module):
    """conv1(down(a(conv(a(conv(a(conv1(a(x)))))))) + s, with s = [down(x), conv1(down(x))]."""

    features: int
    down: bool
    activation: Callable = nn.relu
    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        conv, act = partial(Conv, dtype=self.dtype), self.activation
        inner, missing = self.features // BOTTLENECK, self.features - x.shape[-1]
        h = act(conv(inner, 1, name="conv_0")(act(x)))
        h = act(conv(inner, name="conv_1")(h))
        h = act(conv(inner, name="conv_2")(h))
        h = conv(self.features, 1, "down" if self.down else None, name="conv_3")(h)
        skip = convolution.average_pool(x) if self.down else x
        if missing:
            skip = jnp.concatenate([skip, conv(missing, 1, name="skip")(skip)], -1)
        return h + skip


class Trunk(nn.Module):
    """Map images [b, h, w, c] to features [b, widths[-1]] float32: blocks, ReLU, sum over space.

    widths: of the first convolution, then of each resolution. downsamples: number of these
    resolutions, the first ones, that start by halving.
    """

    widths: tuple[int, ...]
    downsamples: int
    attention: int = 0
    activation: Callable = nn.relu
    remat: bool = False
    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, images: jax.Array) -> jax.Array:
        make = nn.remat(DiscriminatorBlock) if self.remat else DiscriminatorBlock
        block = partial(make, activation=self.activation, dtype=self.dtype)
        x = Conv(self.widths[0], dtype=self.dtype, name="stem")(images)
        for i, features in enumerate(self.widths[1:]):
            down = i < self.downsamples
            x = block(features, down, name=f"block_{2 * i}")(x)
            x = block(features, False, name=f"block_{2 * i + 1}")(x)
            if down and x.shape[1] == self.attention:
                x = SelfAttention(self.dtype, name="attention")(x)
        return self.activation(x).astype(jnp.float32).sum((1, 2))


AT_LEAST = {"discriminator_downsamples": 0, "to_image_channels": 1}  # the smallest values of fields


def default_config() -> ConfigDict:
    """Return the paper's network at any resolution; None means: from the tables."""
    return ConfigDict(
        {
            "name": "biggan_deep",
            "width": 128,
            "latent_dim": 128,
            "embedding_dim": 128,
            "to_image_channels": placeholder(int),  # None: as many as the image has
            "generator_widths": placeholder(tuple),
            "discriminator_widths": placeholder(tuple),
            "discriminator_downsamples": placeholder(int),
            "generator_attention": placeholder(int),
            "discriminator_attention": placeholder(int),
            "batch_norm_eps": 1e-4,
            "batch_norm_groups": 1,
            "leaky_slope": 0.0,
            "remat": False,
            "dtype": "float32",
        }
    )


def networks(config: ConfigDict, spec: Spec) -> dict[str, Side]:
    """Return the sides of generator and discriminator for images [height, width, channels]."""
    shape = image_shape(spec)
    classes = num_classes(spec)
    height, width, channels = shape
    n = doublings(height, width)
    attention = ATTENTION.get(height, (0, 0))
    g_widths = config.generator_widths or GENERATOR_WIDTHS[n]
    d_widths = config.discriminator_widths or DISCRIMINATOR_WIDTHS[n]
    if any(m * config.width % BOTTLENECK for m in (*g_widths, *d_widths)):
        raise ValueError(f"model.width = {config.width}: write a multiple of {BOTTLENECK}")
    given = lambda value, default: default if value is None else value
    refuse_widths("generator_widths", len(g_widths), height, width)
    refuse_widths("discriminator_widths", len(d_widths), height, width)
    if list(g_widths) != sorted(g_widths, reverse=True) or list(d_widths) != sorted(d_widths):
        raise ValueError(
            "model.generator_widths must not rise and model.discriminator_widths not fall: a block "
            "drops or adds channels"
        )
    if config.to_image_channels is not None and config.to_image_channels < channels:
        raise ValueError(
            f"model.to_image_channels = {config.to_image_channels}: write {channels} or more"
        )
    halvings = given(config.discriminator_downsamples, len(d_widths) - 1)
    refuse_downsamples(halvings, len(d_widths))
    shared = {
        "activation": partial(nn.leaky_relu, negative_slope=config.leaky_slope)
        if config.leaky_slope
        else nn.relu,
        "remat": config.remat,
        "dtype": jnp.dtype(config.dtype),
    }
    generator = Generator(
        image_shape=shape,
        num_classes=classes,
        widths=tuple(m * config.width for m in g_widths),
        to_image_channels=given(config.to_image_channels, channels),
        embedding_dim=config.embedding_dim,
        attention=placed(
            "model.generator_attention",
            given(config.generator_attention, attention[0]),
            [height >> i for i in range(len(g_widths) - 1)],
        ),
        batch_norm_eps=config.batch_norm_eps,
        batch_norm_groups=config.batch_norm_groups,
        **shared,
    )
    trunk = Trunk(
        widths=tuple(m * config.width for m in d_widths),
        downsamples=halvings,
        attention=placed(
            "model.discriminator_attention",
            given(config.discriminator_attention, attention[1]),
            [height >> i for i in range(1, halvings + 1)],
        ),
        **shared,
    )
    return {
        "generator": linen(generator, spec.noise, spec.condition),
        "discriminator": linen(
            Discriminator(trunk, classes),
            *(spec.sample, spec.condition),
            calls=("slices",),
            features="__call__",
        ),
    }
