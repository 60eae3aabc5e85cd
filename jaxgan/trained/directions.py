"""Directions in the latent space along which images change most, found without labels.

factorised   closed form (SeFa, arXiv 2007.06600). The first layer that sees the latents is affine
             in them, h = A z + b, so the unit direction that moves h most is the eigenvector of
             A^T A with the largest eigenvalue. A is measured on the network: f(e_i) - f(0).
principal    principal components of a layer's activations over samples; the direction of a
             component is the regression of the latents on its coordinate (GANSpace, arXiv
             2004.02546). In the paper the layer is the first linear one, for which this equals
             `factorised` up to sampling; the first block, the default here, captures more.

With split latents (BigGAN), the first layer sees only one chunk, the coarsest. `layer` names
another part of the network, whose linear layers are combined. Combining all layers of the network
shows little, since the many layers of the middle scales outweigh the first.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax.traverse_util import flatten_dict
from ml_collections import ConfigDict

from jaxgan.devices import compiler
from jaxgan.files.arrays import write_npz
from jaxgan.files.atomic import check_output
from jaxgan.media.pictures import refuse_suffix, save_picture
from jaxgan.models.layers import Dense
from jaxgan.trained.generator import TrainedGenerator
from jaxgan.trained.load import load_generator
from jaxgan.trained.sample.sheets import Row, name_of, sheet

PyTree = Any
METHODS = ("factorised", "principal")


class Directions(NamedTuple):
    """The strongest directions.

    vectors: [k, latent_dim] float32, unit norm, the strongest first. strengths: [k], the share of
      each in the total squared effect (factorised) or variance (principal).
    """

    vectors: np.ndarray
    strengths: np.ndarray


def factorised(g: TrainedGenerator, count: int, layer: str = "") -> Directions:
    """Return the `count` strongest directions from the weights of the first layer, or of `layer`.

    Raises ValueError for a network whose layer is not affine in the latents.
    """
    matrix = first_layer(g, layer)
    values, vectors = np.linalg.eigh(matrix.T @ matrix)
    order = np.argsort(values)[::-1][:count]
    return Directions(_signed(vectors.T[order]), values[order] / values.sum())


def first_layer(g: TrainedGenerator, layer: str = "") -> np.ndarray:
    """Return A [outputs, latent_dim] float64 of the first linear layer that sees the latents.

    layer: name of a part of the generator; its linear layers are combined. Raises ValueError if no
    linear layer sees the latents, or if they are not affine in them.
    """
    d = g.latent_dim
    probe = g.latents([0])
    z = np.concatenate([np.zeros((1, d)), np.eye(d), probe]).astype(np.float32)
    found = _activations(g, z, lambda module: isinstance(module, Dense))
    chosen = [h.astype(np.float64) for path, h in found.items() if not layer or path[0] == layer]
    if layer and not chosen:
        known = list(dict.fromkeys(path[0] for path in found))
        raise ValueError(f"--layer={layer}: write one of {', '.join(known)}")
    seeing = [h for h in chosen if (h[1:-1] != h[0]).any()]
    if not seeing:
        raise ValueError(
            f"model {g.config.model.name!r}: no linear layer there sees the latents; write "
            "--method=principal"
        )
    outputs = np.concatenate(seeing if layer else seeing[:1], axis=1)
    bias, matrix, at_probe = outputs[0], (outputs[1:-1] - outputs[0]).T, outputs[-1]
    error = np.linalg.norm(matrix @ probe[0] + bias - at_probe)
    if error > 0.05 * np.linalg.norm(at_probe - bias):  # bfloat16 rounds by 0.01
        raise ValueError(
            f"model {g.config.model.name!r}: its linear layers are not affine in the latents; "
            "write --method=principal"
        )
    return matrix


def principal(
    g: TrainedGenerator, count: int, layer: str = "", samples: int = 512, seed: int = 0
) -> Directions:
    """Return the directions of the first `count` principal components of a layer's output.

    layer: name of a part of the generator; by default the second that sees the latents, such as
    block_0 of a BigGAN. samples: number of images, of random classes, at the config's truncation.
    """
    layer = layer or second_part(g)
    z, labels = g.draw(range(samples), seed)
    found = _activations(g, z, lambda module: module.path == (layer,), labels)
    if not found:
        raise ValueError(f"--layer={layer}: write one of {', '.join(parts(g))}")
    outputs = found[(layer,)]
    outputs = outputs.astype(np.float64) - outputs.mean(0, dtype=np.float64)
    values, coordinates = np.linalg.eigh(outputs @ outputs.T)  # of the Gram matrix: samples^2
    order = np.argsort(values)[::-1][:count]
    vectors = coordinates.T[order] @ (z - z.mean(0))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Directions(_signed(vectors), values[order] / values.sum())


def parts(g: TrainedGenerator) -> list[str]:
    """Return the names of the generator's parts whose output depends on the latents, in order."""
    found = _activations(g, g.latents([0, 1]), lambda module: len(module.path) == 1)
    return [path[0] for path, outputs in found.items() if (outputs[0] != outputs[1]).any()]


