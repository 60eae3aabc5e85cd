"""R3GAN's networks (arXiv 2501.05441), from the paper: ResNeXt blocks without any normalisation.

    block(x) = x + L3 lrelu(b2 + L2 lrelu(b1 + L1 x))      L1: 1 x 1, C to 2 C
                                                           L2: 3 x 3, in groups
                                                           L3: 1 x 1, 2 C to C, zero at first
    G   basis (4 x 4) times linear(z, E y); then for each resolution, coarsest first
            up(conv1(x)) except at the first, block, block;   conv1 to the image
    D   conv1 of the image; then for each resolution, finest first
            block, block, conv1(down(x)) except at the last;  depthwise over the 4 x 4 map, linear h
        logit = w h, or with classes <linear(h), E' y>

conv1, a 1 x 1 convolution, is there only where widths differ; no convolution or linear map has a
bias. lrelu has a slope of 0.2. up and down filter with (1, 3, 3, 1) in both directions: a doubling
followed, and a halving preceded, by the blur (1, 2, 1) / 4.

Initial weights are drawn from N(0, gain^2 / inputs). L1 and L2 have gain sqrt(2 / 1.04) N^(-1/4)
with N blocks in the network, so that a network of any depth starts as the identity and learns at
the same speed; the discriminator's class embedding has 1 / sqrt(its width), all others 1.

Train it with the objective `relativistic`, the penalty `r1_r2`, labels from the data and fresh
batches: configs/r3gan_*.py.
"""

from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from jaxgan.game.game import Side, Spec
from jaxgan.models.convolution import average_pool, blur, conv, upsample
from jaxgan.models.layers import Conv, Dense, Dtype, Kernel, class_weights
from jaxgan.models.progan import widths
from jaxgan.models.sides import image_shape, linen, num_classes

EXPANSION = 2
CLASS_DIM = 64  # of the generator's class embedding


def normal(gain: float = 1.0) -> nn.initializers.Initializer:
    """Draw kernels [..., inputs, outputs] from N(0, gain^2 / inputs)."""
    return nn.initializers.variance_scaling(gain * gain, "fan_in", "normal")


def first_gain(blocks: int) -> float:
    """Return the gain of L1 and L2 in a network with this many blocks."""
    return (2.0 / (1.0 + 0.2**2)) ** 0.5 * blocks**-0.25


conv1 = partial(Conv, kernel_size=1, use_bias=False, kernel_init=normal())
linear = partial(Dense, use_bias=False, kernel_init=normal())


