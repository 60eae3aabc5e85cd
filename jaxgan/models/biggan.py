"""BigGAN (arXiv 1809.11096): class-conditional residual generator and projection discriminator.

Generator: z is split into chunks. A linear map of the first gives the coarsest feature map; every
block is conditioned on the shared class embedding and a chunk of its own, and doubles the
resolution.
Discriminator: residual blocks that halve it, sum pooling, D(x, y) = w . f + <V[y], f>.

One table gives the widths for all sizes, as multiples of the base width from the coarsest map to
the image. Any height x width that can be halved to a base of 4 to 7 or so works, with any number of
channels and classes.

Deviations from the paper's text, both typos there (its own parameter counts contradict it): the
first linear map takes only the first chunk, and the discriminator's widths are the generator's in
reverse. With `num_classes` 0 there is no class input; with 1 there is a "single label" (BigBiGAN).
"""

from collections.abc import Callable
from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp
from ml_collections import ConfigDict
from ml_collections.config_dict import placeholder

from jaxgan.game.game import Side, Spec
from jaxgan.models.attention import SelfAttention, placed
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
from jaxgan.models.slices import Slices, slices

# Number of doublings -> multiples of the width, coarsest first. 4, 5, 6, 7 are 64 to 512 pixels.
GENERATOR_WIDTHS = {
    1: (2, 1),
    2: (4, 2, 1),
    3: (8, 4, 2, 1),
    4: (16, 16, 8, 4, 2),
    5: (16, 16, 8, 4, 2, 1),
    6: (16, 16, 8, 8, 4, 2, 1),
    7: (16, 16, 8, 8, 4, 2, 1, 1),
    8: (16, 16, 8, 8, 4, 2, 1, 1, 1),
}
# The generator's in reverse, except at 64 pixels: the authors' PyTorch code starts narrower there.
DISCRIMINATOR_WIDTHS = {n: w[::-1] for n, w in GENERATOR_WIDTHS.items()} | {4: (1, 2, 4, 8, 16)}
# Height of the image -> height of the map after which attention follows, in G and in D.
ATTENTION = {64: (32, 32), 128: (64, 64), 256: (128, 64), 512: (64, 64)}


class GeneratorBlock(nn.Module):
    """conv(relu(bn(conv(up(relu(bn(x))))))) + conv1(up(x)): doubles height and width.

    up: False keeps the size; the skip is then x itself if it has `features` channels already.
    """

    features: int
    norm: Callable
    activation: Callable = nn.relu
    dtype: Dtype = jnp.float32
    up: bool = True

    @nn.compact
    def __call__(self, x: jax.Array, condition: jax.Array) -> jax.Array:
        h = self.activation(self.norm(name="norm_0")(x, condition))
        resample = "up" if self.up else None
        h = Conv(self.features, resample=resample, dtype=self.dtype, name="conv_0")(h)
        h = self.activation(self.norm(name="norm_1")(h, condition))
        h = Conv(self.features, dtype=self.dtype, name="conv_1")(h)
        if self.up or x.shape[-1] != self.features:
            x = Conv(self.features, 1, resample, dtype=self.dtype, name="skip")(x)
        return h + x


