"""Parameter transforms: what happens to the parameters on their way into a network.

    weights, transform_state = transform.apply(params, transform_state)

A transform is a pair of pure functions on the parameter tree, like an optimiser. It runs once per
optimiser step, however often the network is then applied, and gradients flow back through it.

Spectral norm (arXiv 1802.05957): W / sigma with sigma = u^T W v from one power iteration,
v = W^T u / |W^T u|, u = W v / |W v|. u and v are held constant, sigma is not: the gradient of the
loss by W is (A - <A, W / sigma> u v^T) / sigma, where A is its gradient by W / sigma. Only u is
kept. Rows of W are a kernel's output channels, or an embedding's rows.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from flax.traverse_util import flatten_dict, unflatten_dict

PyTree = Any
TINY = 1e-15  # its square is a float32 still
Leaf = TypeVar("Leaf", jax.Array, np.ndarray)


class TransformInit(Protocol):
    """The first half of a ParamTransform."""

    def __call__(self, params: PyTree, key: jax.Array, /) -> PyTree:
        """Return the transform's first state, drawn from `key`."""
        ...


class TransformApply(Protocol):
    """The second half of a ParamTransform: differentiable with respect to `params`."""

    def __call__(self, params: PyTree, transform_state: PyTree, /) -> tuple[PyTree, PyTree]:
        """Return the weights, a tree shaped like `params`, and the next state."""
        ...


class ParamTransform(NamedTuple):
    """What happens to a player's parameters before its networks are applied."""

    init: TransformInit
    apply: TransformApply


def identity() -> ParamTransform:
    """Return the transform that does nothing."""
    return ParamTransform(lambda params, key: (), lambda params, state: (params, state))


def chain(*transforms: ParamTransform) -> ParamTransform:
    """Apply transforms one after the other, first to last."""

    def init(params: PyTree, key: jax.Array) -> PyTree:
        keys = jax.random.split(key, len(transforms))
        return tuple(t.init(params, k) for t, k in zip(transforms, keys, strict=True))

    def apply(params: PyTree, states: PyTree) -> tuple[PyTree, PyTree]:
        new = []
        for transform, state in zip(transforms, states, strict=True):
            params, state = transform.apply(params, state)
            new.append(state)
        return params, tuple(new)

    return ParamTransform(init, apply)


def is_normalised(path: str, leaf: jax.Array) -> bool:
    """Return whether BigGAN normalises a leaf: every kernel and the discriminator's class
    embedding.

    Not the generator's embeddings: with spectral norm on them, it does not train (BigGAN's
    authors). Nor an encoder beside the generator (BigBiGAN's has batch norm).
    """
    chosen = path.endswith(("kernel", "projection/embedding")) and not path.startswith("encoder/")
    return leaf.ndim >= 2 and chosen


def as_matrix(path: str, leaf: Leaf) -> Leaf:
    """Return a leaf as [inputs, outputs]; outputs are output channels, or rows of an embedding."""
    return leaf.T if path.endswith("embedding") else leaf.reshape(-1, leaf.shape[-1])


def _unit(x: jax.Array) -> jax.Array:
    return x / jnp.maximum(jnp.linalg.norm(x), TINY)


def power_iteration(
    matrix: jax.Array,
    u: jax.Array,
    iterations: int = 1,
    replicate: Callable = jnp.asarray,
) -> tuple[jax.Array, jax.Array]:
    """Return an estimate of the largest singular value of a matrix [inputs, outputs], and the next
    u.

    Differentiable with respect to the matrix, with u and v held constant. After a matrix of zeros u
    is not zero, so that the iteration goes on once the matrix is trained. Computed in full float32
    even where the default precision of products is lower: they are only products with a vector.
    `replicate`: see spectral_norm.
    """
    with jax.default_matmul_precision("highest"):
        matrix = replicate(matrix)
        projected = u
        for _ in range(iterations):
            v = replicate(_unit(jax.lax.stop_gradient(matrix) @ u))
            projected = replicate(jax.lax.stop_gradient(v) @ matrix)
            # TINY is rounded away, except beside a matrix of zeros.
            u = replicate(jax.lax.stop_gradient(_unit(projected + TINY)))
        return projected @ u, u


