"""A file of captions, for `jaxgan prepare --captions=FILE` and `jaxgan translate RUN FILE`.

An .npz file with one row per caption, for which any text encoder will do:

    captions   [m] str
    vectors    [m, d] float: what the encoder returns for each
    files      [m] str: the image's name within SOURCE, with its suffix, such as "birds/1.png"; an
               image may have several captions. `translate` does not use it

    np.savez("captions.npz", files=files, captions=captions, vectors=encoder(captions))
"""

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from jaxgan.data.records import DAMAGED_ARRAY
from jaxgan.files import limits
from jaxgan.files.errors import one_line
from jaxgan.media.decode import Texts


class Captions(NamedTuple):
    """The rows of a file. vectors: [m, d] float32, each finite and not 0."""

    captions: list[str]
    vectors: np.ndarray
    files: list[str] | None


def read_captions(path: Path) -> Captions:
    """Read a file of captions. Raises FileNotFoundError, or ValueError naming what is wrong."""
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file of captions")
    try:
        with np.load(path, allow_pickle=False) as file:
            names = ("captions", "vectors", "files")
            found = {name: file[name] for name in names if name in file.files}
    except (AttributeError, zipfile.BadZipFile, *DAMAGED_ARRAY) as error:
        limits.pass_on(error)
        raise ValueError(
            f"{path}: cannot be read as .npz with text and numbers ({one_line(error)})"
        ) from error
    for name in ("captions", "vectors"):
        if name not in found:
            raise ValueError(f"{path} has no array {name!r}: write captions [m], vectors [m, d]")
    captions, vectors = found["captions"], found["vectors"]
    for name in ("captions", "files"):
        array = found.get(name, captions)
        if array.ndim != 1 or array.dtype.kind != "U":
            raise ValueError(
                f"{path}: {name} are {array.dtype} {list(array.shape)}: write text [m]"
            )
        if len(array) != len(captions):
            raise ValueError(f"{path}: {len(array)} {name} of {len(captions)} captions")
    if vectors.ndim != 2 or vectors.dtype.kind != "f" or not vectors.size:
        raise ValueError(
            f"{path}: vectors are {vectors.dtype} {list(vectors.shape)}: write floats [m, d]"
        )
    if len(vectors) != len(captions):
        raise ValueError(f"{path}: {len(vectors)} vectors of {len(captions)} captions")
    vectors = vectors.astype(np.float32)
    usable = np.isfinite(vectors).all(1) & vectors.any(1)
    if not usable.all():
        first = int(np.argmin(usable))
        raise ValueError(
            f"{path}: the vector of caption {first}, {str(captions[first])!r}, is 0 or not finite"
        )
    files = found["files"].tolist() if "files" in found else None
    return Captions(captions.tolist(), vectors, files)


def of_images(path: Path, names: Sequence[str]) -> list[Texts]:
    """Return the texts of the images with these names, from a file of captions.

    Raises ValueError naming images without a caption, or captions without an image.
    """
    rows = read_captions(path)
    if rows.files is None:
        raise ValueError(f"{path} has no array 'files': write the name of each caption's image [m]")
    places: dict[str, list[int]] = {name: [] for name in names}
    unknown = [name for name in rows.files if name not in places]
    if unknown:
        raise ValueError(
            f"{path}: {len(unknown)} captions belong to no image, such as that of {unknown[0]!r}; "
            f"the images are called {', '.join(map(repr, names[:2]))}, ..."
        )
    for place, name in enumerate(rows.files):
        places[name].append(place)
    alone = [name for name, own in places.items() if not own]
    if alone:
        raise ValueError(
            f"{path}: {len(alone)} of {len(names)} images have no caption, such as "
            f"{', '.join(map(repr, alone[:3]))}: write one, or remove them"
        )
    found = [
        Texts(tuple(rows.captions[i] for i in own), rows.vectors[own]) for own in places.values()
    ]
    for name, texts in zip(names, found, strict=True):
        if not texts.vectors.sum(0).any():
            raise ValueError(f"{path}: the vectors of the captions of {name!r} cancel out")
    return found
