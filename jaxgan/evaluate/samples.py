"""Samples of a generator as `Images`: generated on the devices where the extractor reads them.

Image i depends on (seed, i), its class and the truncation; classes repeat cyclically, so that all
are equally frequent. Pixels are rounded as in a file; values that are not finite are refused
before.
"""

import dataclasses
import hashlib
import json
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh

from jaxgan.config.noun import noun
from jaxgan.data.order import fair_draw
from jaxgan.devices import compiler, sharding
from jaxgan.evaluate.images import Images
from jaxgan.game.seeds import checked_seed
from jaxgan.trained.generator import TrainedGenerator
from jaxgan.trained.translator import Translator


def samples(
    g: TrainedGenerator, count: int, seed: int, truncation: float | None, mesh: Mesh
) -> Images:
    """Return the images number 0 to count - 1 of a seed.

    Args:
      seed: in [0, 2**32).
      truncation: 0 for none; None for the config's. Standing statistics are those for it.
      mesh: where they are generated: rows are split over all its devices.
    """
    t = g.truncation(truncation)
    indices = np.arange(count)
    labels = cyclic_labels(count, len(g.class_names), checked_seed(seed))
    latents = g.latents(indices, seed, t)
    # Through the host: each process computed them for itself, but the mesh spans all processes.
    host = jax.device_get(g.variables(t))
    variables = jax.device_put(host, sharding.replicated(mesh))
    generate, rows = _program(g, mesh), sharding.rows(mesh)

    def read(indices: np.ndarray) -> tuple[jax.Array, np.ndarray]:
        padded = np.resize(indices, -(-len(indices) // mesh.size) * mesh.size)
        inputs = jax.device_put((latents[padded], labels[padded]), rows)
        images, finite = generate(variables, *inputs)
        finite = np.asarray(finite)
        if not finite.all():
            raise ValueError(
                f"image {padded[np.argmin(finite)]} of the samples is not finite (NaN or infinite):"
                " the generator has collapsed, or its weights are damaged"
            )
        return images[: len(indices)], labels[indices]

    facts = {
        "step": g.step,
        "seed": seed,
        "weights": tree_hash(host["params"], g.config.model.to_dict()),
        "averaging": averaging(g),
        "truncation": t or None,
        "truncation_definition": g.config.sample.truncation_definition if t else None,
        "standing_statistics": standing_statistics(g),
    }
    if g.truncations is not None:
        facts["statistics"] = tree_hash(host.get("batch_stats"))
    found = Images("samples", count, g.stored.shape, g.class_names, "", read, facts, labels)
    return dataclasses.replace(found, noun=noun(g.config.data.medium))


def cyclic_labels(count: int, classes: int, seed: int) -> np.ndarray:
    """Return labels [count] int32: 0, 1, ... repeated; the last, partial round is a fair draw.

    With fewer samples than classes, the classes that have a sample are thus a fair draw.
    """
    classes = max(classes, 1)
    rest = fair_draw(count % classes, classes, "classes", seed)
    return np.concatenate([np.arange(count - len(rest)) % classes, rest]).astype(np.int32)


def tree_hash(tree: Any, *more: Any) -> str:
    """Return a hash, 16 digits, of a tree's names, shapes, dtypes and values, and of JSON
    values."""
    digest = hashlib.sha256(json.dumps(more, sort_keys=True, default=str).encode())
    for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
        leaf = np.ascontiguousarray(leaf)
        digest.update(f"{jax.tree_util.keystr(path)} {leaf.dtype} {leaf.shape}".encode())
        digest.update(leaf.tobytes())
    return digest.hexdigest()[:16]


def averaging(g: TrainedGenerator | Translator) -> str:
    """Return a description of which of the generator's weights are sampled."""
    average = g.config.average
    if g.config.sample.weights == "raw":
        return "none"
    if g.config.sample.length:
        return f"power function, relative length {g.config.sample.length:g}"
    if average.half_life:
        return f"ema, half-life {average.half_life} images"
    return f"ema {average.decay}{', warmed up' if average.warm_up else ''}"


def standing_statistics(g: TrainedGenerator) -> str:
    """Return a description of how the standing statistics are computed."""
    if g.truncations is not None:
        return "stored in the file"
    settings = g.config.sample
    return f"{settings.standing_batches} batches of {settings.standing_batch}"


_PROGRAMS: dict = {}  # so that a sweep, or a followed run, compiles once


def _program(g: TrainedGenerator, mesh: Mesh) -> Callable:
    """Return (variables, latents, labels) -> stored images, and which of them are finite, [n]."""
    key = id(g.side), mesh  # a generator with other weights keeps its side
    if key not in _PROGRAMS:
        _PROGRAMS.clear()

        def generate(variables, latents, labels):
            images = g.apply(variables, latents, labels)
            finite = jnp.isfinite(images).all(axis=tuple(range(1, images.ndim)))
            return g.medium.to_stored(images), finite

        shardings = sharding.rows(mesh), sharding.replicated(mesh)
        _PROGRAMS[key] = compiler.jit(generate, out_shardings=shardings)
    return _PROGRAMS[key]
