"""The networks of 2014: multilayer perceptrons on flat pixels (arXiv 1406.2661).

    G(z) = tanh(W_n relu(... relu(W_1 z)))        D(x) = w . leaky(... leaky(V_1 x))

`conditional` joins the class to the input of both, as one of num_classes units that are 0 or 1
(conditional GAN, arXiv 1411.1784).

Deviations: leaky ReLU in place of maxout and no dropout in the discriminator; tanh in place of the
logistic function, for pixels in [-1, 1]; He's initial weights (arXiv 1502.01852) in place of
uniform ones. The conditional paper maps z and y by layers of their own first.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from jaxgan.game.game import Side, Spec
from jaxgan.models.layers import Dense, class_weights
from jaxgan.models.sides import image_shape, linen, num_classes

he = nn.initializers.he_normal()


def with_class(x: jax.Array, labels: jax.Array, num_classes: int) -> jax.Array:
    """Join labels [b] to x [b, n] as [b, n + num_classes]; 0 classes leave x as it is."""
    if not num_classes:
        return x
    return jnp.concatenate([x, class_weights(labels, num_classes).astype(x.dtype)], -1)


class Generator(nn.Module):
    """Map latents [b, latent_dim] and labels [b] to images [b, height, width, channels]."""

    image_shape: tuple[int, int, int]
    num_classes: int
    widths: tuple[int, ...]

    @nn.compact
    def __call__(self, latents: jax.Array, labels: jax.Array) -> jax.Array:
        height, width, channels = self.image_shape
        x = with_class(latents, labels, self.num_classes)
        for i, features in enumerate(self.widths):
            x = nn.relu(Dense(features, kernel_init=he, name=f"layer_{i}")(x))
        x = Dense(height * width * channels, kernel_init=he, name="to_image")(x)
        return jnp.tanh(x).reshape(-1, *self.image_shape)


class Discriminator(nn.Module):
    """Map images [b, h, w, c] and labels [b] to logits [b] float32."""

    num_classes: int
    widths: tuple[int, ...]

    @nn.compact
    def __call__(self, images: jax.Array, labels: jax.Array) -> jax.Array:
        x = with_class(images.reshape(images.shape[0], -1), labels, self.num_classes)
        for i, features in enumerate(self.widths):
            x = nn.leaky_relu(Dense(features, kernel_init=he, name=f"layer_{i}")(x), 0.2)
        self.sow("intermediates", "features", x)
        return Dense(1, kernel_init=he, name="to_logit")(x)[:, 0]


def default_config() -> ConfigDict:
    return ConfigDict(
        {
            "name": "mlp",
            "latent_dim": 100,
            "conditional": False,
            "generator_widths": (1200, 1200),  # the paper's MNIST network
            "discriminator_widths": (240, 240),
        }
    )


def networks(config: ConfigDict, spec: Spec) -> dict[str, Side]:
    """Return generator and discriminator for images [height, width, channels]."""
    shape = image_shape(spec)
    classes = num_classes(spec) if config.conditional else 0
    generator = Generator(shape, classes, tuple(config.generator_widths))
    discriminator = Discriminator(classes, tuple(config.discriminator_widths))
    return {
        "generator": linen(generator, spec.noise, spec.condition),
        "discriminator": linen(discriminator, spec.sample, spec.condition, features="__call__"),
    }