class Block(nn.Module):
    """One residual block; keeps the shape [b, h, w, c]."""

    groups: int
    gain: float
    dtype: Dtype

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        inner = EXPANSION * x.shape[-1]
        drawn = normal(self.gain)

        def active(y: jax.Array, name: str) -> jax.Array:
            bias = self.param(name, nn.initializers.zeros, (inner,)).astype(self.dtype)
            return nn.leaky_relu(y + bias.reshape(1, 1, 1, -1), 0.2)

        y = Conv(inner, 1, use_bias=False, dtype=self.dtype, kernel_init=drawn, name="expand")(x)
        y = active(y, "bias_1")
        kernel = Kernel((3, 3, inner // self.groups, inner), drawn, name="grouped")()
        y = active(conv(y, kernel.astype(self.dtype), self.groups), "bias_2")
        zero = nn.initializers.zeros
        y = Conv(x.shape[-1], 1, use_bias=False, dtype=self.dtype, kernel_init=zero, name="reduce")(
            y
        )
        return x + y


class Generator(nn.Module):
    """Map latents [b, latent_dim] and labels to images [b, height, width, channels].

    widths, groups, dtypes: of each resolution, coarsest first.
    """

    image_shape: tuple[int, int, int]
    widths: tuple[int, ...]
    groups: tuple[int, ...]
    dtypes: tuple[Dtype, ...]
    remat: bool
    num_classes: int

    @nn.compact
    def __call__(self, latents: jax.Array, labels: jax.Array) -> jax.Array:
        height, width, channels = self.image_shape
        n = len(self.widths) - 1
        if self.num_classes:
            shares = class_weights(labels, self.num_classes)
            latents = jnp.concatenate([latents, linear(CLASS_DIM, name="classes")(shares)], -1)
        shape = (height >> n, width >> n, self.widths[0])
        basis = self.param("basis", nn.initializers.normal(1.0), shape)
        x = basis[None] * linear(self.widths[0], name="linear")(latents)[:, None, None]
        gain = first_gain(2 * len(self.widths))
        block = nn.remat(Block) if self.remat else Block
        for i, (features, groups, dtype) in enumerate(
            zip(self.widths, self.groups, self.dtypes, strict=True)
        ):
            x = x.astype(dtype)
            if i:
                if features != x.shape[-1]:
                    x = conv1(features, dtype=dtype, name=f"narrow_{i}")(x)
                x = blur(upsample(x))
            for j in (0, 1):
                x = block(groups, gain, dtype, name=f"block_{i}_{j}")(x)
        return conv1(channels, dtype=self.dtypes[-1], name="to_image")(x).astype(jnp.float32)


class Discriminator(nn.Module):
    """Map images [b, h, w, c] and labels to logits [b]; fields as in the generator."""

    widths: tuple[int, ...]
    groups: tuple[int, ...]
    dtypes: tuple[Dtype, ...]
    remat: bool
    num_classes: int

    @nn.compact
    def __call__(self, images: jax.Array, labels: jax.Array) -> jax.Array:
        n = len(self.widths) - 1
        x = conv1(self.widths[-1], dtype=self.dtypes[-1], name="from_image")(images)
        gain = first_gain(2 * len(self.widths))
        block = nn.remat(Block) if self.remat else Block
        for i in range(n, -1, -1):
            dtype = self.dtypes[i]
            x = x.astype(dtype)
            for j in (0, 1):
                x = block(self.groups[i], gain, dtype, name=f"block_{i}_{j}")(x)
            if i:
                x = average_pool(blur(x))
                if self.widths[i - 1] != self.widths[i]:
                    x = conv1(self.widths[i - 1], dtype=dtype, name=f"widen_{i}")(x)
        x = x.astype(jnp.float32)
        # [h w, c]: drawn as for h w inputs; each channel has its own filter.
        kernel = Kernel((x.shape[1] * x.shape[2], x.shape[3]), normal(), name="depthwise")()
        features = (x * kernel.reshape(1, *x.shape[1:])).sum((1, 2))
        self.sow("intermediates", "features", features)
        if not self.num_classes:
            return linear(1, name="linear")(features)[:, 0]
        width = self.widths[0]
        shares = class_weights(labels, self.num_classes)
        drawn = normal(width**-0.5)
        classes = Dense(width, use_bias=False, kernel_init=drawn, name="classes")(shares)
        return (linear(width, name="linear")(features) * classes).sum(-1)


AT_LEAST = {"dtype_stages": 0, "group_width": 1}  # the smallest values of fields


def default_config() -> ConfigDict:
    """Return the paper's network for 32 x 32 CIFAR-10."""
    return ConfigDict(
        {
            "name": "r3gan",
            "width": 768,  # channels of the finest resolution
            "most": 768,
            "group_width": 16,  # channels of a group of L2
            "latent_dim": 64,
            "conditional": True,
            "remat": False,
            "dtype": "float32",
            "dtype_stages": 4,  # stages, finest first, that compute in dtype; others in float32
        }
    )


def networks(config: ConfigDict, spec: Spec) -> dict[str, Side]:
    """Return generator and discriminator for images [height, width, channels]."""
    shape = image_shape(spec)
    channels = widths(config, shape)
    for width in channels:
        if EXPANSION * width % config.group_width:
            raise ValueError(
                f"model.group_width = {config.group_width} does not divide {EXPANSION * width} "
                "channels, twice a resolution's: write a divisor"
            )
    coarse = max(len(channels) - config.dtype_stages, 0)
    fields = {
        "widths": channels,
        "groups": tuple(EXPANSION * width // config.group_width for width in channels),
        "dtypes": tuple(
            jnp.float32 if i < coarse else jnp.dtype(config.dtype) for i in range(len(channels))
        ),
        "remat": config.remat,
        "num_classes": num_classes(spec) if config.conditional else 0,
    }
    return {
        "generator": linen(Generator(shape, **fields), spec.noise, spec.condition),
        "discriminator": linen(
            Discriminator(**fields), spec.sample, spec.condition, features="__call__"
        ),
    }
