"""Arrays of images in files: npz, HDF5 and idx, streamed image by image.

Images are [n, height, width] or [n, height, width, channels], uint8 or uint16; labels are n
integers from 0, or n strings.
"""

import gzip
import math
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from jaxgan.data.prepare.archives import BOUNDED, READ_ERRORS
from jaxgan.data.prepare.folders import Source
from jaxgan.files.errors import one_line


def open_npz(path: Path) -> Source:
    """Open an .npz with an array "images" and, if it has classes, "labels" and "class_names".

    Other names are found when there is only one array that fits.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if any(member.compress_type not in BOUNDED for member in archive.infolist()):
                raise ValueError("compressed otherwise than by deflate")

            def header(key: str):
                with archive.open(key + ".npy") as file:
                    found = _npy_header(file)
                    _check_size(found[0], found[1], path)
                    return found

            def whole(key: str | None) -> np.ndarray | None:
                if key is None:
                    return None
                with archive.open(key + ".npy") as file:
                    return np.lib.format.read_array(file, allow_pickle=False)

            keys = [name[:-4] for name in archive.namelist() if name.endswith(".npy")]
            members = {key: header(key) for key in keys}
            images_key, labels_key = _choose(members)
            labels = whole(labels_key)
            class_names = whole("class_names" if "class_names" in keys else None)
    except (ValueError, *READ_ERRORS) as error:
        raise ValueError(f"{path}: cannot be read as npz ({one_line(error)})") from error
    shape, dtype, fortran = members[images_key]
    if fortran:
        raise ValueError(f"{path}: {images_key!r} is column-major; save np.ascontiguousarray of it")

    def stream(start: int) -> Iterator[np.ndarray]:
        with zipfile.ZipFile(path) as archive, archive.open(images_key + ".npy") as file:
            _npy_header(file)
            yield from _blocks(file, shape, dtype, start)

    names = None if class_names is None else [str(name) for name in class_names]
    return _source(path, shape, dtype, labels, names, stream)


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
        with _open(labels) as file:
            data = file.read(label_offset + math.prod(label_shape))[label_offset:]
        if len(data) != math.prod(label_shape):
            raise ValueError(f"{labels}: cut short; {label_shape} labels were promised")
        label_array = np.frombuffer(data, np.uint8).reshape(label_shape)

    def stream(start: int) -> Iterator[np.ndarray]:
        with _open(path) as file:
            file.read(offset)
            yield from _blocks(file, shape, np.dtype(np.uint8), start)

    return _source(path, shape, np.dtype(np.uint8), label_array, None, stream)


def open_hdf5(path: Path) -> Source:
    """Open an HDF5 file with data sets named as in open_npz. Needs h5py."""
    try:
        import h5py
    except ImportError as error:
        raise ValueError(f"{path}: HDF5 needs h5py; run `pip install h5py`") from error
    try:
        with h5py.File(path, "r") as file:
            arrays = {key: file[key] for key in file if isinstance(file[key], h5py.Dataset)}
            members = {key: (a.shape, a.dtype, False) for key, a in arrays.items()}
            images_key, labels_key = _choose(members)
            for array in arrays.values():
                _check_size(array.shape, array.dtype, path)
            labels = arrays[labels_key][:] if labels_key else None
            names = arrays["class_names"].asstr()[:].tolist() if "class_names" in arrays else None
    except OSError as error:
        raise ValueError(f"{path}: cannot be read as HDF5 ({one_line(error)})") from error
    shape, dtype, _ = members[images_key]

    def stream(start: int) -> Iterator[np.ndarray]:
        with h5py.File(path, "r") as file:
            for begin in range(start, shape[0], 64):
                yield from file[images_key][begin : begin + 64]

    return _source(path, shape, dtype, labels, names, stream)


def _source(
    path: Path,
    shape: tuple[int, ...],
    dtype: np.dtype,
    labels: np.ndarray | None,
    class_names: list[str] | None,
    stream: Callable[[int], Iterator[np.ndarray]],
) -> Source:
    dtype = dtype.newbyteorder("=")  # what the stream holds may be swapped
    image_shape = (*shape[1:], 1) if len(shape) == 3 else shape[1:]
    if dtype not in (np.uint8, np.uint16):
        raise ValueError(f"{path}: images are {dtype}; save them as uint8 or uint16")
    if not all(shape):
        raise ValueError(f"{path}: images have shape {shape}; there are none")
    if image_shape[0] in (1, 3, 4) and image_shape[1] == image_shape[2] > 4:
        raise ValueError(
            f"{path}: images of {shape} look channels-first; save [n, height, width, channels]"
        )
    labels = np.zeros(shape[0], np.int32) if labels is None else np.asarray(labels)
    if labels.shape == (shape[0], 1):
        labels = labels[:, 0]
    if labels.shape != (shape[0],):
        raise ValueError(
            f"{path}: labels have shape {labels.shape}; give one for {shape[0]} images"
        )
    if labels.dtype.kind in "SUO":
        words = [x.decode() if isinstance(x, bytes) else str(x) for x in labels.tolist()]
        class_names, labels = np.unique(words, return_inverse=True)
        class_names = class_names.tolist()
    elif labels.dtype.kind not in "iu" or labels.min() < 0:
        raise ValueError(
            f"{path}: labels are {labels.dtype} from {labels.min()}; write integers >= 0"
        )
    class_names = class_names or [str(number) for number in range(int(labels.max()) + 1)]
    if labels.max() >= len(class_names):
        raise ValueError(
            f"{path}: label {labels.max()} is outside the {len(class_names)} class names"
        )

    def read(start: int) -> Iterator[np.ndarray]:
        for image in stream(start):
            yield np.asarray(image, dtype).reshape(image_shape)

    names = [f"{path.name}[{index}]" for index in range(shape[0])]
    stamp = f"{path.stat().st_size} {path.stat().st_mtime_ns}"
    return Source(
        names,
        labels.astype(np.int32),
        class_names,
        read,
        stamp,
        image_shape,
        np.dtype(dtype.str[1:]),
    )


def _check_size(shape: tuple[int, ...], dtype: np.dtype, path: Path) -> None:
    """Refuse a header that promises more than deflate can pack (1032 to 1), before allocating."""
    promised, held = math.prod(shape) * dtype.itemsize, path.stat().st_size
    if promised > 1100 * held + 1000:
        raise ValueError(f"{path}: {held} bytes, but its header promises {promised}")


def _choose(members: dict) -> tuple[str, str | None]:
    """Return the keys of images and labels."""
    images = [key for key, (shape, *_) in members.items() if len(shape) in (3, 4)]
    images = ["images"] if "images" in images else images
    if len(images) != 1:
        raise ValueError(f"arrays {sorted(members)}: name the one of images 'images'")
    labels = [key for key in members if key not in (images[0], "class_names")]
    labels = ["labels"] if "labels" in labels else labels
    if len(labels) > 1:
        raise ValueError(f"arrays {sorted(members)}: name the one of labels 'labels'")
    return images[0], labels[0] if labels else None


def _npy_header(file) -> tuple[tuple[int, ...], np.dtype, bool]:
    version = np.lib.format.read_magic(file)
    read = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    if version not in read:
        raise ValueError(f"npy version {version} is unknown")
    shape, fortran, dtype = read[version](file)
    return shape, dtype, fortran


def _blocks(file, shape: tuple[int, ...], dtype: np.dtype, start: int) -> Iterator[np.ndarray]:
    size = int(np.prod(shape[1:])) * dtype.itemsize
    for index in range(shape[0]):
        data = file.read(size)
        if len(data) != size:
            raise ValueError(f"the file ends at image {index} of {shape[0]}")
        if index >= start:
            yield np.frombuffer(data, dtype).reshape(shape[1:])


def _open(path: Path):
    return gzip.open(path) if path.suffix == ".gz" else open(path, "rb")


def _idx_header(path: Path) -> tuple[tuple[int, ...], int]:
    try:
        with _open(path) as file:
            zero, kind, axes = struct.unpack(">HBB", file.read(4))
            shape = struct.unpack(f">{axes}I", file.read(4 * axes))
    except (struct.error, OSError, EOFError) as error:
        raise ValueError(f"{path}: not an idx file ({one_line(error)})") from error
    if zero != 0 or kind != 8:
        raise ValueError(f"{path}: not an idx file of bytes (type {kind}, only 8 is read)")
    _check_size(shape, np.dtype(np.uint8), path)
    return shape, 4 + 4 * axes
