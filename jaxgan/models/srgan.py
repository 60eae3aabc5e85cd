"""SRGAN (arXiv 1609.04802): enlarge an image 2, 4 or 8 times, with detail that looks real.

    G   c9-w, PReLU; blocks (c3-w, norm, PReLU, c3-w, norm) added to their input; c3-w, norm, added
        to the input of the first block; for each doubling c3-4w, pixel shuffle, PReLU; c9-channels
    D   c3 of w, w, 2w, 2w, 4w, 4w, 8w, 8w channels, every second with stride 2, each with batch
        norm except the first, leaky ReLU (0.2); linear to `hidden`, leaky ReLU, linear

A PReLU has one slope per layer, initially 0.25. G has a linear output and takes images of any size.
Kernels from U(-1 / sqrt(n), 1 / sqrt(n)), n the inputs of an output; the paper names no rule.

Norms. The paper has batch norm in G, with running moments after training. Here "affine" is instance
norm with gain and bias, which equals batch norm of a single image: the result does not depend on
the rest of the batch, and no moments are kept. "" is none: then a pixel depends only on those
around it, and a large image can be made in overlapping parts.

Pixel shuffle. Channel (4 o + 2 i + j) is the pixel (i, j) of 2 x 2 of channel o, the order of
PyTorch and of the paper. Its kernels begin with four equal parts, so that it begins as nearest
up-sampling and a convolution, without a checkerboard (arXiv 1707.02937).

Options that the paper does not have: `skip` adds bicubic enlargement to the result, with a last
kernel that is 0 at first, so that training starts from there; `up` "nearest" repeats pixels before
a convolution in place of the shuffle; `head` "mean" averages D's features over the image, so that D
takes any size.
"""

import math

import flax.linen as nn
import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from jaxgan.game.game import Side, Spec
from jaxgan.media.bicubic import resized
from jaxgan.models.layers import BatchNorm, Conv, Dense, InstanceNorm
from jaxgan.models.sides import image_shape, linen, source_shape

uniform = nn.initializers.variance_scaling(1 / 3, "fan_in", "uniform")
NORMS, UPS, HEADS = ("affine", ""), ("shuffle", "nearest"), ("dense", "mean")


