# What jaxgan uses of TensorFlow Datasets, which has annotations of its internals alone.
from pathlib import Path

from tensorflow_datasets import core as core
from tensorflow_datasets import features as features

class DatasetBuilder:
    info: core.DatasetInfo

def builder_from_directory(builder_dir: str | Path) -> DatasetBuilder: ...
