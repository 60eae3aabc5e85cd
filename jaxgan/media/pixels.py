"""Pixels: stored integers and the floats that networks see.

A stored integer v of b bits stands for v / (max / 2) - 1 with max = 2^b - 1: 0 is -1, and 255
(65535) is 1 exactly.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.media.finite import refuse_not_finite

DTYPES = {8: np.uint8, 16: np.uint16}


def to_float(images: Any) -> Any:
    """Map stored integers to [-1, 1]: x / (max / 2) - 1; NumPy or JAX arrays.

    Args:
      images: uint8 or uint16 of any shape.

    Returns:
      float32 of the same shape; 0 becomes -1 and 255 (65535) becomes 1 exactly.
    """
    if images.dtype not in (jnp.uint8, jnp.uint16):
        raise ValueError(f"images are {images.dtype}; give uint8 or uint16")
    half = jnp.iinfo(images.dtype).max / 2
    return images.astype(jnp.float32) / half - 1.0


def to_stored(images: Any, bits: int = 8) -> Any:
    """Map [-1, 1] to 0 .. 2^bits - 1, clipped and rounded to the nearest; NumPy or JAX arrays.

    Raises ValueError for NumPy images that are not finite; it names the first one.
    """
    refuse_not_finite(images, "image")
    xp = jnp if isinstance(images, jax.Array) else np
    half = np.float32((2**bits - 1) / 2)
    return xp.round((xp.clip(images, -1.0, 1.0) + 1.0) * half).astype(DTYPES[bits])


def shown(images: np.ndarray) -> np.ndarray:
    """Return stored images in 8 bits, for display: a uint16 v becomes v / 257, rounded."""
    if images.dtype == np.uint8:
        return images
    return ((images.astype(np.uint32) + 128) // 257).astype(np.uint8)