class Generator(nn.Module):
    """Map latents [b, latent_dim] and labels [b] to images [b, height, width, channels] in [-1, 1].

    image_shape: (height, width, channels). widths: channels of each stage, coarsest first.
    attention: height of the map after which attention follows; 0 for none.
    split_latents: False gives the whole latent to the first layer and none to the blocks.
    shared_embedding: False replaces it by a gain and a bias per class in every batch norm; the
      latents can then not be split.
    """

    image_shape: tuple[int, int, int]
    num_classes: int
    widths: tuple[int, ...]
    embedding_dim: int = 128
    attention: int = 0
    split_latents: bool = True
    shared_embedding: bool = True
    batch_norm_eps: float = 1e-4
    batch_norm_groups: int = 1
    activation: Callable = nn.relu
    remat: bool = False
    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, latents: jax.Array, labels: jax.Array) -> jax.Array:
        height, width, channels = self.image_shape
        first, *blocks = self.widths
        rows, columns = height >> len(blocks), width >> len(blocks)
        parts = len(blocks) + 1 if self.split_latents else 1
        if latents.shape[-1] % parts:
            raise ValueError(
                f"model.latent_dim = {latents.shape[-1]} cannot be cut into {parts} equal parts: "
                f"write a multiple of {parts}"
            )
        first_chunk, *chunks = jnp.split(latents, parts, axis=-1)
        conditions = self._conditions(labels, chunks, len(blocks))
        norm = partial(
            ConditionalBatchNorm,
            num_classes=self.num_classes,
            eps=self.batch_norm_eps,
            groups=self.batch_norm_groups,
            dtype=self.dtype,
            by_class=bool(self.num_classes) and not self.shared_embedding,
        )
        block = nn.remat(GeneratorBlock) if self.remat else GeneratorBlock

        x = Dense(rows * columns * first, dtype=self.dtype, name="linear")(first_chunk)
        x = x.reshape(-1, rows, columns, first)
        for i, (features, condition) in enumerate(zip(blocks, conditions, strict=True)):
            x = block(features, norm, self.activation, self.dtype, name=f"block_{i}")(x, condition)
            if x.shape[1] == self.attention:
                x = SelfAttention(self.dtype, name="attention")(x)
        x = BatchNorm(self.batch_norm_eps, self.batch_norm_groups, self.dtype, name="norm")(x)
        x = Conv(channels, dtype=self.dtype, name="to_image")(self.activation(x))
        return jnp.tanh(x.astype(jnp.float32))

    def _conditions(self, labels: jax.Array, chunks: list[jax.Array], blocks: int) -> list:
        """Return what each block's batch norms are conditioned on: floats, labels or None."""
        if not self.num_classes:
            return chunks or [None] * blocks
        if not self.shared_embedding:
            if chunks:
                raise ValueError(
                    "model.shared_embedding = False with model.split_latents = True: chunks of "
                    "the latent join the shared embedding; set split_latents to False"
                )
            return [labels] * blocks
        shared = Embed(self.num_classes, self.embedding_dim, name="shared_embedding")(labels)
        return [jnp.concatenate([shared, z], -1) for z in chunks] or [shared] * blocks


class DiscriminatorBlock(nn.Module):
    """conv(relu(conv(relu(x)))), average-pooled by 2 if `down`, plus the (projected) input.

    preactivate: False in the first block, whose input is the image itself.
    """

    features: int
    down: bool
    preactivate: bool = True
    activation: Callable = nn.relu
    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        resample = "down" if self.down else None
        h = self.activation(x) if self.preactivate else x
        h = self.activation(Conv(self.features, dtype=self.dtype, name="conv_0")(h))
        h = Conv(self.features, resample=resample, dtype=self.dtype, name="conv_1")(h)
        if self.down or x.shape[-1] != self.features:
            x = Conv(self.features, 1, resample, dtype=self.dtype, name="skip")(x)
        return h + x


class Trunk(nn.Module):
    """Map images [b, h, w, c] to features [b, widths[-1]] float32: blocks, ReLU, sum over space.

    downsamples: number of blocks, the first ones, that halve the resolution.
    """

    widths: tuple[int, ...]
    downsamples: int
    attention: int = 0
    activation: Callable = nn.relu
    remat: bool = False
    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, images: jax.Array) -> jax.Array:
        block = nn.remat(DiscriminatorBlock) if self.remat else DiscriminatorBlock
        x = images.astype(self.dtype)
        for i, features in enumerate(self.widths):
            down = i < self.downsamples
            x = block(features, down, i > 0, self.activation, self.dtype, name=f"block_{i}")(x)
            if down and x.shape[1] == self.attention:
                x = SelfAttention(self.dtype, name="attention")(x)
        return self.activation(x).astype(jnp.float32).sum((1, 2))


