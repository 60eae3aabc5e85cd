"""The networks of adversarial domain adaptation (DANN, arXiv 1505.07818), for digits.

    features    convolution 5 x 5 to w, pool, convolution 5 x 5 to 1.5 w, pool    (w = 32)
    classify    features to 100, 100, a logit for each class
    D           features to 100, one logit, higher for features of the source

with ReLU and 2 x 2 max pooling; convolutions without padding. Encoder and classifier are the
game's player "generator": D judges features, and no image is generated.

`norm = "batch"` adds batch norm before each ReLU of the encoder, with separate moments for each
domain (two_domains.py). Deviation: the paper has no norm.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from jaxgan.game.game import Side, Spec
from jaxgan.models.layers import BatchNorm, Dense
from jaxgan.models.pooling import max_pool
from jaxgan.models.sides import linen, num_classes
from jaxgan.models.two_domains import EDGE, Convolved, he, player, refuse


class Encoder(nn.Module):
    """Map images [b, h, w, c] to features [b, n]."""

    width: int
    norm: str

    @nn.compact
    def __call__(self, images: jax.Array) -> jax.Array:
        x, has_norm = images, self.norm == "batch"
        for i, features in enumerate((self.width, 3 * self.width // 2)):
            x = Convolved(features, not has_norm, name=f"conv_{i}")(x)
            if has_norm:
                x = BatchNorm(1e-5, name=f"norm_{i}")(x)
            x = max_pool(nn.relu(x))
        return x.reshape(len(x), -1)


class Perceptron(nn.Module):
    """Map features [b, n] to [b, outputs] through hidden layers of these widths."""

    hidden: tuple[int, ...]
    outputs: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        for i, width in enumerate(self.hidden):
            x = nn.relu(Dense(width, kernel_init=he, name=f"layer_{i}")(x))
        return Dense(self.outputs, kernel_init=he, name="to_logits")(x)


class Judge(nn.Module):
    """Map features [b, n] to logits [b] float32; there is no condition."""

    hidden: int

    @nn.compact
    def __call__(self, features: jax.Array, condition: tuple = ()) -> jax.Array:
        return Perceptron((self.hidden,), 1, name="perceptron")(features)[:, 0]


def default_config() -> ConfigDict:
    """Return the paper's networks for digits, with batch norm."""
    return ConfigDict(
        {
            "name": "domains",
            "width": 32,  # channels of the encoder's first convolution
            "hidden": 100,  # width of the hidden layers
            "norm": "batch",  # norm of the encoder: batch, with moments for each domain, or none
        }
    )


def networks(config: ConfigDict, spec: Spec) -> dict[str, Side]:
    """Return encoder and classifier, and the judge, for images of two domains."""
    refuse(config, spec)
    classes = num_classes(spec)
    height, width, _ = spec.sample.source.shape
    halved = lambda side: ((side - 2 * EDGE) // 2 - 2 * EDGE) // 2
    count = halved(height) * halved(width) * (3 * config.width // 2)
    classifier = Perceptron((config.hidden, config.hidden), classes)
    return {
        "generator": player(Encoder(config.width, config.norm), classifier, spec),
        "discriminator": linen(Judge(config.hidden), jax.ShapeDtypeStruct((count,), jnp.float32)),
    }
