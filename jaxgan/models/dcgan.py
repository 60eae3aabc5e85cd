"""DCGAN (arXiv 1511.06434): 5 x 5 convolutions with stride 2 all the way from z to the image.

    G   linear, then (bn, relu, fractionally strided convolution) for each doubling, tanh
    D   strided convolution, leaky, then (strided convolution, bn, leaky) for each halving, linear

The paper's five rules: strides in place of pooling, batch norm everywhere except in G's last layer
and D's first, no hidden linear layers, ReLU in G, leaky ReLU (0.2) in D. Kernels from
N(0, 0.02^2). Unconditional: labels are ignored. With D's batch norm set `objective.one_pass` False.

SpecGAN (arXiv 1802.04208) is this network for log spectrograms of 128 x 128, with half the width,
Glorot's initial kernels and no batch norm in either player (configs/specgan.py).

A convolution of stride 2 is computed as one of the image's four phases, with a kernel of 3 x 3
blocks of 2 x 2 taps: 6 x 6 taps, of which 5 x 5 are not zero. It equals the plain form, with
derivatives of every order that are as fast (models/convolution.py explains why the plain form's
are not).
"""

from collections.abc import Callable

import flax.linen as nn
import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from jaxgan.game.game import Side, Spec
from jaxgan.models.convolution import conv
from jaxgan.models.halvings import doublings
from jaxgan.models.layers import BatchNorm, Dense
from jaxgan.models.sides import image_shape, linen
from jaxgan.models.slices import Slices, slices

normal = nn.initializers.normal(0.02)
INITS = {"normal": normal, "glorot": nn.initializers.glorot_uniform()}


def _blocks(kernel: jax.Array) -> jax.Array:
    """Cut a kernel [5, 5, in, out] into [3, 2, 3, 2, in, out], padded by a row and a column of
    zeros."""
    _, _, inputs, outputs = kernel.shape
    kernel = jnp.pad(kernel, ((1, 0), (1, 0), (0, 0), (0, 0)))
    return kernel.reshape(3, 2, 3, 2, inputs, outputs)


