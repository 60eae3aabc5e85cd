"""Shared parts of the classifiers of two domains of digits (domains.py, adda.py): a player that
encodes images and classifies features, and its convolution.

Source and target go through an encoder one after the other, so with batch norm each has the moments
of its own domain, in training and afterwards (trained/classifier.py). Shared moments would reveal
the domain to D, or hide it.
"""

import flax.linen as nn
import jax
from ml_collections import ConfigDict

from jaxgan.game.game import Side, Spec
from jaxgan.media.adaptation import Domains
from jaxgan.models.convolution import conv
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


class Classifier(nn.Module):
    """Encoder and classifier: images [b, h, w, c] to a logit for each class, [b, classes].

    encoder: images of one domain to features [b, n]. classifier: features to logits.
    """

    encoder: nn.Module
    classifier: nn.Module

    def __call__(self, images: jax.Array) -> jax.Array:
        return self.classifier(self.encoder(images))

    def predict(self, images: jax.Array) -> jax.Array:
        """Return class logits [b, classes] of images of one domain."""
        return self(images)

    def features(self, images: jax.Array) -> jax.Array:
        """Return features [b, n] of images of one domain."""
        return self.encoder(images)

    def classify(self, features: jax.Array) -> jax.Array:
        """Return class logits [b, classes] of features [b, n]."""
        return self.classifier(features)


def player(encoder: nn.Module, classifier: nn.Module, spec: Spec) -> Side:
    """Return the player that encodes and classifies; it generates no samples from noise."""
    found = linen(
        Classifier(encoder, classifier),
        spec.sample.source,
        calls=("predict", "features", "classify"),
    )
    calls = {name: call for name, call in found.calls.items() if name != "call"}
    return found._replace(calls=calls)


def refuse(config: ConfigDict, spec: Spec) -> None:
    """Raise ValueError for data that these networks do not take, or a norm that they do not
    have."""
    classes = num_classes(spec)
    if not isinstance(spec.sample, Domains):
        raise ValueError(
            f"model.name = {config.name!r}: this network compares two domains of images: write "
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
    if config.norm not in NORMS:
        raise ValueError(f"model.norm = {config.norm!r}: write {' or '.join(map(repr, NORMS))}")
