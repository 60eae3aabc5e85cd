"""One pass over images: features and logits on the host, their moments on the device.

Batches may be NumPy arrays or sharded JAX arrays. With a mesh, every device runs the extractor on
its own rows, and the moments are sums over all of them; results do not depend on the number of
devices. The host reads one batch behind the device, so generating and extracting overlap; large
numbers of features are kept in a file (files/rows.py).
"""

import dataclasses
import functools
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

from jaxgan.devices import compiler
from jaxgan.evaluate.extractors.extractor import Extractor
from jaxgan.evaluate.metrics.checks import finite, labels_of, rows
from jaxgan.evaluate.metrics.moments import add_batch, empty_moments, mean_and_covariance
from jaxgan.files.rows import Rows
from jaxgan.media import waves
from jaxgan.media.medium import Batch
from jaxgan.media.pixels import to_float

# Images per call on a CPU core: more do not fit its caches (1.6 times slower at 64).
CPU_CHUNK = 8


@dataclasses.dataclass(frozen=True, eq=False)
class Features:
    """The output of an extractor for a set of images.

    Fields:
      count: n, the number of images.
      mean: [d] float64. covariance: [d, d] float64, divided by count - 1.
      features: [n, d] float32, finite.
      logits: [n, k] float32, finite; k is 0 for an extractor without logits.
      labels: [n] int32, or None if the batches had none.
    """

    count: int
    mean: np.ndarray
    covariance: np.ndarray
    features: np.ndarray
    logits: np.ndarray
    labels: np.ndarray | None = None


def extract(
    batches: Iterable[Any],
    extractor: Extractor,
    *,
    mesh: Mesh | None = None,
) -> Features:
    """Run the extractor over all batches.

    Args:
      batches: images [n, height, width, channels], or (images, labels [n] int32); NumPy or JAX;
        float32 in [-1, 1], or as they are stored (waves: int16). All of one image size; n may vary
        (smaller batches are padded).
      extractor: see extractors/extractor.py.
      mesh: split every batch over all axes of this mesh; None runs on one device.

    Raises:
      ValueError: no images, mixed sizes, or values that are not finite in images, features or
        logits (names the image).
    """
    device_count = 1 if mesh is None else mesh.size
    multiple = device_count * (CPU_CHUNK if _platform(mesh) == "cpu" else 1)
    run, start, accumulate = _compiled(extractor.apply, mesh)
    weights = _placed(extractor.weights, mesh, P())
    features, logits, kept_labels = Rows(), Rows(), []
    moments, seen = None, 0
    unread: list[tuple[int, int, Seen]] = []

    def read() -> None:
        """Bring the oldest unread batch to the host."""
        first, count, found = unread.pop(0)
        found = jax.tree.map(lambda x: np.asarray(x)[:count], found)
        _check_finite(found, first)
        features.add(found.features)
        logits.add(found.logits)

    for images, labels, mask in _equal_batches(batches, multiple):
        count = int(mask.sum())
        found = run(weights, _placed(images, mesh, _batch_spec(mesh)))
        mask = _placed(mask, mesh, _batch_spec(mesh))
        if moments is None:
            moments = start(found.features, mask)
        moments = accumulate(moments, found.features, mask)
        unread.append((seen, count, found))
        if labels is not None:
            kept_labels.append(np.asarray(labels, np.int32))
        if len(unread) > 1:
            read()
        seen += count
    while unread:
        read()
    if moments is None:
        raise ValueError("no images to evaluate: the source gave no batch")
    mean, covariance = mean_and_covariance(moments, seen)
    labels = np.concatenate(kept_labels) if kept_labels else None
    if labels is not None and len(labels) != seen:
        raise ValueError(f"{len(labels)} labels for {seen} images: some batches have none")
    return Features(seen, mean, covariance, features.array(), logits.array(), labels)


def as_floats(samples: Any) -> Any:
    """Return stored images, volumes and clips (uint8, uint16) or waves (int16) as floats in [-1,
    1]; NumPy or JAX arrays."""
    if samples.dtype == jnp.int16:
        return waves.to_float(Batch(samples)).sample
    return to_float(samples)


