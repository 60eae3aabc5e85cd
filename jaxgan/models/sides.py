"""From Linen modules to the sides of a game: pure functions of weights and inputs, by name."""

from collections.abc import Callable, Iterable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.game.game import Label, Side, Spec

PyTree = Any


def linen(
    module: nn.Module, *inputs: PyTree, calls: Iterable[str] = (), features: str = ""
) -> Side:
    """Return a module as a side.

    Args:
      module: its `__call__` is the call "call".
      inputs: specs of what `__call__` takes, without the batch axis.
      calls: names of its other methods that objectives may use.
      features: the method that sows "features" [b, ...]; it becomes the call "features", which
        takes the method's inputs and returns [b, n] float32.
    """

    def init(key: jax.Array) -> PyTree:
        zeros = [jax.tree.map(lambda x: jnp.zeros((2, *x.shape), x.dtype), tree) for tree in inputs]
        return module.init(key, *zeros, mutable=["params"])["params"]

    methods = {"call": "__call__", **{name: name for name in calls}}
    functions = {name: _applied(module, method) for name, method in methods.items()}
    if features:
        methods["features"] = features
        functions["features"] = _sown_features(module, features)

    def moments(name: str, variables: PyTree, *inputs: PyTree) -> PyTree:
        method, found = methods[name], ["batch_stats"]
        return module.apply(variables, *inputs, method=method, mutable=found)[1].get(found[0], {})

    return Side(init, functions, moments, module)


def _applied(module: nn.Module, method: str) -> Callable:
    return lambda variables, *inputs: module.apply(variables, *inputs, method=method)


def _sown_features(module: nn.Module, method: str) -> Callable:
    def features(variables: PyTree, *inputs: PyTree) -> jax.Array:
        _, seen = module.apply(variables, *inputs, method=method, mutable=["intermediates"])
        leaves = jax.tree_util.tree_leaves_with_path(seen)
        found = [x for path, x in leaves if any(getattr(k, "key", "") == "features" for k in path)]
        return found[-1].reshape(len(found[-1]), -1).astype(jnp.float32)

    return features


def image_shape(spec: Spec) -> tuple[int, int, int]:
    """Return (height, width, channels) if samples are images; raise ValueError if not."""
    shape = getattr(spec.sample, "shape", ())
    if len(shape) != 3:
        raise ValueError(
            f"model.name: this network makes images [height, width, channels], but the data are "
            f"{spec.sample}: write a model for them"
        )
    return shape


def source_shape(spec: Spec) -> tuple[int, int, int]:
    """Return (height, width, channels) if conditions are images; raise ValueError if not."""
    shape = getattr(spec.condition, "shape", ())
    if len(shape) != 3:
        raise ValueError(
            "model.name: this network translates images, but the data come with "
            f"{spec.condition}: write data.medium = 'pairs', or another model"
        )
    return shape


def text_dim(spec: Spec) -> int:
    """Return the length of the text vectors if conditions are those; raise ValueError if not."""
    shape = getattr(spec.condition, "shape", ())
    if len(shape) != 1:
        raise ValueError(
            "model.name: this network draws captions, but the data come with "
            f"{spec.condition}: write data.medium = 'captions', or another model"
        )
    return shape[0]


def num_classes(spec: Spec) -> int:
    """Return the number of classes if conditions are labels; raise ValueError if not."""
    if not isinstance(spec.condition, Label):
        raise ValueError(
            "model.name: this network is conditioned on a label, but the data come with "
            f"{spec.condition}: write a model for them"
        )
    return spec.condition.num_classes


def sample_shape(spec: Spec, what: str, rank: int) -> tuple[int, ...]:
    """Return the shape of the samples if it has `rank` axes; raise ValueError if not.

    what: the samples that the network makes, such as "waves [time, channels]".
    """
    shape = getattr(spec.sample, "shape", ())
    if len(shape) != rank:
        raise ValueError(
            f"model.name: this network makes {what}, but the data are "
            f"{list(shape) or spec.sample}: write another data.medium, or another model"
        )
    return shape
