"""Images in .npz files, streamed from within the archive."""

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np

from jaxgan.data.prepare.archives import BOUNDED, READ_ERRORS
from jaxgan.data.prepare.arrays import Header, array_source, blocks, choose
from jaxgan.data.prepare.folders import Source
from jaxgan.data.records import DAMAGED_ARRAY
from jaxgan.files import limits
from jaxgan.files.errors import one_line


def open_npz(path: Path) -> Source:
    """Open an .npz with an array "images" and, if it has classes, "labels" and "class_names".

    Arrays with other names are found if only one fits.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if any(member.compress_type not in BOUNDED for member in archive.infolist()):
                raise ValueError("not compressed by deflate")

            def whole(key: str | None) -> np.ndarray | None:
                if key is None:
                    return None
                with archive.open(key + ".npy") as file:
                    return np.lib.format.read_array(file, allow_pickle=False)

            members = headers(archive)
            images_key, labels_key = choose(members, path)
            labels = whole(labels_key)
            class_names = whole("class_names" if "class_names" in members else None)
    except (NotImplementedError, RuntimeError, *DAMAGED_ARRAY, *READ_ERRORS) as error:
        limits.pass_on(error)
        raise ValueError(f"{path}: cannot be read as npz ({one_line(error)})") from error
    shape, dtype, fortran = members[images_key]
    if fortran:
        raise ValueError(f"{path}: {images_key!r} is column-major; save np.ascontiguousarray of it")

    def stream(start: int) -> Iterator[np.ndarray]:
        with zipfile.ZipFile(path) as archive, archive.open(images_key + ".npy") as file:
            _npy_header(file)
            yield from blocks(file, shape, dtype, start)

    return array_source(path, shape, dtype, labels, class_names, stream)


def headers(archive: zipfile.ZipFile) -> dict[str, Header]:
    """Return the shape and dtype of each array of an .npz, by name."""
    found = {}
    for name in archive.namelist():
        if name.endswith(".npy"):
            with archive.open(name) as file:
                found[name[:-4]] = _npy_header(file)
    return found


def _npy_header(file: IO[bytes]) -> Header:
    version = np.lib.format.read_magic(file)
    read = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    if version not in read:
        raise ValueError(f"npy version {version} is unknown")
    shape, fortran, dtype = read[version](file)
    return shape, dtype, fortran
