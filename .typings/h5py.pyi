# What jaxgan uses of h5py, which has no annotations.
from collections.abc import ItemsView
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

class Group:
    def items(self) -> ItemsView[str, Group | Dataset]: ...
    def __getitem__(self, name: str) -> Group | Dataset: ...

class File(Group):
    def __init__(self, name: str | Path, mode: str) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

class Dataset:
    shape: tuple[int, ...]
    dtype: np.dtype
    def __getitem__(self, place: slice) -> np.ndarray: ...
