"""Regularisers and constraints of parameters, as optax transformations.

Orthogonal regularisation (BigGAN, arXiv 1809.11096):

    R(W) = strength * || W W^T * (1 - I) ||_F^2,    grad R = 4 strength (W W^T * (1 - I)) W

with one row of W per output: it pushes filters apart and leaves their norms free. Its gradient, at
the raw parameters, is added to the loss's gradient before Adam. The authors' PyTorch code adds half
of it: its 1e-4 is a strength of 5e-5 here.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax

from jaxgan.game.transforms import as_matrix

PyTree = Any


def orthogonal_gradient(
    matrix: jax.Array, replicate: Callable[[jax.Array], jax.Array] = jnp.asarray
) -> jax.Array:
    """Return the gradient of || M^T M * (1 - I) ||^2 with respect to M [inputs, outputs].

    It is 4 M (M^T M * (1 - I)) or, if M has more columns than rows, so that M M^T is the smaller
    Gram matrix, 4 ((M M^T) M - M diag(|m_j|^2)). For BigGAN-128's first layer M M^T is 20 x 20;
    M^T M would be 24576 x 24576 (2.25 GiB). The first form subtracts no nearly equal numbers: even
    on a chip that rounds products to bfloat16, the filters' norms do not enter.

    replicate: keeps a value on every device of a mesh (sharding.replicate). A device that holds
    some of the columns then computes their part of the gradient, and only M is communicated.
    """
    inputs, outputs = matrix.shape
    left = replicate(matrix)
    if inputs < outputs:
        return 4.0 * ((left @ left.T) @ matrix - matrix * (matrix * matrix).sum(0, keepdims=True))
    return 4.0 * (left @ ((left.T @ matrix) * (1.0 - jnp.eye(outputs))))


def orthogonal_regularization(
    strength: float, replicate: Callable[[jax.Array], jax.Array] = jnp.asarray
) -> optax.GradientTransformation:
    """Add the gradient of R for every leaf with two or more axes, except the shared class
    embedding, an encoder beside the generator, and the gains of weight norm, which are lengths.

    strength: as in R above. replicate: as in orthogonal_gradient.
    """

    def update(updates: PyTree, state: PyTree, params: PyTree = None) -> tuple[PyTree, PyTree]:
        def add(path: Any, grad: jax.Array, param: jax.Array) -> jax.Array:
            name = jax.tree_util.keystr(path, simple=True, separator="/")
            left_out = "shared_embedding" in name or name.startswith("encoder/")
            if param.ndim < 2 or left_out or name.endswith("gain"):
                return grad
            extra = orthogonal_gradient(as_matrix(name, param), replicate)
            extra = extra.T if name.endswith("embedding") else extra.reshape(param.shape)
            return grad + strength * extra

        return jax.tree_util.tree_map_with_path(add, updates, params), state

    return optax.GradientTransformation(lambda params: optax.EmptyState(), update)


def clip_weights(limit: float) -> optax.GradientTransformation:
    """Clip every parameter to [-limit, limit] after its update (Wasserstein GAN, arXiv 1701.07875),
    except `progress`, which says how far a network has grown (transforms.growth).

    Put it last in the chain.
    """

    def update(updates: PyTree, state: PyTree, params: PyTree = None) -> tuple[PyTree, PyTree]:
        def clip(path: tuple, update: jax.Array, param: jax.Array) -> jax.Array:
            if jax.tree_util.keystr(path, simple=True, separator="/") == "progress":
                return update
            return jnp.clip(param + update, -limit, limit) - param

        return jax.tree_util.tree_map_with_path(clip, updates, params), state

    return optax.GradientTransformation(lambda params: optax.EmptyState(), update)


def freeze(prefixes: tuple[str, ...]) -> optax.GradientTransformation:
    """Freeze the parameters at or below some paths, such as "trunk/block_1" (FreezeD, arXiv
    2002.10964).

    A prefix matches whole parts of a path: block_1 does not match block_10. Put it last in the
    chain. Raises ValueError for a prefix that no parameter has.
    """
    within = lambda name, prefix: f"{name}/".startswith(prefix.rstrip("/") + "/")

    def init(params: PyTree) -> PyTree:
        names = [
            jax.tree_util.keystr(path, simple=True, separator="/")
            for path, _ in jax.tree_util.tree_flatten_with_path(params)[0]
        ]
        for prefix in prefixes:
            if not any(within(name, prefix) for name in names):
                parts = sorted({"/".join(name.split("/")[:2]) for name in names})
                raise ValueError(
                    f"freeze has {prefix!r}, no path here: write some of {', '.join(parts)}"
                )
        return optax.EmptyState()

    def update(updates: PyTree, state: PyTree, params: PyTree = None) -> tuple[PyTree, PyTree]:
        def hold(path: tuple, update: jax.Array) -> jax.Array:
            name = jax.tree_util.keystr(path, simple=True, separator="/")
            held = any(within(name, prefix) for prefix in prefixes)
            return jnp.zeros_like(update) if held else update

        return jax.tree_util.tree_map_with_path(hold, updates), state

    return optax.GradientTransformation(init, update)
