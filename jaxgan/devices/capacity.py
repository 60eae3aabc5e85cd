"""What a device can hold: a training that cannot fit is refused before any memory is allocated."""

import math
import os
from typing import Any

import jax
import jax.numpy as jnp

PyTree = Any


def limit() -> int:
    """Return the memory of one local device in bytes; CPU devices share the machine's memory
    equally."""
    own = (jax.local_devices()[0].memory_stats() or {}).get("bytes_limit")
    if own is not None:
        return own
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // jax.local_device_count()


def bytes_of(leaf: jax.ShapeDtypeStruct) -> int:
    """Return the bytes of an array, summed over all devices."""
    return math.prod(leaf.shape) * _width(leaf)


def refuse_too_large(tree: PyTree) -> None:
    """Raise ValueError if arrays, given by shape and sharding, alone exceed the memory of a
    device."""
    needed = sum(
        math.prod(leaf.sharding.shard_shape(leaf.shape)) * _width(leaf)
        for leaf in jax.tree.leaves(tree)
    )
    if needed > limit():
        raise ValueError(
            f"networks, optimizers and one batch take {needed / 2**30:,.1f} GiB of each device, "
            f"which has {limit() / 2**30:,.1f}: write a smaller model.width, data.size or "
            "train.batch, or a larger mesh.fsdp"
        )


def _width(leaf: jax.ShapeDtypeStruct) -> int:
    return 8 if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key) else leaf.dtype.itemsize
