"""A model's networks for tests: as sides of a game, or as the Linen modules behind them."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.game.game import Side
from tests.tiny import spec_of


def sides_of(model, config, image_shape, num_classes=0) -> tuple[Side, Side]:
    """Return generator and discriminator of a module of models/ for images [h, w, c]."""
    noise = jax.ShapeDtypeStruct((config.latent_dim,), jnp.float32)
    sides = model.networks(config, spec_of(image_shape, num_classes)._replace(noise=noise))
    return sides["generator"], sides["discriminator"]


def modules_of(model, config, image_shape, num_classes=0) -> tuple[nn.Module, nn.Module]:
    """Return the two networks as Linen modules."""
    return tuple(side.module for side in sides_of(model, config, image_shape, num_classes))


def shapes_of(side: Side):
    """Return the shapes of a side's parameters; nothing is computed."""
    return jax.eval_shape(side.init, jax.eval_shape(lambda: jax.random.key(0)))


def count(tree) -> int:
    return sum(leaf.size for leaf in jax.tree.leaves(tree))
