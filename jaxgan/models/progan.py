"""Networks of progressive growing (arXiv 1710.10196): every resolution has an input and an output.

    G   z / rms(z), linear, then (up, conv, conv) for each doubling, all with leaky ReLU and pixel
        norm x / rms over channels; a 1 x 1 convolution makes an image at each resolution
    D   the mirror image, with the batch's deviation joined to the features of the coarsest map

`progress` p in [0, stages] tells how much of the networks is in use. Between i and i + 1 the image
is a mixture of resolution i's, upsampled, and i + 1's with share p - i, and so are the
discriminator's features: the paper's fade-in. p is a parameter that is not learned:
transforms.growth sets it from the images seen. Without growth all stages are in use.

Minibatch deviation: the standard deviation over the batch of each feature at each position,
averaged to one number. It couples images, so set `objective.one_pass` False. Kernels are drawn from
N(0, 1) and need `equalized` True for both players (transforms.equalized).

Deviations: the whole network is computed from the start, unused parts with a share of 0, so growing
saves no time; widths follow one rule; no classes. The output is linear, as in the paper.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from jaxgan.game.game import Side, Spec
from jaxgan.models.convolution import average_pool, blur, upsample
from jaxgan.models.halvings import doublings
from jaxgan.models.layers import Conv, Dense
from jaxgan.models.sides import image_shape, linen

unit = nn.initializers.normal(1.0)


def pixel_norm(x: jax.Array) -> jax.Array:
    """Divide x by the root mean square over its last axis."""
    return x * jax.lax.rsqrt(jnp.square(x).mean(-1, keepdims=True) + 1e-8)


def deviation(x: jax.Array) -> jax.Array:
    """Append a channel to x [b, h, w, c]: the standard deviation over b, averaged over everything
    else."""
    variance = jnp.square(x - x.mean(0, keepdims=True)).mean(0)
    number = jnp.sqrt(variance + 1e-8).mean()
    return jnp.concatenate([x, jnp.broadcast_to(number, (*x.shape[:3], 1))], -1)


def share(progress: jax.Array, stage: int) -> jax.Array:
    """Return how much of a stage is in use, in [0, 1]."""
    return jnp.clip(progress - (stage - 1.0), 0.0, 1.0)


def conv(features: int, size: int, name: str, resample: str | None = None) -> Conv:
    return Conv(features, size, resample, kernel_init=unit, name=name)


class Generator(nn.Module):
    """Map latents [b, latent_dim] to images [b, height, width, channels]; labels are ignored.

    widths: channels of each resolution, coarsest first.
    """

    image_shape: tuple[int, int, int]
    widths: tuple[int, ...]

    @nn.compact
    def __call__(self, latents: jax.Array, labels: jax.Array) -> jax.Array:
        height, width, channels = self.image_shape
        stages = len(self.widths) - 1
        progress = _progress(self, stages)
        rows, columns, first = height >> stages, width >> stages, self.widths[0]

        def activated(x: jax.Array) -> jax.Array:
            return pixel_norm(nn.leaky_relu(x, 0.2))

        x = Dense(rows * columns * first, kernel_init=unit, name="linear")(pixel_norm(latents))
        x = activated(x.reshape(-1, rows, columns, first))
        x = activated(conv(first, 3, "conv_0")(x))
        image = conv(channels, 1, "to_image_0")(x)
        for i, features in enumerate(self.widths[1:], 1):
            x = activated(conv(features, 3, f"conv_{i}a", "up")(x))
            x = activated(conv(features, 3, f"conv_{i}b")(x))
            finer = conv(channels, 1, f"to_image_{i}")(x)
            image = upsample(image)
            image = image + share(progress, i) * (finer - image)
        return image


class Discriminator(nn.Module):
    """Map images [b, h, w, c] to logits [b]; labels are ignored.

    widths: coarsest first. smooth: blur each map before it is halved (StyleGAN's).
    """

    widths: tuple[int, ...]
    smooth: bool = False

    @nn.compact
    def __call__(self, images: jax.Array, labels: jax.Array) -> jax.Array:
        stages = len(self.widths) - 1
        progress = _progress(self, stages)
        x = None
        for i in range(stages, -1, -1):
            from_image = conv(self.widths[i], 1, f"from_image_{i}")(images)
            entering = nn.leaky_relu(from_image, 0.2)
            x = entering if x is None else entering + share(progress, i + 1) * (x - entering)
            if i:
                x = nn.leaky_relu(conv(self.widths[i], 3, f"conv_{i}b")(x), 0.2)
                x = blur(x) if self.smooth else x
                x = nn.leaky_relu(conv(self.widths[i - 1], 3, f"conv_{i}a", "down")(x), 0.2)
                images = average_pool(images)
        assert x is not None
        x = nn.leaky_relu(conv(self.widths[0], 3, "conv_0")(deviation(x)), 0.2)
        x = nn.leaky_relu(Dense(self.widths[0], kernel_init=unit, name="hidden")(_flat(x)), 0.2)
        self.sow("intermediates", "features", x)
        return Dense(1, kernel_init=unit, name="linear")(x)[:, 0]


def _progress(module: nn.Module, stages: int) -> jax.Array:
    leaf = module.param("progress", nn.initializers.constant(float(stages)), ())
    return jax.lax.stop_gradient(leaf)


def _flat(x: jax.Array) -> jax.Array:
    return x.reshape(x.shape[0], -1)


def widths(config: ConfigDict, image_shape: tuple[int, int, int]) -> tuple[int, ...]:
    """Return the channels of each resolution, coarsest first: doubling from the finest, at most
    `most`."""
    n = doublings(*image_shape[:2])
    return tuple(min(config.width << (n - i), config.most) for i in range(n + 1))


def default_config() -> ConfigDict:
    """Return the paper's network for 1024 x 1024: 16 channels there, 512 at most."""
    return ConfigDict({"name": "progan", "width": 16, "most": 512, "latent_dim": 512})


def networks(config: ConfigDict, spec: Spec) -> dict[str, Side]:
    """Return generator and discriminator for images [height, width, channels]."""
    shape = image_shape(spec)
    channels = widths(config, shape)
    return {
        "generator": linen(Generator(shape, channels), spec.noise, spec.condition),
        "discriminator": linen(
            Discriminator(channels), spec.sample, spec.condition, features="__call__"
        ),
    }
