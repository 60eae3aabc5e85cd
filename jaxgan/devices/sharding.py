"""One mesh from a laptop to a pod: axes `data` and `fsdp`, jit with NamedSharding.

The batch is sharded over both axes. Parameters, optimiser state and averages are sharded over
`fsdp`, each leaf along its last axis whose size is divisible: for a kernel that is its output
channels. Vectors and small leaves are replicated; with fsdp = 1 all leaves are. The weights of a
step are gathered once, around the player's transform.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any, TypeGuard

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental.mesh_utils import create_hybrid_device_mesh
from jax.sharding import AxisType, Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

from jaxgan.game.transforms import ParamTransform

PyTree = Any
AXES = ("data", "fsdp")
# Smaller leaves (in elements) are replicated: gathering them costs more than their memory.
SMALL = 2**14


def create_mesh(fsdp: int = 1, devices: list | None = None) -> Mesh:
    """Return a (data, fsdp) mesh over all devices of all processes.

    Several TPU slices, which a slower network connects, follow each other along `data`: parameters
    are sharded and gathered within a slice.

    Raises:
      ValueError: fsdp does not divide the number of devices (of a slice).
    """
    devices = jax.devices() if devices is None else devices
    slices = len({getattr(device, "slice_index", 0) for device in devices})
    count = len(devices) // slices
    if fsdp < 1 or count % fsdp:
        raise ValueError(
            f"mesh.fsdp = {fsdp} does not divide the {count} devices"
            f"{' of a slice' if slices > 1 else ''}: write one of "
            f"{', '.join(str(n) for n in range(1, count + 1) if count % n == 0)}"
        )
    types = (AxisType.Auto,) * 2
    if slices == 1:
        return jax.make_mesh((count // fsdp, fsdp), AXES, axis_types=types, devices=devices)
    placed = create_hybrid_device_mesh((count // fsdp, fsdp), (slices, 1), devices)
    return Mesh(placed, AXES, axis_types=types)


def replicated(mesh: Mesh) -> NamedSharding:
    """Return the sharding of an array that every device holds completely."""
    return NamedSharding(mesh, P())


def rows(mesh: Mesh, leading: int = 0) -> NamedSharding:
    """Return the sharding of an array whose axis number `leading` is the batch."""
    return NamedSharding(mesh, P(*(None,) * leading, AXES))


def leaf_sharding(mesh: Mesh, leaf: jax.Array | jax.ShapeDtypeStruct) -> NamedSharding:
    """Return the sharding of one leaf of the state."""
    fsdp = mesh.shape["fsdp"]
    axes = [i for i, n in enumerate(leaf.shape) if n % fsdp == 0]
    if fsdp == 1 or leaf.ndim < 2 or math.prod(leaf.shape) < SMALL or not axes:
        return replicated(mesh)
    return NamedSharding(mesh, P(*(None,) * axes[-1], "fsdp"))


def tree_shardings(mesh: Mesh, tree: PyTree) -> PyTree:
    """Return the sharding of every leaf of a state (arrays or shapes)."""
    return jax.tree.map(lambda leaf: leaf_sharding(mesh, leaf), tree)


def replicate(mesh: Mesh, value: jax.Array) -> jax.Array:
    """Constrain a value to be replicated, inside jit."""
    return jax.lax.with_sharding_constraint(value, replicated(mesh))


def is_split(mesh: Mesh | None) -> TypeGuard[Mesh]:
    """Return whether parameters are sharded over devices."""
    return mesh is not None and mesh.shape["fsdp"] > 1


def whole(mesh: Mesh | None) -> Callable[[jax.Array], jax.Array]:
    """Return a function that keeps a value replicated where parameters are sharded; else
    jnp.asarray."""
    return partial(replicate, mesh) if is_split(mesh) else jnp.asarray


def on_replicated(mesh: Mesh, transform: ParamTransform) -> ParamTransform:
    """Return a transform of sharded parameters: they are gathered before, gradients sharded after.

    The state is the wrapped transform's own, so that a run's state is the same on every mesh.
    """

    def apply(params: PyTree, state: PyTree) -> tuple[PyTree, PyTree]:
        gathered = jax.tree.map(partial(_gathered, mesh), params)
        weights, state = transform.apply(gathered, state)
        return jax.tree.map(partial(_split_backwards, mesh), weights), state

    return ParamTransform(transform.init, apply)


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _gathered(mesh: Mesh, leaf: jax.Array) -> jax.Array:
    """Gather a parameter; its gradient stays sharded."""
    return replicate(mesh, leaf)


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _split_backwards(mesh: Mesh, leaf: jax.Array) -> jax.Array:
    """Leave a weight as it is, and shard its gradient."""
    return leaf


def _split(mesh: Mesh, _, grad: jax.Array) -> tuple[jax.Array]:
    return (jax.lax.with_sharding_constraint(grad, leaf_sharding(mesh, grad)),)


def _sum_and_split(mesh: Mesh, _, grad: jax.Array) -> tuple[jax.Array]:
    # Summed unsharded, then cut (TPU compilers fuse both to one reduce-scatter). If shards were
    # asked for at once, XLA would shard the backward pass's activations along channels instead.
    return _split(mesh, None, replicate(mesh, grad))


_gathered.defvjp(lambda mesh, leaf: (replicate(mesh, leaf), None), _split)
_split_backwards.defvjp(lambda mesh, leaf: (leaf, None), _sum_and_split)


def local_rows(mesh: Mesh, batch: int) -> np.ndarray:
    """Return the indices of the rows of a global batch that this process holds, in order."""
    indices = rows(mesh).addressable_devices_indices_map((batch,)).values()
    return np.unique(np.concatenate([np.arange(batch)[index] for index in indices]))


def global_batch(mesh: Mesh, local: PyTree, batch: int) -> PyTree:
    """Join every process's rows, leaves [batches, microbatches, local rows, ...], into global
    arrays."""

    def join(x: np.ndarray) -> jax.Array:
        shape = (*x.shape[:2], batch, *x.shape[3:])
        return jax.make_array_from_process_local_data(rows(mesh, 2), x, shape)

    return jax.tree.map(join, local)
