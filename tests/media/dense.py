"""A perceptron for samples of any shape, as docs/extend.md has one for images."""

import math

import flax.linen as nn
import jax.numpy as jnp
from ml_collections import ConfigDict

from jaxgan.models.layers import Dense, class_weights
from jaxgan.models.sides import linen, num_classes


class Generator(nn.Module):
    shape: tuple
    classes: int
    width: int

    @nn.compact
    def __call__(self, noise, labels):
        x = jnp.concatenate([noise, class_weights(labels, self.classes)], -1)
        x = nn.relu(Dense(self.width, name="hidden")(x))
        x = Dense(math.prod(self.shape), name="to_sample")(x)
        return jnp.tanh(x).reshape(-1, *self.shape)


class Discriminator(nn.Module):
    classes: int
    width: int

    @nn.compact
    def __call__(self, samples, labels):
        x = samples.reshape(len(samples), -1)
        x = jnp.concatenate([x, class_weights(labels, self.classes)], -1)
        x = nn.leaky_relu(Dense(self.width, name="hidden")(x), 0.2)
        self.sow("intermediates", "features", x)
        return Dense(1, name="to_logit")(x)[:, 0]


def default_config():
    return ConfigDict({"name": "tests.media.dense", "latent_dim": 6, "width": 8})


def networks(config, spec):
    classes, shape = num_classes(spec), spec.sample.shape
    generator = Generator(shape, classes, config.width)
    discriminator = Discriminator(classes, config.width)
    return {
        "generator": linen(generator, spec.noise, spec.condition),
        "discriminator": linen(discriminator, spec.sample, spec.condition, features="__call__"),
    }
