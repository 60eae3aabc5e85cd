"""A DCGAN for captions (Reed et al., arXiv 1605.05396): an image from noise and a text vector.

    G   text -> dense, leaky ReLU; with the noise to 4 x 4, bn; a residual; doubling, bn; a
        residual; (doubling, bn, ReLU) ..., doubling, tanh
    D   halving, leaky ReLU; (halving, bn, leaky ReLU) ..., halving to 4 x 4, bn; a residual; joined
        at every position with text -> dense, leaky ReLU; 1 x 1, bn, leaky ReLU; one logit of all.
        Above 64 x 64, maps wider than 8 times the first layer are narrowed by 1 x 1, bn, as in
        StackGAN

A doubling is a transposed convolution and a halving a convolution, both 4 x 4 with stride 2. A
residual is x + bn(3 x 3 (bn-relu(3 x 3 (bn-relu(1 x 1 x))))), with 1 / 4 of the channels inside,
then an activation: ReLU in G, leaky ReLU (0.2) in D.

No convolution has a bias: the authors' code sets each one to 0 before each use. The paper reduces
the text to 128 numbers, the code to 256 (`text`). `batch_norm_eps` is 1e-5 as there; kernels come
from N(0, 0.02^2), gains of batch norm start at 1 (there N(1, 0.02^2)).
"""

from collections.abc import Callable

import flax.linen as nn
import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from jaxgan.game.game import Side, Spec
from jaxgan.models.convolution import conv, conv_doubling, conv_halving
from jaxgan.models.halvings import doublings
from jaxgan.models.layers import BatchNorm, Dense
from jaxgan.models.sides import image_shape, linen, text_dim

normal = nn.initializers.normal(0.02)
WIDEST = 8  # in units of the first layer: the residual and the joined layer of D


def leaky(x: jax.Array) -> jax.Array:
    return nn.leaky_relu(x, 0.2)


class Layer(nn.Module):
    """Convolve [b, h, w, in] by one of convolution.py's maps, without a bias; then normalise.

    eps: of batch norm; 0 for none.
    """

    convolve: Callable[[jax.Array, jax.Array], jax.Array]
    features: int
    kernel_size: int
    eps: float

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        shape = (self.kernel_size, self.kernel_size, x.shape[-1], self.features)
        x = self.convolve(x, self.param("kernel", normal, shape))
        return BatchNorm(self.eps, name="norm")(x) if self.eps else x


class Residual(nn.Module):
    """Add to x [b, h, w, c] the result of three convolutions with a quarter of the channels
    inside."""

    activation: Callable[[jax.Array], jax.Array]
    eps: float

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        features = x.shape[-1]
        y = self.activation(Layer(conv, features // 4, 1, self.eps, name="conv_0")(x))
        y = self.activation(Layer(conv, features // 4, 3, self.eps, name="conv_1")(y))
        y = Layer(conv, features, 3, self.eps, name="conv_2")(y)
        return self.activation(x + y)


class Generator(nn.Module):
    """Map latents [b, latent_dim] and text vectors [b, text_dim] to images [b, h, w, channels].

    widths: channels of each stage but the image, coarsest first. text: numbers of the reduced text.
    """

    image_shape: tuple[int, int, int]
    widths: tuple[int, ...]
    text: int
    eps: float

    @nn.compact
    def __call__(self, latents: jax.Array, texts: jax.Array) -> jax.Array:
        height, width, channels = self.image_shape
        n = len(self.widths)
        texts = leaky(Dense(self.text, kernel_init=normal, name="text")(texts))
        x = jnp.concatenate([latents, texts], -1)
        base = height >> n, width >> n, self.widths[0]
        size = base[0] * base[1] * base[2]
        x = Dense(size, use_bias=False, kernel_init=normal, name="linear")(x)
        x = BatchNorm(self.eps, name="norm")(x.reshape(-1, *base))
        for i in range(n):
            if i:
                x = Layer(conv_doubling, self.widths[i], 4, self.eps, name=f"up_{i}")(x)
            x = Residual(nn.relu, self.eps, name=f"residual_{i}")(x) if i < 2 else nn.relu(x)
        return jnp.tanh(Layer(conv_doubling, channels, 4, 0.0, name="last")(x))

    def translate(self, latents: jax.Array, texts: jax.Array) -> jax.Array:
        """Return the same: an image of a caption."""
        return self(latents, texts)


class Discriminator(nn.Module):
    """Map images [b, h, w, c] and text vectors [b, text_dim] to logits [b].

    widths: channels of each stage, finest first. text: numbers of the reduced text.
    """

    widths: tuple[int, ...]
    text: int
    eps: float

    @nn.compact
    def __call__(self, images: jax.Array, texts: jax.Array) -> jax.Array:
        x = images
        for i, features in enumerate(self.widths):
            x = leaky(x) if i else x
            x = Layer(conv_halving, features, 4, self.eps if i else 0.0, name=f"down_{i}")(x)
        while x.shape[-1] > WIDEST * self.widths[0]:
            features = x.shape[-1] // 2
            x = Layer(conv, features, 1, self.eps, name=f"narrowed_{features}")(leaky(x))
        x = Residual(leaky, self.eps, name="residual")(x)
        texts = leaky(Dense(self.text, kernel_init=normal, name="text")(texts))
        residual = x.shape[-1]
        everywhere = jnp.broadcast_to(texts[:, None, None], (*x.shape[:3], self.text))
        x = jnp.concatenate([x, everywhere], -1)
        x = leaky(Layer(conv, residual, 1, self.eps, name="joined")(x))
        return Dense(1, use_bias=False, kernel_init=normal, name="linear")(x.reshape(len(x), -1))[
            :, 0
        ]


AT_LEAST = {"text": 1}  # the smallest values of fields


def default_config() -> ConfigDict:
    """Return the authors' networks for 64 x 64: 1024, 512, 256, 128 channels."""
    return ConfigDict(
        {
            "name": "text_dcgan",
            "width": 64,  # channels of D's first stage; G's last is twice as wide
            "latent_dim": 100,
            "text": 256,  # numbers that each network reduces a text vector to; the paper: 128
            "batch_norm_eps": 1e-5,
        }
    )


def networks(config: ConfigDict, spec: Spec) -> dict[str, Side]:
    """Return generator and discriminator for images [height, width, channels] and their texts."""
    shape = image_shape(spec)
    text_dim(spec)  # refuses labels and images
    if config.width % 4:
        raise ValueError(f"model.width = {config.width}: write a multiple of 4")
    n = doublings(*shape[:2])
    widths = tuple(config.width << i for i in range(n + 1))
    generator = Generator(shape, widths[:0:-1], config.text, config.batch_norm_eps)
    discriminator = Discriminator(widths[:-1], config.text, config.batch_norm_eps)
    return {
        "generator": linen(generator, spec.noise, spec.condition, calls=("translate",)),
        "discriminator": linen(discriminator, spec.sample, spec.condition),
    }
