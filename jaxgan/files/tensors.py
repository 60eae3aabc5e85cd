"""Named arrays in one file, in the safetensors format: readable everywhere, nothing to execute.

8 bytes   length n of the header, little-endian
n bytes   JSON: {name: {"dtype", "shape", "data_offsets": [begin, end]}, "__metadata__": {}}
the rest  the arrays' bytes, one after the other, little-endian
"""

import json
import math
from pathlib import Path

import numpy as np

from jaxgan.files.atomic import write_bytes

DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "U8": "u1"}
NAMES = {np.dtype(d): name for name, d in DTYPES.items()}
MOST_HEADER = 100_000_000  # bytes, the format's own limit


def write_tensors(path: Path, arrays: dict[str, np.ndarray], metadata: dict[str, str]) -> None:
    """Write arrays atomically. Their dtypes must be among DTYPES (KeyError)."""
    header: dict = {"__metadata__": metadata}
    end = 0
    for name, array in arrays.items():
        begin, end = end, end + array.nbytes
        header[name] = {
            "dtype": NAMES[array.dtype],
            "shape": list(array.shape),
            "data_offsets": [begin, end],
        }
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)  # the arrays start aligned
    parts = (np.ascontiguousarray(a).tobytes() for a in arrays.values())
    write_bytes(path, len(text).to_bytes(8, "little") + text + b"".join(parts))


def read_tensors(path: Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Return arrays and metadata of a file. Trusts nothing in it.

    Raises:
      ValueError: not such a file, cut short, or with a header that does not fit its contents.
    """
    data = np.memmap(path, np.uint8, "r") if path.stat().st_size else np.zeros(0, np.uint8)
    length = int.from_bytes(data[:8].tobytes(), "little")
    if len(data) < 8 or length > min(MOST_HEADER, len(data) - 8):
        raise ValueError(f"{path} is not a safetensors file, or is cut short")
    try:
        header = json.loads(data[8 : 8 + length].tobytes())
        metadata = header.pop("__metadata__", {})
        body = data[8 + length :]
        arrays = {name: _array(body, name, entry) for name, entry in header.items()}
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise ValueError(f"{path}: its header does not fit its contents: {error}") from None
    return arrays, metadata


def _array(body: np.ndarray, name: str, entry: dict) -> np.ndarray:
    begin, end = entry["data_offsets"]
    dtype, shape = np.dtype(DTYPES[entry["dtype"]]), tuple(entry["shape"])
    if not 0 <= begin <= end <= len(body) or min(shape, default=1) < 0:
        raise ValueError(f"{name} lies outside the file")
    if end - begin != math.prod(shape) * dtype.itemsize:
        raise ValueError(f"{name} has {end - begin} bytes for the shape {list(shape)}")
    return body[begin:end].view(dtype).reshape(shape)