def spectral_norm(
    eps: float = 1e-4,
    iterations: int = 1,
    is_normalised: Callable[[str, jax.Array], bool] = is_normalised,
    replicate: Callable[[jax.Array], jax.Array] = jnp.asarray,
) -> ParamTransform:
    """Divide each chosen leaf by its spectral norm. State: {path: u}, u [outputs] float32.

    eps: a leaf whose spectral norm is not above it stays as it is.
    replicate: keeps a value on every device of a mesh (sharding.replicate). Without it the compiler
    shards the vectors as it does the gradient, at the cost of small reductions and gathers in every
    layer.

    >>> params = {"kernel": jnp.diag(jnp.array([4.0, 2.0]))}
    >>> norm = spectral_norm(iterations=10)
    >>> weights, _ = norm.apply(params, norm.init(params, jax.random.key(0)))
    >>> weights["kernel"].round(3).tolist()
    [[1.0, 0.0], [0.0, 0.5]]
    """

    def init(params: PyTree, key: jax.Array) -> PyTree:
        chosen = {p: w for p, w in flatten_dict(params, sep="/").items() if is_normalised(p, w)}
        keys = jax.random.split(key, len(chosen))
        return {
            p: jax.random.normal(k, as_matrix(p, w).shape[1:])
            for k, (p, w) in zip(keys, sorted(chosen.items()), strict=True)
        }

    def apply(params: PyTree, us: PyTree) -> tuple[PyTree, PyTree]:
        flat, new = flatten_dict(params, sep="/"), {}
        for path, u in us.items():
            matrix = as_matrix(path, flat[path])
            sigma, new[path] = power_iteration(matrix, u, iterations, replicate)
            flat[path] = flat[path] / jnp.where(sigma > eps, sigma, 1.0)
        return unflatten_dict(flat, sep="/"), new

    return ParamTransform(init, apply)


def equalized(slow: str = "mapping", factor: float = 0.01) -> ParamTransform:
    """Equalise learning rates (arXiv 1710.10196): every kernel times He's sqrt(2 / inputs).

    Kernels are drawn from N(0, 1) and scaled to He's deviation here, at run time, so that an
    optimiser that normalises gradients moves all of them at the same relative speed. Leaves whose
    path starts with `slow` are also multiplied by `factor`: StyleGAN's mapping network (arXiv
    1812.04948), whose kernels are initialised larger by 1 / factor.

    >>> weights, _ = equalized().apply({"kernel": jnp.ones((8, 2))}, ())  # sqrt(2 / 8)
    >>> weights["kernel"][0].tolist()
    [0.5, 0.5]
    """

    def apply(params: PyTree, state: PyTree) -> tuple[PyTree, PyTree]:
        flat = flatten_dict(params, sep="/")
        for path, leaf in flat.items():
            if path.startswith(slow):
                flat[path] = flat[path] * factor
            if path.endswith("kernel"):
                inputs = math.prod(leaf.shape[:-1])
                flat[path] = flat[path] * math.sqrt(2.0 / inputs)
        return unflatten_dict(flat, sep="/"), state

    return ParamTransform(lambda params, key: (), apply)


def weight_norm() -> ParamTransform:
    """Split length from direction (arXiv 1602.07868): kernel = gain v / norm(v).

    v is the leaf `kernel`, and `gain` the leaf beside it, with as many axes. norm(v) is over the
    axes in which the gain has size 1: [1, 1, out] gives every output channel its own length, [1,
    in, 1] every input channel. Kernels without such a gain stay as they are; ValueError if none has
    one.

    >>> params = {"kernel": jnp.array([[3.0, 1.0], [4.0, 0.0]]), "gain": jnp.array([[2.5, 2.0]])}
    >>> weights, _ = weight_norm().apply(params, ())
    >>> bool(jnp.allclose(weights["kernel"], jnp.array([[1.5, 2.0], [2.0, 0.0]])))
    True
    """

    def apply(params: PyTree, state: PyTree) -> tuple[PyTree, PyTree]:
        flat, found = flatten_dict(params, sep="/"), False
        for path, v in flatten_dict(params, sep="/").items():
            gain = flat.get(f"{path.removesuffix('kernel')}gain")
            if path.endswith("kernel") and gain is not None and gain.ndim == v.ndim:
                axes = tuple(i for i, size in enumerate(gain.shape) if size == 1)
                squares = jnp.square(v).sum(axes, keepdims=True)
                flat[path], found = v * (gain * jax.lax.rsqrt(squares)), True
        if not found:
            raise ValueError("weight_norm = True: this model's kernels have no gains; write False")
        return unflatten_dict(flat, sep="/"), state

    return ParamTransform(lambda params, key: (), apply)


def growth(stage_images: float, images_a_step: int) -> ParamTransform:
    """Set the leaf `progress` of the parameters from the images seen (arXiv 1710.10196).

    Each resolution is trained for `stage_images`, then the next one fades in over as many, until
    the leaf's own value is reached. State: the number of the player's turns so far, each of
    `images_a_step` images. Raises ValueError if there is no such leaf.
    """

    def apply(params: PyTree, steps: jax.Array) -> tuple[PyTree, jax.Array]:
        if "progress" not in params:
            raise ValueError("growth.stage_images is set: this model does not grow; write 0")
        stages = steps.astype(jnp.float32) * (images_a_step / stage_images)
        grown = jnp.floor(stages / 2.0) + jnp.clip(stages % 2.0 - 1.0, 0.0, 1.0)
        return {**params, "progress": jnp.minimum(params["progress"], grown)}, steps + 1

    return ParamTransform(lambda params, key: jnp.zeros((), jnp.int32), apply)