def halved(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Convolve x [b, 2 h, 2 w, in] with kernel [5, 5, in, out] and stride 2: [b, h, w, out].

    y[i, j] = sum over a, b of x[2 i + a - 1, 2 j + b - 1] kernel[a, b], zeros outside.
    """
    b, h, w, c = x.shape
    phases = x.reshape(b, h // 2, 2, w // 2, 2, c).transpose(0, 1, 3, 2, 4, 5)
    kernel = _blocks(kernel).transpose(0, 2, 1, 3, 4, 5).reshape(3, 3, 4 * c, -1)
    return conv(phases.reshape(b, h // 2, w // 2, 4 * c), kernel)


def doubled(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Map x [b, h, w, in] to [b, 2 h, 2 w, out] with kernel [5, 5, in, out].

    y[i, j] = sum over a, b of x[(i + 1 - a) / 2, (j + 1 - b) / 2] kernel[a, b], where these indices
    are integers: the transpose of `halved` ("fractionally strided").
    """
    b, h, w, c = x.shape
    features = kernel.shape[-1]
    kernel = _blocks(kernel)[::-1, :, ::-1].transpose(0, 2, 4, 1, 3, 5)
    phases = conv(x, kernel.reshape(3, 3, c, 4 * features)).reshape(b, h, w, 2, 2, features)
    return phases.transpose(0, 1, 3, 2, 4, 5).reshape(b, 2 * h, 2 * w, features)


class Halved(nn.Module):
    """`halved`, with a bias."""

    features: int
    kernel_init: Callable = normal

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        kernel = self.param("kernel", self.kernel_init, (5, 5, x.shape[-1], self.features))
        bias = self.param("bias", nn.initializers.zeros, (self.features,))
        return halved(x, kernel) + bias.reshape(1, 1, 1, -1)


class Doubled(nn.Module):
    """`doubled`, with a bias."""

    features: int
    kernel_init: Callable = normal

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        kernel = self.param("kernel", self.kernel_init, (5, 5, x.shape[-1], self.features))
        bias = self.param("bias", nn.initializers.zeros, (self.features,))
        return doubled(x, kernel) + bias.reshape(1, 1, 1, -1)


class Generator(nn.Module):
    """Map latents [b, latent_dim] to images [b, height, width, channels].

    widths: channels of each stage but the image, coarsest first.
    """

    image_shape: tuple[int, int, int]
    widths: tuple[int, ...]
    eps: float
    batch_norm: bool = True
    kernel_init: Callable = normal

    @nn.compact
    def __call__(self, latents: jax.Array, labels: jax.Array) -> jax.Array:
        height, width, channels = self.image_shape
        n = len(self.widths)
        size = (height >> n) * (width >> n) * self.widths[0]
        x = Dense(size, kernel_init=self.kernel_init, name="linear")(latents)
        x = x.reshape(-1, height >> n, width >> n, self.widths[0])
        for i, features in enumerate((*self.widths[1:], channels)):
            if self.batch_norm:
                x = BatchNorm(self.eps, name=f"norm_{i}")(x)
            x = Doubled(features, self.kernel_init, name=f"conv_{i}")(nn.relu(x))
        return jnp.tanh(x)


class Discriminator(nn.Module):
    """Map images [b, h, w, c] to logits [b]. widths: channels of each stage, finest first."""

    widths: tuple[int, ...]
    eps: float
    batch_norm: bool
    kernel_init: Callable = normal

    @nn.compact
    def __call__(
        self, images: jax.Array, labels: jax.Array, sliced: bool = False
    ) -> jax.Array | Slices:
        x = images
        for i, features in enumerate(self.widths):
            x = Halved(features, self.kernel_init, name=f"conv_{i}")(x)
            if i and self.batch_norm:
                x = BatchNorm(self.eps, name=f"norm_{i}")(x)
            x = nn.leaky_relu(x, 0.2)
        features = x.reshape(x.shape[0], -1)
        self.sow("intermediates", "features", features)
        linear = Dense(1, kernel_init=self.kernel_init, name="linear")
        logits = linear(features)[:, 0]
        if sliced:
            own = linear.variables["params"]
            return slices(features, own["kernel"].T, own["bias"])
        return logits

    def slices(self, images: jax.Array, labels: jax.Array) -> jax.Array | Slices:
        """Return the logits as Slices."""
        return self(images, labels, True)


def default_config() -> ConfigDict:
    """Return the paper's network: 1024, 512, 256, 128 channels at 64 x 64."""
    return ConfigDict(
        {
            "name": "dcgan",
            "width": 128,  # channels of the finest stage of each network
            "latent_dim": 100,
            "batch_norm_eps": 1e-5,
            "generator_batch_norm": True,  # False in SpecGAN
            "discriminator_batch_norm": True,  # False with a gradient penalty
            "kernel_init": "normal",  # or glorot
        }
    )


def networks(config: ConfigDict, spec: Spec) -> dict[str, Side]:
    """Return generator and discriminator for images [height, width, channels]."""
    shape = image_shape(spec)
    n = doublings(*shape[:2])
    widths = tuple(config.width << i for i in range(n))
    if config.kernel_init not in INITS:
        known = " or ".join(map(repr, INITS))
        raise ValueError(f"model.kernel_init = {config.kernel_init!r}: write {known}")
    eps, drawn = config.batch_norm_eps, INITS[config.kernel_init]
    generator = Generator(shape, widths[::-1], eps, config.generator_batch_norm, drawn)
    discriminator = Discriminator(widths, eps, config.discriminator_batch_norm, drawn)
    return {
        "generator": linen(generator, spec.noise, spec.condition),
        "discriminator": linen(
            discriminator, spec.sample, spec.condition, calls=("slices",), features="__call__"
        ),
    }
