"""3D-GAN (arXiv 1610.07584): shapes as voxels, by a DCGAN in three dimensions.

    G   latents to a map of 4 x 4 x 4, then transposed convolutions that each double it, four for 64
        voxels per side; batch norm and ReLU between
    D   the mirror image, with leaky ReLU (0.2), and batch norm except in the first layer

Every kernel is 4 x 4 x 4 with stride 2; none has a bias. Voxels are -1 and 1 in place of 0 and 1,
with tanh in place of a sigmoid: 2 sigmoid(x) - 1 = tanh(x / 2), so samples have the range of the
data, and half full is 0. With D's batch norm set `objective.one_pass` False.

Three options are not in the paper: `conditional` gives both networks the label, `kernel_std` is the
standard deviation of the initial kernels, and `first_size` is the side of the first map.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from jaxgan.game.game import Side, Spec
from jaxgan.models.convolution_nd import Layer, Unfolded, conv_doubling_3d, conv_halving_3d
from jaxgan.models.layers import BatchNorm, Dense, Embed, class_weights
from jaxgan.models.sides import linen, num_classes, sample_shape

KERNEL = (4, 4, 4)


class Generator(nn.Module):
    """Map latents [b, latent_dim] to volumes [b, x, y, z, channels] in [-1, 1].

    widths: channels of each map but the volume, coarsest first. num_classes: 0 ignores labels.
    """

    channels: int
    first_size: int
    widths: tuple[int, ...]
    std: float
    eps: float
    num_classes: int

    @nn.compact
    def __call__(self, latents: jax.Array, labels: jax.Array) -> jax.Array:
        if not self.has_variable("batch_stats", "norm_0") and latents.shape[0] == 1:
            raise ValueError(
                "batch norm of one volume makes every volume alike: write train.batch = 2 or more "
                "for each microbatch"
            )
        if self.num_classes:
            latents = jnp.concatenate([latents, class_weights(labels, self.num_classes)], -1)
        drawn = nn.initializers.normal(self.std)
        first = (self.first_size,) * 3
        x = Unfolded(first, self.widths[0], drawn, use_bias=False, name="first")(latents)
        for i, features in enumerate((*self.widths[1:], self.channels)):
            x = nn.relu(BatchNorm(self.eps, name=f"norm_{i}")(x))
            x = Layer(conv_doubling_3d, features, KERNEL, drawn, use_bias=False, name=f"conv_{i}")(
                x
            )
        return jnp.tanh(x)


class Discriminator(nn.Module):
    """Map volumes [b, x, y, z, channels] to logits [b]. widths: of each map, finest first."""

    widths: tuple[int, ...]
    std: float
    eps: float
    batch_norm: bool
    num_classes: int

    @nn.compact
    def __call__(self, volumes: jax.Array, labels: jax.Array) -> jax.Array:
        x, drawn = volumes, nn.initializers.normal(self.std)
        for i, features in enumerate(self.widths):
            x = Layer(conv_halving_3d, features, KERNEL, drawn, use_bias=False, name=f"conv_{i}")(x)
            if i and self.batch_norm:
                x = BatchNorm(self.eps, name=f"norm_{i}")(x)
            x = nn.leaky_relu(x, 0.2)
        features = x.reshape(x.shape[0], -1)
        self.sow("intermediates", "features", features)
        logits = Dense(1, use_bias=False, kernel_init=drawn, name="last")(features)[:, 0]
        if self.num_classes:
            embedded = Embed(self.num_classes, x.shape[-1], name="projection")(labels)
            logits = logits + (embedded * x.sum((1, 2, 3))).sum(-1)
        return logits


AT_LEAST = {"first_size": 1}  # the smallest values of fields


def default_config() -> ConfigDict:
    """Return the paper's network: 512, 256, 128, 64 channels for 64 x 64 x 64 voxels."""
    return ConfigDict(
        {
            "name": "gan3d",
            "width": 64,  # channels of the finest map of each network
            "latent_dim": 200,
            "first_size": 4,
            "kernel_std": 0.02,
            "batch_norm_eps": 1e-5,
            "discriminator_batch_norm": True,  # False with a gradient penalty
            "conditional": False,
        }
    )


def networks(config: ConfigDict, spec: Spec) -> dict[str, Side]:
    """Return generator and discriminator for volumes [x, y, z, channels]."""
    *sides, channels = sample_shape(spec, "volumes [x, y, z, channels]", 4)
    ratio, rest = divmod(sides[0], config.first_size)
    if rest or ratio < 2 or ratio & ratio - 1 or len(set(sides)) > 1:
        shown, first = " x ".join(map(str, sides)), config.first_size
        raise ValueError(
            f"data.size = {shown}: this network doubles a cube of model.first_size = {first}; "
            f"write three equal sides, such as {4 * first} or {16 * first}"
        )
    widths = tuple(config.width << i for i in range(ratio.bit_length() - 1))
    classes = num_classes(spec) if config.conditional else 0
    std, eps = config.kernel_std, config.batch_norm_eps
    generator = Generator(channels, config.first_size, widths[::-1], std, eps, classes)
    discriminator = Discriminator(widths, std, eps, config.discriminator_batch_norm, classes)
    return {
        "generator": linen(generator, spec.noise, spec.condition),
        "discriminator": linen(discriminator, spec.sample, spec.condition, features="__call__"),
    }
