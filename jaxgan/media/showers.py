"""Showers: the energy that a particle leaves in three layers of a calorimeter (CaloGAN,
  1705.02355).

sample     Layers: energies in the cells of [3, 96], [12, 12] and [12, 6], in GeV, 0 or more
condition  the energy of the particle in GeV, from 1 to 100: the cells together cannot hold more

A data set of `jaxgan prepare FILE TARGET --showers` holds a shower as an array [505, 4] uint8, the
bytes of 505 little-endian float32: the cells of the layers row by row, then the energy. For
generated showers the energy is drawn from U(1, 100), as in the authors' code.

A picture shows the layers from left to right, brightness by the logarithm of the energy from 1e-4
to 1e2 GeV, no energy black; the file of a sample is an .npz with layer_0, layer_1, layer_2.
"""

import io
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from jaxgan.files.atomic import write_bytes
from jaxgan.media.decode import Features, decode_record
from jaxgan.media.images import distances as array_distances
from jaxgan.media.medium import Batch, Medium, Number, Spec

SHAPES = ((3, 96), (12, 12), (12, 6))
CELLS = sum(rows * columns for rows, columns in SHAPES)
SIZE = (CELLS + 1,)
NOUN = "showers"
ENERGIES = Number(1.0, 100.0)  # GeV
AUGMENTS = ()
READS = ("showers",)
PREPARE = "jaxgan prepare FILE TARGET --showers"
DARK, BRIGHT, GAP = -4.0, 2.0, 2  # log10 of GeV; pixels between the layers


class Layers(NamedTuple):
    """Energies in GeV, each [..., *SHAPES[i]] float32."""

    layer_0: Any
    layer_1: Any
    layer_2: Any


def assumed(config: ConfigDict, channels: int, classes: int) -> dict[str, Any]:
    """Return what every data set of showers has."""
    return {"channels": 4, "bits": 8, "class_names": ("showers",)}


def medium(data: ConfigDict) -> Medium:
    """Return the medium of a resolved config's section `data`, on which nothing depends here."""
    return showers()


def showers() -> Medium:
    """Return the medium of showers."""
    layers = Layers(*(jax.ShapeDtypeStruct(shape, jnp.float32) for shape in SHAPES))
    return Medium(
        stored=Batch(layers, jax.ShapeDtypeStruct((), jnp.float32)),
        spec=Spec(layers, ENERGIES),
        decode=decode,
        to_float=lambda batch: batch,
        to_stored=to_stored,
        augment=lambda keys, batch: batch,
        suffix=".npz",
        write=write,
        distances=distances,
        pictures=views,
    )


def encoded(layers: Layers, energies: np.ndarray) -> np.ndarray:
    """Return showers with leaves [n, ...] as they are stored: [n, 505, 4] uint8."""
    flat = [np.asarray(x).reshape(len(energies), -1) for x in (*layers, energies)]
    little = np.ascontiguousarray(np.concatenate(flat, 1), "<f4")
    return little.view(np.uint8).reshape(len(energies), CELLS + 1, 4)


def decode(record: Any, features: Features) -> Batch:
    """Return the layers and the energy of one record."""
    numbers = decode_record(record[0], features).reshape(-1).view("<f4").astype(np.float32)
    ends = np.cumsum([rows * columns for rows, columns in SHAPES])
    parts = np.split(numbers, ends)
    layers = (x.reshape(shape) for x, shape in zip(parts, SHAPES, strict=False))
    return Batch(Layers(*layers), parts[-1].reshape(()))


def to_stored(samples: Layers) -> Layers:
    """Return layers without negative energies. Raises ValueError for NumPy ones that are not
    finite."""
    for name, layer in samples._asdict().items():
        if isinstance(layer, np.ndarray) and not np.isfinite(layer).all():
            raise ValueError(
                f"{name} of generated showers is not finite: the generator's weights are damaged, "
                "or its training has diverged"
            )
    return jax.tree.map(lambda x: x.clip(0.0), samples)


def distances(samples: Layers, groups: int) -> jax.Array:
    """Return the root mean square difference of all cells, [groups, n, n]."""
    flat = [x.reshape(x.shape[0], -1) for x in samples]
    return array_distances(jnp.concatenate(flat, -1), groups)


def views(samples: Layers) -> np.ndarray:
    """Return a picture of each shower, leaves [n, ...]: [n, 48, width, 1] uint8."""
    found = []
    for layer in samples:
        bright = (np.log10(np.maximum(layer, 1e-9)) - DARK) / (BRIGHT - DARK)
        gray = np.where(layer > 0, np.clip(16 + 239 * bright, 16, 255), 0).round()
        # All layers in their true proportions: cells of the first layer are long and thin.
        rows, columns = 48 // layer.shape[1], 96 // layer.shape[2] // 2
        found += [
            gray.repeat(rows, 1).repeat(max(columns, 1), 2),
            np.full((len(gray), 48, GAP), 96),
        ]
    return np.concatenate(found[:-1], 2)[..., None].astype(np.uint8)


def write(path: Path, shower: Layers) -> None:
    """Write one shower as an .npz."""
    file = io.BytesIO()
    first, second, third = shower
    np.savez_compressed(file, layer_0=first, layer_1=second, layer_2=third)
    write_bytes(path, file.getvalue())
