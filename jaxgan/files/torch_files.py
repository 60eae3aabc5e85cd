"""Read PyTorch weight files (.pth, .pt) into NumPy without PyTorch and without running their code.

A .pth file is a pickle of tensors, and a pickle may call any function that it names. This reader
knows the few names below and refuses all others, so an untrusted file can at worst be rejected.
Both formats are read: the legacy one (pickles followed by raw storages) and zip (torch 1.6 on).

A tensor is (storage, offset, shape, strides). The strides matter: a tensor that was transposed
before it was saved is stored with transposed strides. Every view is checked against its storage.
"""

import collections
import io
import math
import mmap
import pickle
import pickletools
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import ml_dtypes
import numpy as np

DTYPES = {
    "BFloat16Storage": np.dtype(ml_dtypes.bfloat16),
    "BoolStorage": np.dtype(bool),
    "ByteStorage": np.dtype("u1"),
    "CharStorage": np.dtype("i1"),
    "DoubleStorage": np.dtype("<f8"),
    "FloatStorage": np.dtype("<f4"),
    "HalfStorage": np.dtype("<f2"),
    "IntStorage": np.dtype("<i4"),
    "LongStorage": np.dtype("<i8"),
    "ShortStorage": np.dtype("<i2"),
}
LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
LEGACY_PROTOCOL = 1001
MOST_MEMO = 10_000_000  # objects of a pickle
MOST_PICKLE = 100_000_000  # bytes; it holds names and shapes, the tensors lie beside it


class _Tensor:
    """A view whose storage comes later: the legacy format stores the bytes after the pickle."""

    def __init__(self, storage, offset, shape, strides, *_ignored):
        self.view = (storage, offset, shape, strides)


class _Unpickler(pickle.Unpickler):
    """An unpickler that can build containers and tensors, and nothing else."""

    def __init__(self, file: BinaryIO, storages: dict[str, tuple[np.dtype, int]]):
        super().__init__(file)
        self.storages = storages

    def find_class(self, module: str, name: str) -> Any:
        if module in ("torch", "torch.storage") and name in DTYPES:
            return name
        # Fresh functions for each file: a pickle can set attributes on what it is given.
        known: dict[tuple[str, str], Callable] = {
            ("collections", "OrderedDict"): collections.OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): lambda *args: _Tensor(*args),
            ("torch._utils", "_rebuild_parameter"): lambda tensor, *_: tensor,
        }
        if (module, name) not in known:
            raise pickle.UnpicklingError(f"it names {module}.{name}, which a weights file may not")
        return known[module, name]

    def persistent_load(self, pid: Any) -> str:
        kind, storage, key, _device, count, *view = pid
        if kind != "storage" or any(v is not None for v in view):
            raise pickle.UnpicklingError(f"unknown persistent id {pid!r}")
        if not (isinstance(key, str) and isinstance(count, int) and storage in DTYPES):
            raise pickle.UnpicklingError(f"malformed storage {pid!r}")
        self.storages[key] = (DTYPES[storage], count)
        return key


