"""Images in idx files (MNIST's format), gzipped or not."""

import gzip
import io
import math
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from jaxgan.data.prepare.archives import READ_ERRORS
from jaxgan.data.prepare.arrays import array_source, blocks, check_size
from jaxgan.data.prepare.folders import Source
from jaxgan.files import limits
from jaxgan.files.errors import one_line


def open_idx(path: Path, labels: Path | None = None) -> Source:
    """Open an idx file (MNIST's format) of uint8 images, gzipped or not.

    The labels are `labels`, or the file beside it with "images-idx3" replaced by "labels-idx1".
    """
    beside = path.with_name(path.name.replace("images-idx3", "labels-idx1"))
    labels = labels or (beside if beside != path and beside.is_file() else None)
    shape, offset = _idx_header(path)
    if len(shape) not in (3, 4):
        raise ValueError(f"{path}: holds {len(shape)} axes {shape}; give the file of images")
    label_array = None
    if labels:
        label_shape, label_offset = _idx_header(labels)
        if label_shape != shape[:1]:
            raise ValueError(f"{labels}: labels of shape {label_shape} for {shape[0]} images")
        try:
            with _open(labels) as file:
                data = file.read(label_offset + math.prod(label_shape))[label_offset:]
                file.read(1)  # at the end, gzip checks the checksum
        except READ_ERRORS as error:
            limits.pass_on(error)
            raise ValueError(f"{labels}: damaged ({one_line(error)})") from error
        if len(data) != math.prod(label_shape):
            raise ValueError(f"{labels}: truncated; its header declares {label_shape[0]} labels")
        label_array = np.frombuffer(data, np.uint8).reshape(label_shape)

    def stream(start: int) -> Iterator[np.ndarray]:
        with _open(path) as file:
            file.read(offset)
            yield from blocks(file, shape, np.dtype(np.uint8), start)

    return array_source(path, shape, np.dtype(np.uint8), label_array, None, stream)


def _open(path: Path) -> io.BufferedIOBase:
    return gzip.open(path) if path.suffix == ".gz" else open(path, "rb")


def _idx_header(path: Path) -> tuple[tuple[int, ...], int]:
    try:
        with _open(path) as file:
            zero, kind, axes = struct.unpack(">HBB", file.read(4))
            shape = struct.unpack(f">{axes}I", file.read(4 * axes))
    except (struct.error, OSError, EOFError, zlib.error) as error:
        limits.pass_on(error)
        raise ValueError(f"{path}: not an idx file ({one_line(error)})") from error
    if zero != 0 or kind != 8:
        raise ValueError(f"{path}: not an idx file of bytes (type {kind}, only 8 is read)")
    check_size(shape, np.dtype(np.uint8), path)
    return shape, 4 + 4 * axes