class ProjectionHead(nn.Module):
    """Map features f [b, n] and labels [b] to logits [b]: w . f + c + <V[y], f> (arXiv 1802.05637).

    sliced: return the logits as `Slices` of <w + V[y], f> + c.
    """

    num_classes: int

    @nn.compact
    def __call__(
        self, features: jax.Array, labels: jax.Array, sliced: bool = False
    ) -> jax.Array | Slices:
        self.sow("intermediates", "features", features)
        linear = Dense(1, name="linear")
        logits, rows = linear(features)[:, 0], jnp.zeros((1, 1))
        if self.num_classes:
            rows = Embed(self.num_classes, features.shape[-1], name="projection")(labels)
            logits = logits + (rows * features).sum(-1)
        if sliced:
            own = linear.variables["params"]
            return slices(features, own["kernel"].T + rows, own["bias"])
        return logits


class Discriminator(nn.Module):
    """Map images [b, h, w, c] and labels [b] to logits [b] float32.

    trunk: images to features [b, n] float32.
    """

    trunk: nn.Module
    num_classes: int

    @nn.compact
    def __call__(
        self, images: jax.Array, labels: jax.Array, sliced: bool = False
    ) -> jax.Array | Slices:
        return ProjectionHead(self.num_classes, name="head")(self.trunk(images), labels, sliced)

    def slices(self, images: jax.Array, labels: jax.Array) -> jax.Array | Slices:
        """Return the logits as Slices."""
        return self(images, labels, True)


AT_LEAST = {"discriminator_downsamples": 0}  # the smallest values of fields


def default_config() -> ConfigDict:
    """Return the paper's network at any resolution; None means: from this file's tables."""
    return ConfigDict(
        {
            "name": "biggan",
            "width": 96,
            "latent_dim": 120,
            "embedding_dim": 128,
            "split_latents": True,
            "shared_embedding": True,
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


def modules(
    config: ConfigDict, image_shape: tuple[int, int, int], num_classes: int
) -> tuple[nn.Module, nn.Module]:
    """Return the modules of generator and discriminator for images [height, width, channels]."""
    height, width, _ = image_shape
    n = doublings(height, width)
    g_attention, d_attention = ATTENTION.get(height, (0, 0))
    chosen = lambda value, default: default if value is None else value
    g_widths = chosen(config.generator_widths, GENERATOR_WIDTHS[n])
    d_widths = chosen(config.discriminator_widths, DISCRIMINATOR_WIDTHS[n])
    refuse_widths("generator_widths", len(g_widths), height, width)
    refuse_widths("discriminator_widths", len(d_widths), height, width)
    halvings = chosen(config.discriminator_downsamples, len(d_widths) - 1)
    refuse_downsamples(halvings, len(d_widths))
    slope = config.leaky_slope
    shared = {
        "activation": partial(nn.leaky_relu, negative_slope=slope) if slope else nn.relu,
        "remat": config.remat,
        "dtype": jnp.dtype(config.dtype),
    }
    generator = Generator(
        image_shape=image_shape,
        num_classes=num_classes,
        widths=tuple(m * config.width for m in g_widths),
        embedding_dim=config.embedding_dim,
        attention=placed(
            "model.generator_attention",
            chosen(config.generator_attention, g_attention),
            [height >> i for i in range(len(g_widths) - 1)],
        ),
        split_latents=config.split_latents,
        shared_embedding=config.shared_embedding,
        batch_norm_eps=config.batch_norm_eps,
        batch_norm_groups=config.batch_norm_groups,
        **shared,
    )
    trunk = Trunk(
        widths=tuple(m * config.width for m in d_widths),
        downsamples=halvings,
        attention=placed(
            "model.discriminator_attention",
            chosen(config.discriminator_attention, d_attention),
            [height >> i for i in range(1, halvings + 1)],
        ),
        **shared,
    )
    return generator, Discriminator(trunk, num_classes)


def networks(config: ConfigDict, spec: Spec) -> dict[str, Side]:
    """Return the sides of generator and discriminator for images [height, width, channels]."""
    generator, discriminator = modules(config, image_shape(spec), num_classes(spec))
    return {
        "generator": linen(generator, spec.noise, spec.condition),
        "discriminator": linen(
            discriminator, spec.sample, spec.condition, calls=("slices",), features="__call__"
        ),
    }