def read_torch_file(path: str | Path) -> Any:
    """Return what torch.load would, with tensors as NumPy arrays: nested dicts, lists and values.

    Args:
      path: a .pth or .pt file, legacy or zip format.

    Raises:
      FileNotFoundError: there is no such file.
      ValueError: the file is damaged, or holds anything but tensors and plain containers.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such weights file")
    try:
        if zipfile.is_zipfile(path):
            tree, arrays = _read_zip(path)
        else:
            tree, arrays = _read_legacy(path)
        return _resolve(tree, arrays)
    except (MemoryError, KeyboardInterrupt):
        raise
    except Exception as error:  # damaged bytes can raise anything inside an unpickler
        raise ValueError(
            f"{path} is not a PyTorch weights file that can be read: {error}"
        ) from None


def _load(file: Any, storages: dict[str, tuple[np.dtype, int]]) -> Any:
    """Unpickle the next object of a file whose reads never return more than what is left of it.

    file: a BinaryIO or an mmap, which has the methods but shares no type with it in typeshed.
    """
    start = file.tell()
    for operation, argument, _ in pickletools.genops(file):
        # Python's unpickler makes its memo as long as the largest number in it says.
        if operation.name.endswith("PUT") and isinstance(argument, int) and argument > MOST_MEMO:
            raise ValueError(f"a memo of {argument} entries")
    file.seek(start)
    return _Unpickler(file, storages).load()


def _read_zip(path: Path) -> tuple[Any, dict[str, np.ndarray]]:
    with zipfile.ZipFile(path) as archive:
        names = [n for n in archive.namelist() if n == "data.pkl" or n.endswith("/data.pkl")]
        if len(names) != 1:
            raise ValueError(f"{len(names)} data.pkl inside, a weights file has one")
        if archive.getinfo(names[0]).file_size > MOST_PICKLE:
            raise ValueError(f"a data.pkl of more than {MOST_PICKLE} bytes")
        root = names[0].removesuffix("data.pkl")
        if root + "byteorder" in archive.namelist():
            with archive.open(root + "byteorder") as file:
                order = file.read(16)
            if order != b"little":
                raise ValueError(f"byte order {order!r}, only little is read")
        storages: dict[str, tuple[np.dtype, int]] = {}
        tree = _load(io.BytesIO(archive.read(names[0])), storages)
        arrays = {}
        for key, (dtype, count) in storages.items():
            info = archive.getinfo(f"{root}data/{key}")
            # The size is checked before it is read, and a stored member cannot inflate.
            if info.compress_type != zipfile.ZIP_STORED or info.file_size != count * dtype.itemsize:
                raise ValueError(f"storage {key} is not {count} values of {dtype}")
            arrays[key] = np.frombuffer(archive.read(info), dtype)
    return tree, arrays


def _read_legacy(path: Path) -> tuple[Any, dict[str, np.ndarray]]:
    # Mapped: reading more than there is takes no memory.
    with path.open("rb") as raw, mmap.mmap(raw.fileno(), 0, access=mmap.ACCESS_READ) as file:
        storages: dict[str, tuple[np.dtype, int]] = {}
        magic, protocol, system = (_load(file, storages) for _ in range(3))
        if magic != LEGACY_MAGIC or protocol != LEGACY_PROTOCOL:
            raise ValueError("it does not start with PyTorch's magic number")
        if not system["little_endian"]:
            raise ValueError("byte order big, only little is read")
        tree, keys = _load(file, storages), _load(file, storages)
        arrays = {}
        for key in keys:
            dtype, count = storages[key]
            if int.from_bytes(file.read(8), "little") != count:
                raise ValueError(f"storage {key} is not {count} values of {dtype}")
            if count * dtype.itemsize > path.stat().st_size - file.tell():
                raise ValueError(f"it is cut short inside storage {key}")
            arrays[key] = np.frombuffer(file.read(count * dtype.itemsize), dtype)
    return tree, arrays


def _resolve(tree: Any, arrays: dict[str, np.ndarray]) -> Any:
    """Replace every tensor of the tree by its array."""
    if isinstance(tree, _Tensor):
        return _array(arrays, *tree.view)
    if isinstance(tree, dict):
        return {key: _resolve(value, arrays) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return type(tree)(_resolve(value, arrays) for value in tree)
    return tree


def _array(arrays: dict, storage: str, offset: int, shape: tuple, strides: tuple) -> np.ndarray:
    flat = arrays[storage]
    if len(shape) != len(strides) or min((offset, *shape, *strides)) < 0:
        raise ValueError(f"malformed tensor: shape {shape}, strides {strides}, offset {offset}")
    last = offset + sum((n - 1) * s for n, s in zip(shape, strides, strict=True))
    # The second condition refuses a tiny storage repeated (stride 0) to fill the memory.
    if 0 not in shape and (last >= flat.size or math.prod(shape) > flat.size):
        raise ValueError(f"a tensor of shape {shape} reaches beyond its storage of {flat.size}")
    steps = [s * flat.itemsize for s in strides]
    return np.lib.stride_tricks.as_strided(flat[offset:], shape, steps, writeable=False).copy()
