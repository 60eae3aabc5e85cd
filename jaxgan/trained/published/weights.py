"""Weights of one or both networks in one .safetensors file, raw, with all that training needs.

Arrays are named ROLE/PART/PATH, with the role "generator" or "discriminator", the path of a leaf in
jaxgan's parameter tree, and the parts

    params     the raw parameters
    u          left singular vectors [out] of spectral norm
    v          right ones [in], if the publisher divides by u^T W v without another iteration
    mean, var  standing statistics [n, channels] of each batch norm, a row per truncation

The metadata hold the config and the truncations of these rows (infinity: none).
"""

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
from flax.traverse_util import unflatten_dict
from ml_collections import ConfigDict

from jaxgan.config_json import config_from, values_from
from jaxgan.files.tensors import read_tensors, write_tensors
from jaxgan.game.transforms import as_matrix, power_iteration
from jaxgan.trained.generator import TrainedGenerator

PyTree = Any
FORMAT = "jaxgan weights 1"
ROLES = ("generator", "discriminator")


@dataclasses.dataclass(frozen=True)
class Weights:
    """See the module. notes: what was left out when the weights were imported."""

    config: ConfigDict
    arrays: dict[str, np.ndarray]
    truncations: tuple[float, ...] = ()
    notes: tuple[str, ...] = ()

    def part(self, role: str, part: str) -> dict[str, np.ndarray]:
        """Return {path: array} of a network's part; {} if there is none."""
        start = f"{role}/{part}/"
        found = {n: x for n, x in self.arrays.items() if n.startswith(start)}
        return {name.removeprefix(start): x for name, x in found.items()}


def save(weights: Weights, path: str | Path) -> None:
    """Write weights to `path`, atomically."""
    metadata = {
        "format": FORMAT,
        "config": json.dumps(weights.config.to_dict()),
        "truncations": json.dumps(weights.truncations),
        "notes": json.dumps(weights.notes),
    }
    write_tensors(Path(path), weights.arrays, metadata)


def is_weights(path: Path) -> bool:
    """Return whether a file was written by `save`."""
    return read_tensors(path)[1].get("format") == FORMAT


def load(path: str | Path) -> Weights:
    """Read what `save` wrote. Raises FileNotFoundError, or ValueError for another file."""
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; write one that was imported")
    arrays, metadata = read_tensors(path)
    if metadata.get("format") != FORMAT:
        raise ValueError(f"{path} holds no imported weights of jaxgan: import it first")
    config = config_from(metadata["config"])
    truncations, notes = (values_from(metadata[name]) for name in ("truncations", "notes"))
    return Weights(config, arrays, truncations, notes)


def normalised(weights: Weights, role: str) -> PyTree:
    """Return the weights that the network of a role is applied with: parameters after spectral
    norm.

    Raises ValueError if there is no such network.
    """
    params = weights.part(role, "params")
    if not params:
        raise ValueError(f"no {role} among these weights: import a file that holds one")
    v = weights.part(role, "v")
    for path, u in weights.part(role, "u").items():
        matrix = as_matrix(path, params[path])
        if path in v:
            left, right = np.asarray(v[path], np.float64), np.asarray(u, np.float64)
            sigma = left @ matrix.astype(np.float64) @ right
        else:
            sigma, _ = power_iteration(jnp.asarray(matrix), jnp.asarray(u))
        params[path] = params[path] / np.float32(sigma)
    return unflatten_dict(params, sep="/")


def statistics(weights: Weights) -> dict[float, PyTree] | None:
    """Return the generator's {truncation: `batch_stats`}, 0 meaning none; None if there are none.

    A row for truncation zero, where all latents are equal, stays in the file but is not returned.
    """
    tables = {
        f"{path}/{part}": table
        for part in ("mean", "var")
        for path, table in weights.part("generator", part).items()
    }
    return {
        0.0 if math.isinf(t) else t: unflatten_dict({p: x[i] for p, x in tables.items()}, sep="/")
        for i, t in enumerate(weights.truncations)
        if t
    } or None


def generator(weights: Weights, stored: bool = True) -> TrainedGenerator:
    """Return the generator to sample from.

    Args:
      stored: use the statistics that came with the weights, if any; otherwise they are computed for
        each truncation as needed.
    """
    known = statistics(weights) if stored else None
    return TrainedGenerator(weights.config, normalised(weights, "generator"), known)
