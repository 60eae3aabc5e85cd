"""A small convolutional classifier on pixels, for scores that should not depend on an extractor.

Three 3x3 convolutions of stride 2 (32, 64, 128 channels, group norm, ReLU), mean over space, one
linear layer; Adam with a cosine schedule. Takes seconds on a laptop for 28 to 64 pixels.
"""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax

from jaxgan.devices import compiler

Params = Any


class ConvNet(nn.Module):
    """Map images [n, height, width, channels] in [-1, 1] to features [n, 128] and logits [n,
    classes]."""

    classes: int

    @nn.compact
    def __call__(self, images: jax.Array) -> tuple[jax.Array, jax.Array]:
        x = images
        for width in (32, 64, 128):
            x = nn.Conv(width, (3, 3), strides=2, use_bias=False)(x)
            x = nn.relu(nn.GroupNorm(num_groups=8)(x))
        features = x.mean(axis=(1, 2))
        return features, nn.Dense(self.classes)(features)


def convnet(params: Params, images: jax.Array, classes: int) -> tuple[jax.Array, jax.Array]:
    """Return features [n, 128] and logits [n, classes] of images, with the weights of `trained`."""
    return nn.apply(ConvNet.__call__, ConvNet(classes))(params, images)


def convnet_labels(
    train_images: np.ndarray,
    train_labels: np.ndarray,
    test_images: np.ndarray,
    classes: int,
    epochs: int = 10,
    batch: int = 64,
    seed: int = 0,
) -> np.ndarray:
    """Train on the training images; return the predicted labels [m] of the test images.

    Args:
      train_images: [n, height, width, channels] float32 in [-1, 1]; train_labels: [n] int32.
      test_images: [m, height, width, channels] of the same size.
    """
    params = trained(train_images, train_labels, classes, epochs, batch, seed)
    classify = compiler.jit(lambda images: convnet(params, images, classes)[1].argmax(axis=1))
    parts = [test_images[start : start + 500] for start in range(0, len(test_images), 500)]
    return np.concatenate([np.asarray(classify(part)) for part in parts])


def trained(
    train_images: np.ndarray,
    train_labels: np.ndarray,
    classes: int,
    epochs: int = 10,
    batch: int = 64,
    seed: int = 0,
) -> Params:
    """Return the weights of a ConvNet trained on images; arguments as in convnet_labels."""
    count = len(train_images)
    batch = min(batch, count)
    steps = epochs * (count // batch)
    params = ConvNet(classes).init(jax.random.key(seed), jnp.asarray(train_images[:1]))
    optimizer = optax.adam(optax.cosine_decay_schedule(2e-3, steps))

    @compiler.jit
    def update(params, opt_state, images, labels):
        def loss(params):
            _, logits = convnet(params, images, classes)
            return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()

        grads = jax.grad(loss)(params)
        with jax.numpy_dtype_promotion("standard"):  # optax mixes dtypes
            updates, opt_state = optimizer.update(grads, opt_state)
        return optax.apply_updates(params, updates), opt_state

    opt_state = optimizer.init(params)
    rng = np.random.default_rng(seed)
    for _ in range(epochs):
        order = rng.permutation(count)
        for start in range(0, count - batch + 1, batch):
            rows = order[start : start + batch]
            params, opt_state = update(params, opt_state, train_images[rows], train_labels[rows])
    return params
