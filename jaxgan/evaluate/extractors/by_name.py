"""Feature extractors by name.

lite0, lite0_128   EfficientNet-Lite0 at 224 and 128 pixels: the default, works offline
inception          the Inception-V3 of 2015 that defines FID, downloaded or from your file
dinov2             a vision transformer from your file: FD-DINOv2 (arXiv 2306.04675)
clip               another from your file: CMMD (arXiv 2401.09603)
discriminator      a run's own discriminator (network_features.py)
encoder            a run's own encoder (network_features.py)
classifier         for sounds: first learns the reference's classes (classifier.py)
package.module:f   your own: f is an Extractor, or a function images -> (features, logits)

A function is identified by its source file. That does not cover what it reads from elsewhere
(weights, other modules): if it does, make it an Extractor with a sha256 that covers that too.
"""

import difflib
import importlib
import inspect
from pathlib import Path

from jaxgan.evaluate.extractors import clip, dinov2, inception, lite0
from jaxgan.evaluate.extractors.extractor import Extractor
from jaxgan.files.atomic import sha256

KNOWN = (
    *lite0.SIZES,
    "inception",
    "dinov2",
    "clip",
    "discriminator",
    "encoder",
    "classifier",
)  # the last three are made in session.py: from a run's networks, or the reference


def extractor_by_name(name: str, weights_file: str | Path | None = None) -> Extractor:
    """Return the extractor called `name` (see the module's list).

    Args:
      name: "lite0", "lite0_128", "inception", "dinov2", "clip", or "package.module:attribute".
      weights_file: for the first five; None takes the installed or downloaded one.

    Raises:
      FileNotFoundError, ValueError: no such file, or an unknown name.
    """
    if weights_file is not None and not Path(weights_file).is_file():
        raise FileNotFoundError(f"evaluate.weights_file = {str(weights_file)!r}: no such file")
    if name in lite0.SIZES:
        return lite0.lite0(name, weights_file)
    if name == "inception":
        return inception.inception(weights_file)
    if name == "dinov2":
        return dinov2.dinov2(weights_file)
    if name == "clip":
        return clip.clip(weights_file)
    if ":" not in name:
        near = difflib.get_close_matches(name, KNOWN, 1)
        instead = f"did you mean {near[0]!r}? " if near else ""
        raise ValueError(
            f"no extractor {name!r}: {instead}write one of {', '.join(KNOWN)}, or "
            "package.module:function"
        )
    return _own_extractor(name)


def _own_extractor(name: str) -> Extractor:
    module_name, attribute = name.split(":", 1)
    try:
        found = getattr(importlib.import_module(module_name), attribute)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"extractor {name!r} cannot be imported: {error}") from error
    if isinstance(found, Extractor):
        return found
    return Extractor(
        name=attribute,
        weights=(),
        sha256=sha256(_source_file(name, found)),
        apply=lambda _, images: found(images),
        protocol={"function": name, "sha256_of": "source file"},
    )


def _source_file(name: str, found: object) -> str:
    """Return the file that defines a function. Raises ValueError if there is none."""
    if not callable(found):
        raise ValueError(f"extractor {name!r} is a {type(found).__name__}, not a function")
    try:
        source = inspect.getsourcefile(inspect.unwrap(found))
    except TypeError:  # a partial function, an object with __call__
        source = None
    if source is None:
        raise ValueError(
            f"extractor {name!r} has no source file to tell its versions apart: make it an "
            "Extractor with a sha256 of your own"
        )
    return source
