"""Images in HDF5 files. Needs h5py."""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from jaxgan.data.prepare.arrays import array_source, choose
from jaxgan.data.prepare.folders import Source
from jaxgan.files import limits
from jaxgan.files.errors import one_line

BLOCK_BYTES = 1 << 26  # bytes read at once


def open_hdf5(path: Path) -> Source:
    """Open an HDF5 file with data sets named as in open_npz."""
    try:
        import h5py
    except ImportError as error:
        raise ValueError(f"{path}: HDF5 needs h5py; run `pip install h5py`") from error
    try:
        with h5py.File(path, "r") as file:
            arrays = {key: a for key, a in file.items() if isinstance(a, h5py.Dataset)}
            members = {key: (a.shape, a.dtype, False) for key, a in arrays.items()}
            images_key, labels_key = choose(members, path)
            labels = arrays[labels_key][:] if labels_key else None
            names = arrays["class_names"][:] if "class_names" in arrays else None
    except (ValueError, OSError, RuntimeError, KeyError) as error:  # h5py's, on damaged files
        limits.pass_on(error)
        raise ValueError(f"{path}: cannot be read as HDF5 ({one_line(error)})") from error
    shape, dtype, _ = members[images_key]
    block = max(1, BLOCK_BYTES // max(1, math.prod(shape[1:]) * dtype.itemsize))

    def stream(start: int) -> Iterator[np.ndarray]:
        with h5py.File(path, "r") as file:
            images = file[images_key]
            assert isinstance(images, h5py.Dataset)
            for begin in range(start, shape[0], block):
                yield from images[begin : begin + block]

    return array_source(path, shape, dtype, labels, names, stream)
