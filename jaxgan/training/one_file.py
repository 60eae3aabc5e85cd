"""The state of several processes as one file, for processes that share no storage.

Orbax's processes all write to one folder, and wait until each of them sees it. If every machine has
only its own disk (a run in an object store, files/desk.py), process 0 writes the whole state:

    CHECKPOINT/state.safetensors    an array per leaf, named by its path; for a key, its data

A leaf that is sharded over processes is gathered for that, one leaf at a time. Each process then
reads what its devices hold, on any mesh.
"""

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import NamedSharding, PartitionSpec

from jaxgan.files.tensors import read_tensors, write_tensors

PyTree = Any
NAME = "state.safetensors"


def gathered(state: PyTree) -> dict[str, np.ndarray]:
    """Return {path: array} of a state in process 0, {} in others. All processes must call it."""
    found = {}
    for name, leaf in leaves(state).items():
        if is_key(leaf):
            leaf = jax.random.key_data(leaf)
        if isinstance(leaf, jax.Array) and not leaf.is_fully_replicated:
            assert isinstance(leaf.sharding, NamedSharding)
            leaf = jax.device_put(leaf, NamedSharding(leaf.sharding.mesh, PartitionSpec()))
        if jax.process_index() == 0:
            found[name] = np.asarray(leaf)
    return found


def write(checkpoint: Path, arrays: dict[str, np.ndarray]) -> None:
    """Write what `gathered` returned to a new checkpoint."""
    checkpoint.mkdir(parents=True, exist_ok=True)
    write_tensors(checkpoint / NAME, arrays, {})


def is_there(checkpoint: Path) -> bool:
    """Return whether a checkpoint was written as one file."""
    return (checkpoint / NAME).exists()


def read(checkpoint: Path, abstract: PyTree) -> PyTree:
    """Return a state, or a part of it, sharded as in `abstract`, a tree of jax.ShapeDtypeStruct.

    The checkpoint must hold its leaves, with these shapes and dtypes.
    """
    arrays = read_tensors(checkpoint / NAME)[0]

    def leaf(name: str, like: Any) -> jax.Array:
        array = arrays[name]
        placed = jax.make_array_from_callback(array.shape, like.sharding, array.__getitem__)
        return jax.random.wrap_key_data(placed) if is_key(like) else placed

    found = [leaf(name, like) for name, like in leaves(abstract).items()]
    return jax.tree.unflatten(jax.tree.structure(abstract), found)


def leaves(tree: PyTree) -> dict[str, Any]:
    """Return {path: leaf} of a tree, in the tree's order."""
    flat = jax.tree_util.tree_flatten_with_path(tree)[0]
    return {jax.tree_util.keystr(path, simple=True, separator="/"): leaf for path, leaf in flat}


def is_key(leaf: Any) -> bool:
    return jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
