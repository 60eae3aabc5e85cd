"""What a data set on disk says about itself: its directory, features, splits and files.

TFDS reads `dataset_info.json` and `features.json` without TensorFlow; no code that they name is
run.
"""

import dataclasses
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import tensorflow_datasets as tfds

from jaxgan.files import limits
from jaxgan.files.copies import copied
from jaxgan.files.errors import one_line
from jaxgan.files.objects import is_url
from jaxgan.media.decode import Features

EMBEDDED = "fashion_mnist"  # opens by name, with no path and no download


@dataclasses.dataclass(frozen=True)
class Shard:
    """Records `skip` to `skip + take` of one file, which holds `total`.

    split: the whole split that the file belongs to. first: number of records of that split before
    this file.
    """

    path: Path
    skip: int
    take: int
    total: int
    split: str
    first: int


def find_data_set(directory: str | Path) -> Path:
    """Return the directory that holds dataset_info.json: this one, or one or two levels below.

    A data set at a URL, such as s3://bucket/data, is copied to this machine (files/copies.py).

    Raises FileNotFoundError if there is none, ValueError if there are several.
    """
    if not str(directory):
        raise FileNotFoundError("the name of the data set is empty: write its directory")
    if is_url(directory):
        return copied(str(directory))
    directory = Path(directory)
    if str(directory) == EMBEDDED and not directory.exists():
        return Path(__file__).parent / EMBEDDED
    for pattern in ("dataset_info.json", "*/dataset_info.json", "*/*/dataset_info.json"):
        found = sorted(directory.glob(pattern))
        if len(found) == 1:
            return found[0].parent
        if found:
            choices = ", ".join(str(path.parent) for path in found)
            raise ValueError(f"{directory} holds several data sets; write one of {choices}")
    raise FileNotFoundError(
        f"{directory}: no dataset_info.json there; write the directory that `jaxgan prepare` or "
        f"TFDS made, or {EMBEDDED!r} for the embedded data set"
    )


def image_features(features: tfds.features.FeatureConnector, directory: Path) -> Features:
    """Choose the features "image" and "label", or the first of their kinds; one class without a
    label.

    Raises ValueError if no feature is an image or an array that is stored as bytes.
    """

    named = dict(features) if isinstance(features, tfds.features.FeaturesDict) else {}

    def first(kind: type, preferred: str) -> str | None:
        keys = [key for key, feature in named.items() if isinstance(feature, kind)]
        return preferred if preferred in keys else next(iter(keys), None)

    label_key = first(tfds.features.ClassLabel, "label")
    label = named[label_key] if label_key else None
    names = tuple(label.names) if isinstance(label, tfds.features.ClassLabel) else ("image",)
    image_key = first(tfds.features.Image, "image") or "image"
    image = named.get(image_key)
    if isinstance(image, tfds.features.Image | tfds.features.Tensor) and len(image.shape) > 1:
        is_tensor = isinstance(image, tfds.features.Tensor)
        encoding = image.to_json_content().encoding if is_tensor else "image"
        dtype = np.dtype(image.np_dtype)
        known = dtype in (np.uint8, np.uint16, np.int16) and encoding != "none"
        open_size = encoding != "image" and None in image.shape
        if known and image.shape[-1] is not None and not open_size:
            return Features(
                tuple(image.shape), dtype, encoding, image_key, label_key, names, text_dim(named)
            )
    raise ValueError(
        f"{directory}: no uint8 or uint16 image of [height, width, channels], nor an array of "
        f"another medium that is stored as bytes, among the features {named}"
    )


def text_dim(named: Mapping[str, tfds.features.FeatureConnector]) -> int:
    """Return the length of the text vectors of a data set's captions; 0 without captions."""
    vectors = named.get("vectors")
    if "captions" not in named or not isinstance(vectors, tfds.features.Tensor):
        return 0
    is_table = len(vectors.shape) == 2 and np.dtype(vectors.np_dtype) == np.float32
    return vectors.shape[1] or 0 if is_table else 0


def data_set_info(directory: Path) -> tfds.core.DatasetInfo:
    """Read what a data set says about itself.

    Raises ValueError if it is damaged, or if it names classes other than TFDS's own features: TFDS
    would import them, and importing runs code.
    """
    try:
        path = directory / "features.json"
        named = list(named_classes(json.loads(path.read_text("utf-8")))) if path.exists() else []
        foreign = [n for n in named if not n.startswith("tensorflow_datasets.core.features.")]
        if not foreign:
            return tfds.builder_from_directory(directory).info
    except Exception as error:  # TFDS raises many kinds on damaged files
        limits.pass_on(error)
        raise ValueError(
            f"{directory}: dataset_info.json or features.json is damaged ({one_line(error)})"
        ) from error
    raise ValueError(f"{path}: {foreign[0]!r} is not a feature of TFDS; only those are read")


def named_classes(value: object) -> Iterator[str]:
    """Yield every class that a features.json names, including those in JSON inside its strings."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        value = json.loads(value)
    if isinstance(value, list):
        value = dict(enumerate(value))
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in ("pythonClassName", "python_class_name", "type") and isinstance(inner, str):
                yield inner
            else:
                yield from named_classes(inner)


def split_shards(info: tfds.core.DatasetInfo, split: str) -> list[Shard]:
    """Return the files of a split, which may be sliced. Raises as open_records."""
    try:
        instructions = info.splits[split].file_instructions
    except (KeyError, ValueError) as error:
        raise ValueError(
            f"{info.data_dir}: no split {split!r}; write one of {sorted(info.splits)}"
        ) from error
    places = {}  # {file: (its split, number of records of that split before it)}
    for name, whole in info.splits.items():
        first = 0
        for i in whole.file_instructions:
            places[i.filename] = (name, first)
            first += i.examples_in_shard
    shards = [
        Shard(Path(i.filename), i.skip, i.take, i.examples_in_shard, *places[i.filename])
        for i in instructions
    ]
    for shard in shards:
        if not shard.path.is_file():  # the ArrayRecord reader itself would say "0 records"
            raise FileNotFoundError(f"{shard.path}: this file of the data set is missing")
    if not shards:
        raise ValueError(f"{info.data_dir}: split {split!r} is empty")
    return shards
