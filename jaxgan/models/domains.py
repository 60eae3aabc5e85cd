"""The networks of domain adaptation by a game (DANN, arXiv 1505.07818), for digits.

    features    convolution 5 x 5 to w, pool, convolution 5 x 5 to 1.5 w, pool    (w = 32)
    classify    features to 100, 100, a logit for each class
    D           features to 100, one logit: higher means that they are of the source

with ReLU and 2 x 2 maxima; convolutions without padding. Encoder and classifier are the player
"generator" of the game: what D judges are features, and no image is made.

`norm = "batch"` adds batch norm before each ReLU of the encoder. Source and target go through the
encoder one after the other, so that each has the moments of its own domain, in training and after
it (trained/classifier.py); moments that both share would tell D the domain, or hide it. The paper
has no norm.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from jaxgan.game.game import Side, Spec
from jaxgan.media.adaptation import Domains
from jaxgan.models.convolution import conv
from jaxgan.models.layers import BatchNorm, Dense
from jaxgan.models.pooling import max_pool
from jaxgan.models.sides import linen, num_classes

he = nn.initializers.he_normal()
NORMS = ("batch", "none")
KERNEL = 5
EDGE = KERNEL // 2


class Convolved(nn.Module):
    """Convolve images [b, h, w, in] without padding to [b, h - 4, w - 4, features]."""

    features: int
    use_bias: bool

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        kernel = self.param("kernel", he, (KERNEL, KERNEL, x.shape[-1], self.features))
        x = conv(x, kernel)[:, EDGE:-EDGE, EDGE:-EDGE]
        if not self.use_bias:
            return x
        bias = self.param("bias", nn.initializers.zeros, (self.features,))
        return x + bias.reshape(1, 1, 1, -1)


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


class Classifier(nn.Module):
    """Encoder and classifier: images [b, h, w, c] to a logit for each class, [b, classes]."""

    width: int
    hidden: int
    classes: int
    norm: str

    def setup(self):
        self.encoder = Encoder(self.width, self.norm)
        self.classifier = Perceptron((self.hidden, self.hidden), self.classes)

    def __call__(self, images: jax.Array) -> jax.Array:
        return self.classifier(self.encoder(images))

    def predict(self, images: jax.Array) -> jax.Array:
        """Return the classes' logits [b, classes] of images of one domain."""
        return self(images)

    def features(self, images: jax.Array) -> jax.Array:
        """Return features [b, n] of images of one domain."""
        return self.encoder(images)

    def classify(self, features: jax.Array) -> jax.Array:
        """Return the classes' logits [b, classes] of features [b, n]."""
        return self.classifier(features)


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
            "width": 32,  # of the encoder's first convolution
            "hidden": 100,  # width of the hidden layers
            "norm": "batch",  # of the encoder: batch, whose moments are each domain's, or none
        }
    )


def digits(name: str, spec: Spec) -> int:
    """Return how many classes the images of the first domain have.

    Raises ValueError for data that the networks of digits, here and of model `name`, do not take.
    """
    classes = num_classes(spec)
    if not isinstance(spec.sample, Domains):
        raise ValueError(
            f"model.name = {name!r}: this network compares two domains of images: write "
            "data.medium = 'adaptation'"
        )
    if classes < 2:
        raise ValueError(
            f"data.class_names has {classes} classes: the images of the first domain need labels: "
            "put them into a sub-folder for each class and prepare them again"
        )
    height, width, _ = spec.sample.source.shape
    if min(height, width) < 16 or height % 4 or width % 4:
        raise ValueError(
            f"data.size = {height} x {width}: write multiples of 4, 16 at least, such as 28 x 28"
        )
    return classes


def networks(config: ConfigDict, spec: Spec) -> dict[str, Side]:
    """Return encoder and classifier, and the judge, for images of two domains."""
    classes = digits("domains", spec)
    if config.norm not in NORMS:
        raise ValueError(f"model.norm = {config.norm!r}: write {' or '.join(map(repr, NORMS))}")
    height, width, _ = spec.sample.source.shape
    halved = lambda side: ((side - 2 * EDGE) // 2 - 2 * EDGE) // 2
    count = halved(height) * halved(width) * (3 * config.width // 2)
    module = Classifier(config.width, config.hidden, classes, config.norm)
    generator = linen(module, spec.sample.source, calls=("predict", "features", "classify"))
    calls = {name: call for name, call in generator.calls.items() if name != "call"}
    return {
        "generator": generator._replace(calls=calls),  # none makes samples of noise
        "discriminator": linen(Judge(config.hidden), jax.ShapeDtypeStruct((count,), jnp.float32)),
    }