def second_part(g: TrainedGenerator) -> str:
    """Return the second part that sees the latents, or the only one."""
    found = parts(g)
    return found[min(1, len(found) - 1)]


def strips(
    g: TrainedGenerator,
    directions: Directions,
    label: int,
    seed: int,
    truncation: float,
    reach: float,
    columns: int,
) -> list[Row]:
    """Return one row per direction: one latent vector moved from -reach to reach along it."""
    z = g.latents([0], seed, truncation)
    moves = np.linspace(-reach, reach, columns).astype(np.float32)[:, None]
    return [
        Row(f"{name_of(g, label)} {i} ({share:.0%})", z + moves * vector, np.full(columns, label),
            truncation)
        for i, (vector, share) in enumerate(zip(*directions, strict=True))
    ]  # fmt: skip


def directions_command(
    model: Path,
    config: ConfigDict | None,
    output: Path,
    method: str,
    count: int,
    layer: str,
    label: str,
    seed: int,
    truncation: float | None,
    reach: float,
    force: bool,
) -> int:
    """Draw the strips of the strongest directions; return the exit code."""
    if method not in METHODS:
        raise ValueError(f"--method={method}: write one of {', '.join(METHODS)}")
    refuse_suffix(output)
    vectors = output.with_suffix(".npz")
    replaced = check_output(output)
    check_output(vectors, force=force)
    g = load_generator(model, config)
    if not 1 <= count <= g.latent_dim:
        raise ValueError(f"--count={count}: write a number from 1 to {g.latent_dim}")
    found = {"factorised": factorised, "principal": principal}[method](g, count, layer)
    rows = strips(g, found, g.class_id(label or 0), seed, g.truncation(truncation), reach, 9)
    save_picture(output, sheet(g, rows))
    arrays = {"vectors": found.vectors, "strengths": found.strengths}
    write_npz(vectors, arrays)
    print(f"{output}: {count} directions, strongest first; {vectors} holds them{replaced}")
    return 0


def _activations(
    g: TrainedGenerator, z: np.ndarray, wanted: Callable, labels: np.ndarray | None = None
) -> dict[tuple[str, ...], np.ndarray]:
    """Return {path: outputs [n, size] float32} of the wanted modules, in the order of the calls.

    Modules whose output is not a single array are left out.
    """
    order: dict[tuple[str, ...], None] = {}
    module = g.side.module
    assert module is not None

    def is_kept(module: Any, method: str) -> bool:
        if kept := method == "__call__" and wanted(module):
            order[module.path] = None
        return kept

    @compiler.jit
    def outputs(variables: PyTree, z: jax.Array, labels: jax.Array) -> dict[tuple, jax.Array]:
        # Only these outputs are computed: the compiler drops what they do not need.
        _, state = module.apply(
            variables, z, labels, capture_intermediates=is_kept, mutable=["intermediates"]
        )
        leaves = flatten_dict(dict(state).get("intermediates", {}))
        kept = {path: leaves.get((*path, "__call__"), (None,))[0] for path in order}
        arrays = {path: x for path, x in kept.items() if isinstance(x, jax.Array)}
        return {path: x.reshape(len(z), -1).astype(jnp.float32) for path, x in arrays.items()}

    labels = np.zeros(len(z), np.int32) if labels is None else labels
    found = outputs(g.variables(), z, labels)
    return {path: np.asarray(found[path]) for path in order if path in found}


def _signed(vectors: np.ndarray) -> np.ndarray:
    """Return vectors with a positive largest coordinate: the sign of an eigenvector is
    arbitrary."""
    largest = np.abs(vectors).argmax(1)
    return (vectors * np.sign(vectors[np.arange(len(vectors)), largest])[:, None]).astype(
        np.float32
    )
