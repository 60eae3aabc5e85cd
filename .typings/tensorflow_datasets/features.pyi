from collections.abc import ItemsView, KeysView, Mapping
from collections.abc import Sequence as Names

import numpy as np

class FeatureConnector:
    shape: tuple[int | None, ...]
    np_dtype: type

class Image(FeatureConnector):
    def __init__(
        self, *, shape: tuple[int, int, int], dtype: np.dtype, encoding_format: str
    ) -> None: ...

class Json:
    encoding: str

class Tensor(FeatureConnector):
    def __init__(
        self, *, shape: tuple[int | None, ...], dtype: np.dtype, encoding: str = "none"
    ) -> None: ...
    def to_json_content(self) -> Json: ...

class ClassLabel(FeatureConnector):
    names: list[str]
    def __init__(self, *, names: Names[str]) -> None: ...

class Text(FeatureConnector): ...

class Sequence(FeatureConnector):
    def __init__(self, feature: FeatureConnector) -> None: ...

class FeaturesDict(FeatureConnector):
    def __init__(self, features: Mapping[str, FeatureConnector]) -> None: ...
    def __getitem__(self, key: str) -> FeatureConnector: ...
    def keys(self) -> KeysView[str]: ...
    def items(self) -> ItemsView[str, FeatureConnector]: ...
