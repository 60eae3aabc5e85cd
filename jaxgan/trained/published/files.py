"""Named arrays in the file formats in which weights are published. No file can run code here.

.pth .pt .bin   PyTorch, by a restricted reader
.npz            NumPy, without pickles
.safetensors
a directory     a TensorFlow saved model, or its `variables` directory
"""

import zipfile
from pathlib import Path

import numpy as np

from jaxgan.data.records import DAMAGED_ARRAY
from jaxgan.files.arrays import write_npz
from jaxgan.files.tensors import read_tensors, write_tensors
from jaxgan.files.torch_files import read_torch_file
from jaxgan.trained.published.tensor_bundle import read_bundle


def read_arrays(path: str | Path) -> dict[str, np.ndarray]:
    """Return {name: array}.

    Raises:
      FileNotFoundError: no such file.
      ValueError: damaged, or not a file of named arrays.
    """
    path = Path(path)
    if path.is_dir():
        for index in (path / "variables" / "variables.index", path / "variables.index"):
            if index.is_file():
                return read_bundle(index.with_suffix(""))
        raise FileNotFoundError(f"{path}: no variables/variables.index of a saved model in it")
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    if path.suffix == ".npz":
        try:
            with np.load(path, allow_pickle=False) as file:
                return {name: file[name] for name in file.files}
        except (*DAMAGED_ARRAY, zipfile.BadZipFile) as error:
            raise ValueError(f"{path} is damaged, or no .npz of plain arrays: {error}") from None
    if path.suffix == ".safetensors":
        return read_tensors(path)[0]
    arrays = read_torch_file(path)
    if not isinstance(arrays, dict) or not all(isinstance(x, np.ndarray) for x in arrays.values()):
        raise ValueError(
            f"{path} is not a state dict: write the file of a network, not of training"
        )
    return arrays


def write_arrays(path: str | Path, arrays: dict[str, np.ndarray]) -> None:
    """Write {name: array} to an .npz or a .safetensors file. ValueError for another suffix."""
    path = Path(path)
    if path.suffix == ".safetensors":
        write_tensors(path, arrays, {})
    elif path.suffix == ".npz":
        write_npz(path, arrays)
    else:
        raise ValueError(f"{path}: write a name that ends in .npz or .safetensors")
