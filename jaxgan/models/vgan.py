"""VGAN (arXiv 1609.02612): short clips as a static scene and a moving foreground.

    G(z) = m f + (1 - m) b

b is one image [h, w, c], the same at all times; f is a clip in [-1, 1] and m in (0, 1) a mask, one
number for each frame and pixel. f and m come from one network in space and time, b from another.
`streams = 1` is the paper's control, a clip from one network. game/terms/mask.py keeps the mask
small.

    b   latents to 4 x 4, then transposed 4 x 4 convolutions of stride 2
    f   latents to 2 x 4 x 4, then transposed 4 x 4 x 4 convolutions of stride 2; two heads
    D   the mirror image of f, leaky ReLU (0.2), batch norm except in the first layer

Deviations: D has one logit, the difference of the two outputs under the authors' softmax; gains of
batch norm start at 1, not at N(1, 0.02^2). With D's batch norm set `objective.one_pass` False.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from jaxgan.game.game import Side, Spec
from jaxgan.models.convolution import conv_doubling
from jaxgan.models.convolution_nd import Layer, Unfolded, conv_doubling_3d, conv_halving_3d
from jaxgan.models.layers import BatchNorm, Dense
from jaxgan.models.sides import linen, sample_shape

normal = nn.initializers.normal(0.01)
FIRST = (2, 4, 4)  # frames, height and width of the first map
EPS = 1e-3  # of the discriminator's batch norm


class Still(nn.Module):
    """Map latents [b, n] to images [b, h, w, channels] in [-1, 1]. widths: coarsest map first."""

    channels: int
    first: tuple[int, ...]
    widths: tuple[int, ...]
    eps: float

    @nn.compact
    def __call__(self, latents: jax.Array) -> jax.Array:
        x = Unfolded(self.first, self.widths[0], normal, name="first")(latents)
        for i, features in enumerate((*self.widths[1:], self.channels)):
            x = nn.relu(BatchNorm(self.eps, name=f"norm_{i}")(x))
            x = Layer(conv_doubling, features, (4, 4), normal, name=f"conv_{i}")(x)
        return jnp.tanh(x)


class Moving(nn.Module):
    """Map latents [b, n] to clips [b, t, h, w, channels] in [-1, 1]. With `masks`, one more channel
    holds the masks, in (0, 1). widths: coarsest map first."""

    channels: int
    first: tuple[int, ...]
    widths: tuple[int, ...]
    eps: float
    masks: bool

    @nn.compact
    def __call__(self, latents: jax.Array) -> jax.Array:
        layer = lambda features, name: Layer(
            conv_doubling_3d, features, (4, 4, 4), normal, name=name
        )
        x = Unfolded(self.first, self.widths[0], normal, name="first")(latents)
        x = nn.relu(BatchNorm(self.eps, name="norm_0")(x))
        for i, features in enumerate(self.widths[1:]):
            x = layer(features, f"conv_{i}")(x)
            x = nn.relu(BatchNorm(self.eps, name=f"norm_{i + 1}")(x))
        clip = jnp.tanh(layer(self.channels, "to_clip")(x))
        if not self.masks:
            return clip
        return jnp.concatenate([clip, nn.sigmoid(layer(1, "to_mask")(x))], -1)


class Generator(nn.Module):
    """Map latents [b, latent_dim] to clips [b, t, h, w, channels] in [-1, 1]."""

    channels: int
    first: tuple[int, ...]
    widths: tuple[int, ...]
    eps: float
    streams: int

    def setup(self):
        own = (self.widths, self.eps)
        self.moving = Moving(self.channels, self.first, *own, self.streams == 2)
        if self.streams == 2:
            self.still = Still(self.channels, self.first[1:], *own)

    def __call__(self, latents: jax.Array, labels: jax.Array) -> jax.Array:
        moving = self.moving(latents)
        if self.streams == 1:
            return moving
        clip, mask = moving[..., :-1], moving[..., -1:]
        return mask * clip + (1.0 - mask) * self.still(latents)[:, None]

    def mask(self, latents: jax.Array, labels: jax.Array) -> jax.Array:
        """Return m [b, t, h, w, 1], the share of the moving foreground; 1 everywhere for one
        stream."""
        last = self.moving(latents)[..., -1:]
        return jnp.ones_like(last) if self.streams == 1 else last


class Discriminator(nn.Module):
    """Map clips [b, t, h, w, channels] to logits [b]. widths: finest map first."""

    widths: tuple[int, ...]
    batch_norm: bool

    @nn.compact
    def __call__(self, clips: jax.Array, labels: jax.Array) -> jax.Array:
        x = clips
        for i, features in enumerate(self.widths):
            x = Layer(conv_halving_3d, features, (4, 4, 4), normal, name=f"conv_{i}")(x)
            if i and self.batch_norm:
                x = BatchNorm(EPS, name=f"norm_{i}")(x)
            x = nn.leaky_relu(x, 0.2)
        features = x.reshape(x.shape[0], -1)
        self.sow("intermediates", "features", features)
        return Dense(1, kernel_init=normal, name="last")(features)[:, 0]


AT_LEAST = {"streams": 1}  # the smallest values of fields


def default_config() -> ConfigDict:
    """Return the paper's network: 512, 256, 128, 64 channels for 32 frames of 64 x 64."""
    return ConfigDict(
        {
            "name": "vgan",
            "width": 64,  # channels of the finest map of each network
            "latent_dim": 100,
            "streams": 2,  # 1: no still image and no mask
            "batch_norm_eps": 1e-5,
            "discriminator_batch_norm": True,  # False with a gradient penalty
        }
    )


def networks(config: ConfigDict, spec: Spec) -> dict[str, Side]:
    """Return generator and discriminator for clips [time, height, width, channels]."""
    frames, height, width, channels = sample_shape(spec, "clips [time, height, width, channels]", 4)
    if config.streams not in (1, 2):
        raise ValueError(f"model.streams = {config.streams}: write 1 or 2")
    ratio = frames // 2
    if (
        (frames, height, width) != (2 * ratio, 4 * ratio, 4 * ratio)
        or ratio & ratio - 1
        or ratio < 2
    ):
        raise ValueError(
            f"data.size = {frames} x {height} x {width}: this network doubles 2 x 4 x 4; write 32 "
            "frames of 64 x 64, or 16 of 32 x 32, or 8 of 16 x 16"
        )
    widths = tuple(config.width << i for i in range(ratio.bit_length() - 1))
    generator = Generator(channels, FIRST, widths[::-1], config.batch_norm_eps, config.streams)
    discriminator = Discriminator(widths, config.discriminator_batch_norm)
    return {
        "generator": linen(generator, spec.noise, spec.condition, calls=("mask",)),
        "discriminator": linen(discriminator, spec.sample, spec.condition, features="__call__"),
    }
