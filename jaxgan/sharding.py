"""One mesh from a laptop to a pod: axes `data` and `fsdp`, jit with NamedSharding.

The batch is split over both axes. Parameters, optimiser state and averages are split over `fsdp`
along each leaf's last axis that divides: a kernel's outputs (vectors and small
leaves are replicated); with
fsdp 1 all are replicated. The weights of a step are gathered once, in a parameter transform.
"""

import math
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

from jaxgan.transforms import ParamTransform

PyTree = Any
AXES = ("data", "fsdp")
# Leaves below this many elements are replicated: gathering them costs more than they take.
SMALL = 2**14


def create_mesh(fsdp: int = 1, devices: list | None = None) -> Mesh:
    """Return a (data, fsdp) mesh over all devices of all processes."""
    devices = jax.devices() if devices is None else devices
    if fsdp < 1 or len(devices) % fsdp:
        raise ValueError(
            f"mesh.fsdp = {fsdp} does not divide the {len(devices)} devices: write one of "
            f"{', '.join(str(n) for n in range(1, len(devices) + 1) if len(devices) % n == 0)}"
        )
    shape = (len(devices) // fsdp, fsdp)
    return jax.make_mesh(shape, AXES, axis_types=(AxisType.Auto,) * 2, devices=devices)


def replicated(mesh: Mesh) -> NamedSharding:
    return NamedSharding(mesh, P())


def rows(mesh: Mesh, leading: int = 0) -> NamedSharding:
    """Return the sharding of an array whose axis number `leading` is the batch."""
    return NamedSharding(mesh, P(*(None,) * leading, AXES))


def leaf_sharding(mesh: Mesh, leaf: jax.ShapeDtypeStruct) -> NamedSharding:
    """Return how one leaf of the state is split."""
    fsdp = mesh.shape["fsdp"]
    axes = [i for i, n in enumerate(leaf.shape) if n % fsdp == 0]
    if fsdp == 1 or leaf.ndim < 2 or math.prod(leaf.shape) < SMALL or not axes:
        return replicated(mesh)
    return NamedSharding(mesh, P(*(None,) * axes[-1], "fsdp"))


def tree_shardings(mesh: Mesh, tree: PyTree) -> PyTree:
    """Return the sharding of every leaf of a state (arrays or shapes)."""
    return jax.tree.map(lambda leaf: leaf_sharding(mesh, leaf), tree)


def whole(mesh: Mesh, value: jax.Array) -> jax.Array:
    """Ask for a value on every device."""
    return jax.lax.with_sharding_constraint(value, replicated(mesh))


def gather(mesh: Mesh) -> ParamTransform:
    """Return the transform that makes split parameters whole; their gradients stay split."""

    @jax.custom_vjp
    def gathered(leaf: jax.Array) -> jax.Array:
        return whole(mesh, leaf)

    def split(_, grad: jax.Array) -> tuple[jax.Array]:
        return (jax.lax.with_sharding_constraint(grad, leaf_sharding(mesh, grad)),)

    gathered.defvjp(lambda leaf: (whole(mesh, leaf), None), split)
    return _leafwise(gathered)


def split_gradients(mesh: Mesh) -> ParamTransform:
    """Return the transform that leaves weights as they are and splits their gradients."""

    @jax.custom_vjp
    def same(leaf: jax.Array) -> jax.Array:
        return leaf

    def split(_, grad: jax.Array) -> tuple[jax.Array]:
        # Summed whole, then cut (TPU compilers make one reduce-scatter of it): asked for shards at
        # once, the partitioner cuts the backward pass's activations along channels instead.
        grad = whole(mesh, grad)
        return (jax.lax.with_sharding_constraint(grad, leaf_sharding(mesh, grad)),)

    same.defvjp(lambda leaf: (leaf, None), split)
    return _leafwise(same)


def _leafwise(function: Callable[[jax.Array], jax.Array]) -> ParamTransform:
    return ParamTransform(
        init=lambda params, key: (),
        apply=lambda params, state: (jax.tree.map(function, params), state),
    )


def local_rows(mesh: Mesh, batch: int) -> np.ndarray:
    """Return which rows of a global batch this process holds, in order."""
    indices = rows(mesh).addressable_devices_indices_map((batch,)).values()
    return np.unique(np.concatenate([np.arange(batch)[index] for index in indices]))


def global_batch(mesh: Mesh, local: dict[str, np.ndarray], batch: int) -> dict[str, jax.Array]:
    """Join every process's rows [num_d_steps, microbatches, local rows, ...] to one array."""

    def join(x: np.ndarray) -> jax.Array:
        shape = (*x.shape[:2], batch, *x.shape[3:])
        return jax.make_array_from_process_local_data(rows(mesh, 2), x, shape)

    return jax.tree.map(join, local)