def features_of_arrays(
    features: np.ndarray, logits: np.ndarray | None = None, labels: np.ndarray | None = None
) -> Features:
    """Return Features from features [n, d] that you already have (moments in NumPy float64).

    Args:
      features: [n, d] finite, n at least 2. logits: [n, k] finite. labels: [n] int.
    """
    count = len(rows("features", features, 2))
    if logits is not None and (np.ndim(logits) != 2 or len(finite("logits", logits)) != count):
        raise ValueError(f"logits of shape {np.shape(logits)}: write [{count}, k]")
    if labels is not None:
        labels_of("labels", labels, count)
    exact = features.astype(np.float64)
    covariance = np.atleast_2d(np.cov(exact, rowvar=False))
    logits = np.zeros((count, 0), np.float32) if logits is None else logits
    return Features(count, exact.mean(axis=0), covariance, features, logits, labels)


class Seen(NamedTuple):
    """The output for one batch: features [n, d], logits [n, k], and which images are finite,
    [n]."""

    features: jax.Array | np.ndarray
    logits: jax.Array | np.ndarray
    finite: jax.Array | np.ndarray


def _check_finite(found: Seen, first: int) -> None:
    """Raise ValueError, naming the first image, for images or outputs that are not finite."""
    good = {
        "is": found.finite,
        "gives features that are": np.isfinite(found.features).all(axis=1),
        "gives logits that are": np.isfinite(found.logits).all(axis=1),
    }
    for what, mask in good.items():
        if not mask.all():
            raise ValueError(
                f"image {first + int(np.argmin(mask))} {what} not finite (NaN or infinite): a "
                "collapsed generator or a damaged weights file gives such values"
            )


def _equal_batches(batches: Iterable[Any], multiple: int) -> Iterator[tuple]:
    """Yield (images, labels, mask) with as many rows as the first batch, rounded up to
    `multiple`."""
    size, rows = None, 0
    for index, batch in enumerate(batches):
        images, labels = batch if isinstance(batch, tuple) else (batch, None)
        count = len(images)
        if count == 0:
            continue
        size = size or images.shape[1:]
        if images.shape[1:] != size:
            raise ValueError(
                f"batch {index} has images of {list(images.shape[1:])}, the ones before of "
                f"{list(size)}: resize them first (jaxgan prepare)"
            )
        rows = max(rows, -(-count // multiple) * multiple)
        if count < rows:
            pad = ((0, rows - count), *[(0, 0)] * (images.ndim - 1))
            numpy = isinstance(images, np.ndarray)
            images = np.pad(images, pad) if numpy else jnp.pad(images, pad)
        yield images, labels, np.arange(rows) < count


@functools.lru_cache(maxsize=8)  # jitting a new function would compile again
def _compiled(apply: Callable, mesh: Mesh | None) -> tuple[Callable, Callable, Callable]:
    """Return the compiled functions: images to `Seen`, first moments, features into moments."""

    def precise(weights, images):
        images = images if images.dtype == jnp.float32 else as_floats(images)
        # By default, accelerators multiply in bfloat16: features would depend on the machine.
        with jax.default_matmul_precision("highest"):
            return apply(weights, images)

    def chunked(weights, images):
        if _platform(mesh) != "cpu" or len(images) <= CPU_CHUNK:
            return precise(weights, images)
        chunks = images.reshape(-1, CPU_CHUNK, *images.shape[1:])
        outputs = jax.lax.map(lambda chunk: precise(weights, chunk), chunks)
        # The number of rows is given explicitly: logits may have no columns.
        return jax.tree.map(lambda x: x.reshape(len(images), x.shape[-1]), outputs)

    if mesh is not None:
        # A view per device: the extractor needs no communication, and its chunks stay local.
        spec = _batch_spec(mesh)
        local = {"in_specs": (P(), spec), "out_specs": (spec, spec), "check_vma": False}
        chunked = jax.shard_map(chunked, mesh=mesh, **local)

    def seen(weights, images):
        floats = jnp.issubdtype(images.dtype, jnp.floating)
        flat = images.reshape(len(images), -1)
        finite = jnp.isfinite(flat).all(axis=1) if floats else jnp.ones(len(images), bool)
        features, logits = chunked(weights, images)
        return Seen(features, logits, finite)

    # Without a mesh, out_shardings is None: outputs are where the inputs are.
    whole = None if mesh is None else NamedSharding(mesh, P())
    jit = functools.partial(compiler.jit, out_shardings=whole)
    return jit(seen), jit(empty_moments), jit(add_batch, donate_argnums=0)


def _batch_spec(mesh: Mesh | None) -> P:
    return P() if mesh is None else P(mesh.axis_names)


def _placed(tree: Any, mesh: Mesh | None, spec: P) -> Any:
    return jax.device_put(tree, None if mesh is None else NamedSharding(mesh, spec))


def _platform(mesh: Mesh | None) -> str:
    return jax.default_backend() if mesh is None else mesh.devices.flat[0].platform
