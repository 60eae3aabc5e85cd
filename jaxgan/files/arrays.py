"""Named numpy arrays in an .npz file."""

from pathlib import Path

import numpy as np

from jaxgan.files.atomic import replacing


def write_npz(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Replace a file by these arrays; see `atomic.replacing`."""
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
