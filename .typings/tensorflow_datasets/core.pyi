import enum
from collections.abc import Sequence
from pathlib import Path

from etils import epath
from tensorflow_datasets.features import FeatureConnector

class FileFormat(enum.Enum):
    ARRAY_RECORD = "array_record"
    TFRECORD = "tfrecord"

class Version:
    def __init__(self, version: str) -> None: ...

class ShardedFileTemplate:
    def __init__(
        self, *, data_dir: epath.Path, dataset_name: str, split: str, filetype_suffix: str
    ) -> None: ...

class FileInstruction:
    filename: str
    skip: int
    take: int
    examples_in_shard: int

class SplitInfo:
    file_instructions: list[FileInstruction]
    def __init__(
        self,
        *,
        name: str,
        shard_lengths: list[int],
        num_bytes: int,
        filename_template: ShardedFileTemplate,
    ) -> None: ...

class SplitDict(dict[str, SplitInfo]):
    def __init__(self, split_infos: Sequence[SplitInfo]) -> None: ...

class DatasetIdentity:
    def __init__(self, *, name: str, version: Version, data_dir: str, module_name: str) -> None: ...

class DatasetInfo:
    features: FeatureConnector
    file_format: FileFormat
    splits: SplitDict
    data_dir: str
    def __init__(self, *, builder: DatasetIdentity, features: FeatureConnector) -> None: ...
    def set_file_format(self, file_format: str) -> None: ...
    def set_splits(self, split_dict: SplitDict) -> None: ...
    def write_to_directory(self, dataset_info_dir: Path) -> None: ...
