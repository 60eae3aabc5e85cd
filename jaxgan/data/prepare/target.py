"""Checks of the target, before long work."""

import itertools
import os
import shutil
import tempfile
from pathlib import Path

import numpy as np

from jaxgan.data.prepare.listing import printable
from jaxgan.data.prepare.passes import Encoded
from jaxgan.data.prepare.write import ImageFormat
from jaxgan.files import limits

SAMPLE = 64  # images encoded to estimate the space that all take

SMALLER = {  # what else takes less space, for media whose flags have it
    "images": ", a smaller --size or --format=jpeg",
    "clips": " or a smaller --size",
}


def check_path(target: Path, source: Path) -> None:
    """Raise ValueError for a target that TFDS cannot name, or that would change the source."""
    if str(target) != printable(str(target)):
        raise ValueError(f"target {printable(str(target))!r} is not UTF-8; write another target")
    if target.absolute().is_relative_to(source.absolute()):
        raise ValueError(f"{target} lies inside the source {source}; write a target outside of it")


def check_writable(target: Path) -> None:
    """Raise an error for a target that cannot be created, before anything is read."""
    above = _existing(target)
    if above != target and not above.is_dir():
        raise ValueError(f"{target}: {above} is a file; write another target")
    if not os.access(above, os.W_OK):
        raise PermissionError(f"{target}: {above} is not writable; write another target")
    if not above.is_dir():
        return  # a target that is a file is refused later, as one that holds something else
    try:  # os.access lets root write anywhere, also in /proc
        with tempfile.TemporaryDirectory(prefix=".jaxgan-", dir=above):
            pass
    except OSError as error:
        limits.pass_on(error)
        raise OSError(
            f"{target}: nothing can be written in {above} ({error.strerror}); write another target"
        ) from error


def check_space(
    target: Path,
    count: int,
    stored: ImageFormat,
    encoded: Encoded,
    medium: str = "images",
) -> None:
    """Raise ValueError if the disk will not hold the data set twice, staged and written.

    medium: what is prepared, in the plural.
    """
    free = shutil.disk_usage(_existing(target)).free
    if 2 * count * stored.image_bytes < free:  # would fit even unencoded
        return
    sizes = [len(x) for x in itertools.islice(encoded(0), SAMPLE) if isinstance(x, bytes)]
    need = 2 * count * np.mean(sizes or 0.0)
    if need > free:
        raise ValueError(
            f"{target}: {count:,} {medium} take about {need / 1e9:.3g} GB during preparation, "
            f"half of it at the end, but {free / 1e9:.3g} GB are free; write a target on another "
            f"disk{SMALLER.get(medium, '')}"
        )


def _existing(path: Path) -> Path:
    """Return the path, or the nearest folder above it that exists."""
    path = path.absolute()
    while not path.exists():
        path = path.parent
    return path
