from collections.abc import MutableMapping, MutableSequence

class BytesList:
    value: MutableSequence[bytes]

class Int64List:
    value: MutableSequence[int]

class FloatList:
    value: MutableSequence[float]

class Feature:
    bytes_list: BytesList
    int64_list: Int64List
    float_list: FloatList

class Features:
    feature: MutableMapping[str, Feature]

class Example:
    features: Features
    @classmethod
    def FromString(cls, data: bytes) -> Example: ...
    def SerializeToString(self, *, deterministic: bool) -> bytes: ...
