"""Samples of a generator as `Images`: made on the devices, where the extractor reads them.

Image i depends on (seed, i), its class and the truncation; classes go round, so that all are
equally frequent. Pixels are rounded as in a file.
"""

from collections.abc import Callable

import jax
import numpy as np
from jax.sharding import Mesh

from jaxgan.devices import compiler, sharding
from jaxgan.evaluate.images import Images
from jaxgan.trained.generator import TrainedGenerator


def samples(
    g: TrainedGenerator, count: int, seed: int, truncation: float | None, mesh: Mesh
) -> Images:
    """Return images number 0 to count - 1 of a seed.

    Args:
      truncation: 0 for none; None for the config's. Batch-norm statistics are those for it.
      mesh: where they are made: rows are split over all its devices.
    """
    t = g.truncation(truncation)
    indices = np.arange(count)
    labels = (indices % max(len(g.class_names), 1)).astype(np.int32)
    latents = g.latents(indices, seed, t)
    # Through the host: of several processes each computed them, the mesh is of all.
    variables = jax.device_put(jax.device_get(g.variables(t)), sharding.replicated(mesh))
    generate, rows = _program(g, mesh), sharding.rows(mesh)

    def read(indices: np.ndarray) -> tuple[jax.Array, np.ndarray]:
        padded = np.resize(indices, -(-len(indices) // mesh.size) * mesh.size)
        inputs = jax.device_put((latents[padded], labels[padded]), rows)
        return generate(variables, *inputs)[: len(indices)], labels[indices]

    facts = {
        "step": g.step,
        "seed": seed,
        "averaging": f"ema {g.config.average.decay}",
        "truncation": t or None,
        "truncation_definition": g.config.sample.truncation_definition if t else None,
        "standing_statistics": standing_statistics(g),
    }
    return Images("samples", count, g.image_shape, g.class_names, "", read, facts)


def standing_statistics(g: TrainedGenerator) -> str:
    """Return how the batch-norm statistics are made."""
    if g.truncations is not None:
        return "stored in the file"
    settings = g.config.sample
    return f"{settings.standing_batches} batches of {settings.standing_batch}"


_PROGRAMS: dict = {}  # a sweep, or a run that is followed, compiles once


def _program(g: TrainedGenerator, mesh: Mesh) -> Callable:
    key = id(g.side), mesh  # a generator with other weights keeps its side
    if key not in _PROGRAMS:
        _PROGRAMS.clear()

        def generate(variables, latents, labels):
            return g.medium.to_stored(g.apply(variables, latents, labels))

        _PROGRAMS[key] = compiler.jit(generate, out_shardings=sharding.rows(mesh))
    return _PROGRAMS[key]
