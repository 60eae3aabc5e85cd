"""Named arrays in one safetensors file: readable everywhere, with nothing to execute.

8 bytes   length n of the header, little-endian
n bytes   JSON: {name: {"dtype", "shape", "data_offsets": [begin, end]}, "__metadata__": {}}
the rest  the arrays' bytes, one after the other, little-endian

The package safetensors writes the files and verifies what is read: sizes match shapes, offsets
neither overlap nor leave gaps, the header has at most 100 MB. Three things are done here:

  * Reading maps the file into memory. The package copies it, and lacks 8-bit floats for NumPy.
  * A header with a duplicate name is refused. The package takes the last of them.
  * Equal arrays and metadata give equal bytes. The package writes metadata in random order.
"""

import json
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from jaxgan.files.atomic import replacing

DTYPES = {
    "BOOL": np.dtype(bool),
    "U8": np.dtype("u1"),
    "U16": np.dtype("<u2"),
    "U32": np.dtype("<u4"),
    "U64": np.dtype("<u8"),
    "I8": np.dtype("i1"),
    "I16": np.dtype("<i2"),
    "I32": np.dtype("<i4"),
    "I64": np.dtype("<i8"),
    "F8_E4M3": np.dtype(ml_dtypes.float8_e4m3fn),
    "F8_E4M3FNUZ": np.dtype(ml_dtypes.float8_e4m3fnuz),
    "F8_E5M2": np.dtype(ml_dtypes.float8_e5m2),
    "F8_E5M2FNUZ": np.dtype(ml_dtypes.float8_e5m2fnuz),
    "F8_E8M0": np.dtype(ml_dtypes.float8_e8m0fnu),
    "BF16": np.dtype(ml_dtypes.bfloat16),
    "F16": np.dtype("<f2"),
    "F32": np.dtype("<f4"),
    "F64": np.dtype("<f8"),
    "C64": np.dtype("<c8"),
}


def write_tensors(path: Path, arrays: dict[str, np.ndarray], metadata: dict[str, str]) -> None:
    """Write arrays atomically. Raises ValueError for a dtype that is not in DTYPES."""
    for name, array in arrays.items():
        if array.dtype not in DTYPES.values():
            raise ValueError(f"{name} is {array.dtype}: a safetensors file cannot hold it")
    # The package takes the memory as it lies, whatever the strides.
    whole = {name: np.ascontiguousarray(a).reshape(a.shape) for name, a in arrays.items()}
    written = memoryview(save(whole, metadata or None))
    header, body = _parts(written)
    entries: dict[str, Any] = json.loads(bytes(header))
    if metadata:
        entries["__metadata__"] = dict(sorted(metadata.items()))
    text = json.dumps(entries).encode()
    text += b" " * (-len(text) % 8)  # the arrays start aligned
    with replacing(path) as temporary, temporary.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.write(body)


def read_tensors(path: Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Return arrays, as read-only views of the mapped file, and metadata. Trusts nothing in the
    file.

    Raises:
      ValueError: not a safetensors file, truncated, or with a header that contradicts its contents.
    """
    try:
        with safe_open(path, "numpy"):  # which checks all of the header, and reads no array
            header, body = _parts(np.memmap(path, np.uint8, "r"))
        entries = json.loads(bytes(header), object_pairs_hook=_unique)
        metadata = entries.pop("__metadata__", None) or {}
        arrays = {name: _array(body, name, entry) for name, entry in entries.items()}
    except (SafetensorError, ValueError, RecursionError) as error:
        said = str(error).removeprefix("Error while deserializing header: ")
        raise ValueError(f"{path} is not a safetensors file, or is damaged: {said}") from None
    return arrays, metadata


def _parts(data: Any) -> tuple[Any, Any]:
    """Return header and body of a file's bytes, as views."""
    end = 8 + int.from_bytes(bytes(data[:8]), "little")
    return data[8:end], data[end:]


def _array(body: np.ndarray, name: str, entry: dict) -> np.ndarray:
    if entry["dtype"] not in DTYPES:
        raise ValueError(f"{name} has the dtype {entry['dtype']}, which numpy does not")
    begin, end = entry["data_offsets"]
    return body[begin:end].view(DTYPES[entry["dtype"]]).reshape(entry["shape"])


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the pairs of a JSON object as a dictionary; refuse duplicate names."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"its header has {name!r} twice")
        found[name] = value
    return found
