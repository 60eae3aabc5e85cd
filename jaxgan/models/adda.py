"""The networks of ADDA (arXiv 1702.05464), for digits: a LeNet for each of two domains.

    encoder     convolution 5 x 5 to w, pool, ReLU, convolution 5 x 5 to 2.5 w, pool, ReLU,
                linear to 25 w features                                       (w = 20)
    classify    ReLU, then linear to a logit for each class
    D           features to 500, 500 (ReLU), two logits; the output is the first minus the second,
                higher for features of the source

`stage = 1` is the source's encoder with the classifier, for training on the source alone (objective
"domains" with weight 0). `stage = 2` holds these fixed as its part "source", which
`train.start_from` and `train.start_part = "source"` fill, and trains the target's encoder, which
starts as a copy of the source's:

    target's weights = source's weights, held fixed + moved,   moved = 0 at first

Adam updates `moved` exactly as it would update the weights themselves, so no weights need to be
copied.

`norm = "batch"` adds batch norm before each ReLU of the encoders' convolutions, with separate
moments for each domain (two_domains.py). Deviations: the paper has no norm; no dropout.
"""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from jaxgan.game.game import Side, Spec
from jaxgan.models.layers import BatchNorm, Dense
from jaxgan.models.pooling import max_pool
from jaxgan.models.sides import linen, num_classes
from jaxgan.models.two_domains import Convolved, he, player, refuse

PyTree = Any


class LeNet(nn.Module):
    """Map images [b, h, w, c] to features [b, 25 width]."""

    width: int
    norm: str

    @nn.compact
    def __call__(self, images: jax.Array) -> jax.Array:
        x, has_norm = images, self.norm == "batch"
        for i, features in enumerate((self.width, 5 * self.width // 2)):
            x = max_pool(Convolved(features, not has_norm, name=f"conv_{i}")(x))
            if has_norm:
                x = BatchNorm(1e-5, name=f"norm_{i}")(x)
            x = nn.relu(x)
        features = Dense(25 * self.width, kernel_init=he, name="linear")
        return features(x.reshape(len(x), -1))


class Head(nn.Module):
    """Map features [b, n] to a logit for each class, [b, classes]."""

    classes: int

    @nn.compact
    def __call__(self, features: jax.Array) -> jax.Array:
        return Dense(self.classes, kernel_init=he, name="linear")(nn.relu(features))


class Judge(nn.Module):
    """Map features [b, n] to logits [b] float32; there is no condition."""

    hidden: int

    @nn.compact
    def __call__(self, features: jax.Array, condition: tuple = ()) -> jax.Array:
        x = features
        for i in range(2):
            x = nn.relu(Dense(self.hidden, kernel_init=he, name=f"layer_{i}")(x))
        logits = Dense(2, kernel_init=he, name="to_logits")(x)
        return logits[:, 0] - logits[:, 1]


def of_target(source: Side) -> Side:
    """Return the player of stage 2, made from stage 1's classifier."""
    calls = source.calls

    def init(key: jax.Array) -> PyTree:
        first = source.init(key)
        return {"source": first, "moved": jax.tree.map(jnp.zeros_like, first["encoder"])}

    def held(variables: PyTree) -> PyTree:
        return {"params": jax.lax.stop_gradient(variables["params"]["source"])}

    def target(variables: PyTree) -> PyTree:
        """Return the variables of stage one's network with the target's encoder."""
        params = held(variables)["params"]
        moved = variables["params"]["moved"]
        encoder = jax.tree.map(jnp.add, params["encoder"], moved)
        return {**variables, "params": {**params, "encoder": encoder}}

    def moments(name: str, variables: PyTree, *inputs: PyTree) -> PyTree:
        return source.moments(name, target(variables), *inputs)

    return Side(
        init,
        {
            "source_features": lambda v, images: calls["features"](held(v), images),
            "target_features": lambda v, images: calls["features"](target(v), images),
            "classify": lambda v, features: calls["classify"](held(v), features),
            "predict": lambda v, images: calls["predict"](target(v), images),
        },
        moments,
    )


AT_LEAST = {"stage": 1}  # the smallest values of fields


def default_config() -> ConfigDict:
    """Return the paper's networks for digits."""
    return ConfigDict(
        {
            "name": "adda",
            "stage": 2,  # 1: the source's encoder and the classifier alone
            "width": 20,  # channels of the encoders' first convolution
            "hidden": 500,  # width of D's hidden layers
            "norm": "none",  # norm of the encoders: none, or batch, with moments for each domain
        }
    )


def networks(config: ConfigDict, spec: Spec) -> dict[str, Side]:
    """Return the encoders with the classifier, and D, for images of two domains."""
    refuse(config, spec)
    if config.stage not in (1, 2):
        raise ValueError(f"model.stage = {config.stage!r}: write 1 or 2")
    source = player(LeNet(config.width, config.norm), Head(num_classes(spec)), spec)
    features = jax.ShapeDtypeStruct((25 * config.width,), jnp.float32)
    return {
        "generator": source if config.stage == 1 else of_target(source),
        "discriminator": linen(Judge(config.hidden), features),
    }
