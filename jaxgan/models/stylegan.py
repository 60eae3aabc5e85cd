"""StyleGAN's generator (arXiv 1812.04948), from the paper; its discriminator is ProGAN's, with
blurs.

    w = mapping(z)                    linear layers with leaky ReLU, of z over its root mean square
    x = constant, then for each of 2 (doublings + 1) layers:
        x = blur(conv(up(x))) or conv(x);   none in the first layer
        x = leaky(x + strength * noise + bias)
        x = (1 + A(w)) (x - mean) / deviation + B(w)       AdaIN: moments over an image's space
    image = 1 x 1 convolution of the last x

The latents are z (the first `style_dim` numbers) followed by the noise of every layer, a number for
each position. So fixing these latents freezes the noise, drawing them again varies it, and the
image is a pure function of its latents. `latent_dim` must be the sum.

`styles` maps latents to a w for each layer, `synthesise` maps these and the noise to images: style
mixing (objectives/style.py) and truncation in w, w' = mean + psi (w - mean), happen between the
two. Kernels need `equalized` True, which also slows the mapping down to 0.01.

Blurs are (1, 2, 1) / 4 in both directions; the discriminator has one before each map is halved.

Deviations: no growing (the paper kept it, its successor did not); unconditional, so labels are
ignored.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from jaxgan.game.game import Side, Spec
from jaxgan.models import progan
from jaxgan.models.convolution import blur
from jaxgan.models.halvings import doublings
from jaxgan.models.layers import Conv, Dense
from jaxgan.models.progan import pixel_norm, unit
from jaxgan.models.sides import image_shape, linen

slow_unit = nn.initializers.normal(100.0)  # a hundredth of it is used: transforms.equalized


def adain(x: jax.Array, gain: jax.Array, bias: jax.Array) -> jax.Array:
    """Normalise x [b, h, w, c] over space, then scale and shift by [b, c]."""
    mean = x.mean((1, 2), keepdims=True)
    variance = jnp.square(x - mean).mean((1, 2), keepdims=True)
    x = (x - mean) * jax.lax.rsqrt(variance + 1e-8)
    return x * gain[:, None, None] + bias[:, None, None]


def noise_shapes(image_shape: tuple[int, int, int]) -> list[tuple[int, int]]:
    """Return the size of each layer's map, coarsest first, two layers per size."""
    height, width, _ = image_shape
    n = doublings(height, width)
    return [(height >> i, width >> i) for i in range(n, -1, -1) for _ in range(2)]


class Mapping(nn.Module):
    """Map z [b, style_dim] to w [b, style_dim]."""

    style_dim: int
    depth: int

    @nn.compact
    def __call__(self, z: jax.Array) -> jax.Array:
        w = pixel_norm(z)
        for i in range(self.depth):
            w = nn.leaky_relu(
                Dense(self.style_dim, kernel_init=slow_unit, name=f"layer_{i}")(w), 0.2
            )
        return w


class Layer(nn.Module):
    """One layer of the synthesis; x is None in the first."""

    features: int
    resample: str | None

    @nn.compact
    def __call__(self, x: jax.Array, w: jax.Array, noise: jax.Array, first: bool) -> jax.Array:
        if not first:
            x = Conv(
                self.features, 3, self.resample, use_bias=False, kernel_init=unit, name="conv"
            )(x)
            x = blur(x) if self.resample else x
        strength = self.param("strength", nn.initializers.zeros, (self.features,))
        bias = self.param("bias", nn.initializers.zeros, (self.features,))
        x = x + strength.reshape(1, 1, 1, -1) * noise[..., None] + bias.reshape(1, 1, 1, -1)
        style = Dense(2 * self.features, kernel_init=unit, name="style")(w)
        gain, shift = jnp.split(style, 2, axis=-1)
        return adain(nn.leaky_relu(x, 0.2), 1.0 + gain, shift)


class Generator(nn.Module):
    """Map latents [b, latent_dim] to images [b, height, width, channels]; labels are ignored."""

    image_shape: tuple[int, int, int]
    widths: tuple[int, ...]
    style_dim: int
    depth: int

    def setup(self):
        self.mapping = Mapping(self.style_dim, self.depth)
        self.constant = self.param(
            "constant", nn.initializers.ones, (*self._shapes()[0], self.widths[0])
        )
        self.layers = [
            Layer(features, "up" if stage and not second else None)
            for stage, features in enumerate(self.widths)
            for second in (False, True)
        ]
        self.to_image = Conv(self.image_shape[2], 1, kernel_init=unit)

    def _shapes(self) -> list[tuple[int, int]]:
        return noise_shapes(self.image_shape)

    def __call__(self, latents: jax.Array, labels: jax.Array) -> jax.Array:
        return self.synthesise(self.styles(latents, labels), latents)

    def styles(self, latents: jax.Array, labels: jax.Array) -> jax.Array:
        """Return w for every layer, [b, layers, style_dim], the same for all."""
        w = self.mapping(latents[:, : self.style_dim])
        return jnp.repeat(w[:, None], len(self.layers), axis=1)

    def synthesise(self, styles: jax.Array, latents: jax.Array) -> jax.Array:
        """Return images for w [b, layers, style_dim] and the noise in latents."""
        x = jnp.broadcast_to(self.constant, (latents.shape[0], *self.constant.shape))
        place = self.style_dim
        for i, (layer, (h, w)) in enumerate(zip(self.layers, self._shapes(), strict=True)):
            noise = latents[:, place : place + h * w].reshape(-1, h, w)
            place += h * w
            x = layer(x, styles[:, i], noise, first=i == 0)
        return self.to_image(x)


AT_LEAST = {"depth": 1, "style_dim": 1}  # the smallest values of fields


def default_config() -> ConfigDict:
    """Return the paper's widths and mapping; latent_dim is for 32 x 32."""
    return ConfigDict(
        {
            "name": "stylegan",
            "width": 16,
            "most": 512,
            "style_dim": 512,
            "depth": 8,
            "latent_dim": 512 + 2720,
        }
    )


def networks(config: ConfigDict, spec: Spec) -> dict[str, Side]:
    """Return generator and discriminator for images [height, width, channels]."""
    shape = image_shape(spec)
    needed = config.style_dim + sum(h * w for h, w in noise_shapes(shape))
    if config.latent_dim != needed:
        raise ValueError(
            f"model.latent_dim = {config.latent_dim}: a style of {config.style_dim} and the noise "
            f"of every layer are {needed}; write {needed}"
        )
    widths = progan.widths(config, shape)
    generator = Generator(shape, widths, config.style_dim, config.depth)
    return {
        "generator": linen(generator, spec.noise, spec.condition, calls=("styles", "synthesise")),
        "discriminator": linen(
            progan.Discriminator(widths, smooth=True),
            spec.sample,
            spec.condition,
            features="__call__",
        ),
    }
