"""Feature extractors: images -> (features, logits), with the name and hash of what computes them.

An extractor is a value. Its weights are an argument of the function, never constants inside it
(closed-over weights took minutes of constant folding). Resizing is part of the function and named
in `protocol`, because it alone shifts every score.

    lite0, lite0_128   EfficientNet-Lite0 at 224 and 128 pixels: the default, works offline
    inception          the Inception-V3 of 2015 that FID is defined on, from a file you have
    package.module:f   your own: f is an Extractor, or a function images -> (features, logits)

Images are rounded to 8 bits first, so that samples score the same in memory and in a folder.
"""

import hashlib
import importlib
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

PyTree = Any


class Extractor(NamedTuple):
    """What turns images into features.

    Fields:
      name: part of every metric's name: fd_<name>, kd_<name>, is_<name>.
      weights: the arrays that `apply` takes first.
      apply: (weights, images [n, height, width, 1 or 3] float32 in [-1, 1]) ->
        (features [n, d] float32, logits [n, k] float32, k = 0 if it has none). Traceable by jit.
      sha256: of the weights file (or of the source file that defines your function).
      protocol: input size, resizing and the rest that decides the numbers; plain JSON values.
    """

    name: str
    weights: PyTree
    apply: Callable[[PyTree, jax.Array], tuple[jax.Array, jax.Array]]
    sha256: str
    protocol: dict[str, Any]


def metric_name(metric: str, extractor: Extractor) -> str:
    """Return the name of a metric in the extractor's space.

    Only numbers of the original Inception network get the bare names fid, kid and is.
    """
    if extractor.name == "inception" and metric in ("fd", "kd", "is"):
        return {"fd": "fid", "kd": "kid", "is": "is"}[metric]
    return f"{metric}_{extractor.name}"


def extractor_by_name(name: str, weights_file: str | Path | None = None) -> Extractor:
    """Return the extractor called `name` (see the module's list).

    Args:
      name: "lite0", "lite0_128", "inception", or "package.module:attribute".
      weights_file: needed by inception, optional for lite0.
    """
    # Imported here because each of these files imports this one.
    from jaxgan.evaluate import inception, lite0

    if name in lite0.SIZES:
        return lite0.lite0(name, weights_file)
    if name == "inception":
        return inception.inception(weights_file)
    if ":" not in name:
        known = ", ".join([*lite0.SIZES, "inception"])
        raise ValueError(f"extractor {name!r}: write one of {known}, or package.module:function")
    return _own_extractor(name)


def _own_extractor(name: str) -> Extractor:
    module_name, attribute = name.split(":", 1)
    try:
        found = getattr(importlib.import_module(module_name), attribute)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"extractor {name!r} cannot be imported: {error}") from error
    if isinstance(found, Extractor):
        return found
    if not callable(found):
        raise ValueError(f"extractor {name!r} is a {type(found).__name__}, not a function")
    source = inspect.getsourcefile(inspect.unwrap(found))
    return Extractor(
        name=attribute,
        weights=(),
        apply=lambda _, images: found(images),
        sha256=file_sha256(source),
        protocol={"function": name, "sha256_of": "source file"},
    )


def rgb_bytes(images: jax.Array) -> jax.Array:
    """Return images as RGB in whole numbers from 0 to 255, float32 [n, height, width, 3].

    Args:
      images: [n, height, width, channels] float32 in [-1, 1]; one channel is repeated.
    """
    channels = images.shape[-1] if images.ndim == 4 else None
    if channels not in (1, 3) or images.dtype != jnp.float32:
        raise ValueError(
            f"images are {images.dtype}{list(images.shape)}: an extractor takes float32 "
            "[n, height, width, channels] in [-1, 1] with 1 channel (gray) or 3 (RGB); write a "
            "function of your own (--extractor=package.module:function) for others"
        )
    levels = jnp.clip(jnp.round((images + 1.0) * 127.5), 0.0, 255.0)
    return jnp.broadcast_to(levels, (*images.shape[:-1], 3))


def file_sha256(path: str | Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_sha256(path: Path, expected: str) -> str:
    """Return the file's SHA-256, or raise ValueError when it is not the expected one."""
    found = file_sha256(path)
    if found != expected:
        raise ValueError(f"{path} has SHA-256 {found}, expected {expected}: get the file again")
    return found
