"""Media of one array and one label: images, clips, volumes, waves, tunes."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.media.decode import Features, decode_record
from jaxgan.media.medium import Batch, Label, Spec


def labelled(shape: tuple[int, ...], dtype: Any, num_classes: int) -> tuple[Batch, Spec]:
    """Return `stored` and `spec` of a medium of labelled arrays: stored as dtype, seen as
    float32."""
    stored = Batch(jax.ShapeDtypeStruct(shape, dtype), jax.ShapeDtypeStruct((), jnp.int32))
    return stored, Spec(jax.ShapeDtypeStruct(shape, jnp.float32), Label(num_classes))


def decode(record: Any, features: Features) -> Batch:
    """Return the array and the label of one record of a data set with these features."""
    data, label = record[:2]
    return Batch(decode_record(data, features), np.int32(label))