def four_equal(key: jax.Array, shape: tuple[int, ...], dtype=jnp.float32) -> jax.Array:
    """Draw a kernel [k, k, in, 4 out] whose four parts are equal, in the order of `shuffled`."""
    return jnp.repeat(uniform(key, (*shape[:-1], shape[-1] // 4), dtype), 4, -1)


def shuffled(x: jax.Array) -> jax.Array:
    """Move the channels of [b, h, w, 4 c] into pixels of [b, 2 h, 2 w, c]."""
    b, h, w, c = x.shape
    x = x.reshape(b, h, w, c // 4, 2, 2).transpose(0, 1, 4, 2, 5, 3)
    return x.reshape(b, 2 * h, 2 * w, c // 4)


class PReLU(nn.Module):
    """x where it is positive, else x times a learned slope (arXiv 1502.01852)."""

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        return jnp.where(x > 0, x, x * self.param("slope", nn.initializers.constant(0.25), ()))


class Block(nn.Module):
    """Two convolutions of 3 x 3, added to their input."""

    width: int
    norm: str

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        y = Conv(self.width, kernel_init=uniform, name="conv_0")(x)
        y = PReLU(name="prelu")(normalised(y, self.norm, "norm_0"))
        y = Conv(self.width, kernel_init=uniform, name="conv_1")(y)
        return x + normalised(y, self.norm, "norm_1")


def normalised(x: jax.Array, norm: str, name: str) -> jax.Array:
    """Return x after a norm of the calling module, if there is one."""
    return InstanceNorm(affine=True, name=name)(x) if norm else x


class Enlarger(nn.Module):
    """SRResNet: map images [b, h, w, c] to [b, 2^doublings h, 2^doublings w, channels]."""

    channels: int
    width: int
    blocks: int
    doublings: int
    norm: str
    skip: bool
    up: str
    edge: int

    @nn.compact
    def __call__(self, noise: tuple, source: jax.Array) -> jax.Array:
        x = Conv(self.width, self.edge, kernel_init=uniform, name="first")(source)
        first = x = PReLU(name="first_prelu")(x)
        for i in range(self.blocks):
            x = Block(self.width, self.norm, name=f"block_{i}")(x)
        x = Conv(self.width, kernel_init=uniform, name="trunk")(x)
        x = first + normalised(x, self.norm, "trunk_norm")
        for i in range(self.doublings):
            if self.up == "shuffle":
                x = shuffled(Conv(4 * self.width, kernel_init=four_equal, name=f"up_{i}")(x))
            else:
                x = Conv(self.width, resample="up", kernel_init=uniform, name=f"up_{i}")(x)
            x = PReLU(name=f"up_{i}_prelu")(x)
        kernel = nn.initializers.zeros if self.skip else uniform
        x = Conv(self.channels, self.edge, kernel_init=kernel, name="last")(x)
        return x + resized(source, (x.shape[1], x.shape[2])) if self.skip else x

    def translate(self, noise: tuple, source: jax.Array) -> jax.Array:
        """Return the same: an enlarged image, to be compared with the original."""
        return self(noise, source)


class Discriminator(nn.Module):
    """Map images [b, h, w, c] to logits [b]; the source is ignored."""

    width: int
    hidden: int
    eps: float
    head: str

    @nn.compact
    def __call__(self, images: jax.Array, source: jax.Array) -> jax.Array:
        x = images
        for i in range(8):
            stride = "stride" if i % 2 else None
            x = Conv(self.width << i // 2, 3, stride, kernel_init=uniform, name=f"conv_{i}")(x)
            x = BatchNorm(self.eps, name=f"norm_{i}")(x) if i else x
            x = nn.leaky_relu(x, 0.2)
        x = x.mean((1, 2)) if self.head == "mean" else x.reshape(len(x), -1)
        x = nn.leaky_relu(Dense(self.hidden, kernel_init=uniform, name="hidden")(x), 0.2)
        return Dense(1, kernel_init=uniform, name="to_logits")(x)[:, 0]


AT_LEAST = {"blocks": 0, "edge": 1}  # the smallest values of fields


def default_config() -> ConfigDict:
    """Return the paper's networks."""
    return ConfigDict(
        {
            "name": "srgan",
            "width": 64,  # channels of G's layers and of D's first
            "blocks": 16,
            "edge": 9,  # size of G's first and last kernel
            "norm": "affine",  # norm of G; "": none
            "skip": False,  # add bicubic enlargement
            "up": "shuffle",  # or nearest
            "hidden": 1024,  # width of D's last hidden layer
            "head": "dense",  # end of D; or mean, for images of any size
            "batch_norm_eps": 1e-5,  # in D
        }
    )


def networks(config: ConfigDict, spec: Spec) -> dict[str, Side]:
    """Return generator and discriminator for images and the same in low resolution."""
    (height, width, channels), small = image_shape(spec), source_shape(spec)
    doublings = round(math.log2(height / small[0]))
    if doublings < 1 or (small[0] << doublings, small[1] << doublings) != (height, width):
        raise ValueError(
            f"model.name: this network doubles images, the data have {small[0]} x {small[1]} and "
            f"{height} x {width}: write data.medium = 'low_resolution'"
        )
    for name, known in (("norm", NORMS), ("up", UPS), ("head", HEADS)):
        if config[name] not in known:
            options = " or ".join(map(repr, known))
            raise ValueError(f"model.{name} = {config[name]!r}: write {options}")
    if config.edge % 2 == 0:
        raise ValueError(f"model.edge = {config.edge}: write an odd number")
    generator = Enlarger(
        channels,
        config.width,
        config.blocks,
        doublings,
        config.norm,
        bool(config.skip),
        config.up,
        config.edge,
    )
    discriminator = Discriminator(config.width, config.hidden, config.batch_norm_eps, config.head)
    return {
        "generator": linen(generator, spec.noise, spec.condition, calls=("translate",)),
        "discriminator": linen(discriminator, spec.sample, spec.condition),
    }
