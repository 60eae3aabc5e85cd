"""Data sets on disk: TFDS-format ArrayRecord files, opened without TensorFlow.

A data set is a directory that `tfds.builder_from_directory` opens: `dataset_info.json`,
`features.json`, `label.labels.txt` and shards of `tf.train.Example` records with two features:

    image   uint8 or uint16, kept encoded (PNG or JPEG; zlib for arrays that PNG cannot hold)
    label   ClassLabel, int64

The directory may be one that `write.py` made or one that TFDS itself prepared (CIFAR-10, ...).
"""

import dataclasses
import json
import threading
import tokenize
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import tensorflow_datasets as tfds
from array_record.python.array_record_module import ArrayRecordReader
from tensorflow_datasets.proto import tf_example_pb2

from jaxgan.files.errors import one_line

EMBEDDED = "fashion_mnist"  # opens by name, with no path and no download
MANIFEST = "manifest.json"

# What NumPy raises: it reads an array's header as a Python literal.
DAMAGED_ARRAY = (ValueError, OSError, EOFError, SyntaxError, tokenize.TokenError, MemoryError)


class BadRecordError(ValueError):
    """A record that cannot be read or decoded; the message names the file and the index."""


@dataclasses.dataclass(frozen=True)
class Shard:
    """Records `skip` to `skip + take` of one file."""

    path: Path
    skip: int
    take: int
    total: int


@dataclasses.dataclass(frozen=True)
class Features:
    """What a record holds.

    shape is (height, width, channels); height and width are None where images differ in size.
    encoding is "image" (PNG or JPEG bytes), "bytes" or "zlib" (raw little-endian values).
    """

    shape: tuple[int | None, int | None, int]
    dtype: np.dtype
    encoding: str
    image_key: str
    label_key: str | None
    class_names: tuple[str, ...]


class Records:
    """A split of a data set: random access to encoded images and labels, from any thread."""

    def __init__(self, directory: Path, split: str, features: Features, shards: Sequence[Shard]):
        self.directory = directory
        self.split = split
        self.shape = features.shape
        self.dtype = features.dtype
        self.class_names = features.class_names
        self.num_classes = len(features.class_names)
        self.features = features
        self._shards = tuple(shards)
        self._starts = np.cumsum([0] + [shard.take for shard in shards])
        self._readers: dict[int, ArrayRecordReader] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return int(self._starts[-1])

    def __repr__(self) -> str:
        return f"Records({str(self.directory)!r}, split={self.split!r}, {len(self)} images)"

    def read(self, indices: Sequence[int]) -> list[tuple[bytes, int]]:
        """Return (encoded image, label) for each index.

        Raises:
          IndexError: an index outside [0, len).
          BadRecordError: a file or a record is damaged.
        """
        indices = np.asarray(indices, np.int64)
        if np.any((indices < 0) | (indices >= len(self))):
            raise IndexError(f"{self}: indices must be in [0, {len(self)}), got {indices}")
        owners = np.searchsorted(self._starts, indices, side="right") - 1
        examples: list = [None] * len(indices)
        for owner in np.unique(owners):
            (places,) = np.nonzero(owners == owner)
            shard = self._shards[owner]
            positions = (indices[places] - self._starts[owner] + shard.skip).tolist()
            try:
                raws = self._reader(owner).read(positions)
                for place, raw in zip(places, raws, strict=True):
                    examples[place] = parse_example(raw, self.features)
            except Exception as error:
                if len(positions) == 1:
                    raise BadRecordError(
                        f"{shard.path}: record {positions[0]} cannot be read ({one_line(error)})"
                    ) from error
                for place in places:  # one by one, to name the bad record
                    examples[place] = self.read(indices[place : place + 1])[0]
        return examples

    def labels(self) -> np.ndarray:
        """Return all labels, [len] int32: from `labels-SPLIT.npy`, else by reading every record."""
        saved = self.directory / f"labels-{self.split}.npy"
        if saved.exists():
            try:
                labels = np.load(saved, allow_pickle=False).astype(np.int32)
            except DAMAGED_ARRAY as error:
                raise ValueError(
                    f"{saved} is damaged; without it labels are read from the records"
                ) from error
            if labels.shape == (len(self),):
                return labels
        chunks = np.array_split(np.arange(len(self)), max(1, len(self) // 1024))
        pairs = (pair for chunk in chunks for pair in self.read(chunk))
        return np.fromiter((label for _, label in pairs), np.int32, len(self))

    def location(self, index: int) -> str:
        """Return "file: record k" for messages about the record at index."""
        owner = int(np.searchsorted(self._starts, index, side="right")) - 1
        shard = self._shards[owner]
        return f"{shard.path}: record {index - self._starts[owner] + shard.skip}"

    def overlap(self, other: "Records") -> int:
        """Return how many records this split and another share."""
        return sum(
            max(0, min(a.skip + a.take, b.skip + b.take) - max(a.skip, b.skip))
            for a in self._shards
            for b in other._shards
            if a.path == b.path
        )

    def manifest(self) -> dict | None:
        """Return manifest.json as `jaxgan prepare` wrote it, None for data sets made elsewhere."""
        path = self.directory / MANIFEST
        return json.loads(path.read_text("utf-8")) if path.exists() else None

    def _reader(self, owner: int) -> ArrayRecordReader:
        with self._lock:
            if owner not in self._readers:
                self._readers[owner] = open_shard(self._shards[owner])
            return self._readers[owner]


def open_records(directory: str | Path, split: str = "train") -> Records:
    """Open a split of a data set.

    Args:
      directory: a directory with dataset_info.json, or one above it (`.../cifar10` finds
        `.../cifar10/3.0.2`), or the name of the embedded data set, "fashion_mnist".
      split: a TFDS split, also sliced: "train", "train[:90%]".

    Raises:
      FileNotFoundError: no data set there, or a shard is missing.
      ValueError: not ArrayRecord, no such split, or features that hold no image.
    """
    found = find_data_set(directory)
    info = data_set_info(found)
    if info.file_format is not tfds.core.FileFormat.ARRAY_RECORD:
        raise ValueError(
            f"{found}: file format is {info.file_format.value!r}; convert it with "
            f"`jaxgan prepare {found} TARGET --split={split}`"
        )
    return Records(found, split, image_features(info.features, found), split_shards(info, split))


def data_set_info(directory: Path) -> tfds.core.DatasetInfo:
    """Read what a data set says of itself.

    Raises ValueError where that is damaged, or names classes that are not TFDS's own features: TFDS
    imports them, and to import is to run.
    """
    try:
        path = directory / "features.json"
        named = list(named_classes(json.loads(path.read_text("utf-8")))) if path.exists() else []
        foreign = [n for n in named if not n.startswith("tensorflow_datasets.core.features.")]
        if not foreign:
            return tfds.builder_from_directory(directory).info
    except Exception as error:  # TFDS raises many kinds on damaged files
        raise ValueError(
            f"{directory}: dataset_info.json or features.json is damaged ({one_line(error)})"
        ) from error
    raise ValueError(f"{path}: {foreign[0]!r} is not a feature of TFDS; only those are read")


def named_classes(value: object) -> Iterator[str]:
    """Yield every class that a features.json names, in JSON inside of its strings too."""
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
    shards = [Shard(Path(i.filename), i.skip, i.take, i.examples_in_shard) for i in instructions]
    for shard in shards:
        if not shard.path.is_file():  # the ArrayRecord reader itself would say "0 records"
            raise FileNotFoundError(f"{shard.path}: this file of the data set is missing")
    if not shards:
        raise ValueError(f"{info.data_dir}: split {split!r} is empty")
    return shards


def parse_example(raw: bytes, features: Features) -> tuple[bytes, int]:
    """Return (encoded image, label) of a serialized tf.train.Example; ValueError on damage."""
    feature = tf_example_pb2.Example.FromString(raw).features.feature
    (image,) = feature[features.image_key].bytes_list.value
    if features.label_key is None:
        return image, 0
    (label,) = feature[features.label_key].int64_list.value
    if not 0 <= label < len(features.class_names):
        raise ValueError(f"label {label} is outside [0, {len(features.class_names)})")
    return image, label


def open_shard(shard: Shard) -> ArrayRecordReader:
    """Open a file for random access; ValueError where it is damaged or cut short."""
    reader = ArrayRecordReader(str(shard.path), "readahead_buffer_size:0,max_parallelism:0")
    if reader.num_records() != shard.total:
        raise ValueError(f"{reader.num_records()} records in the file, expected {shard.total}")
    return reader


def find_data_set(directory: str | Path) -> Path:
    """Return the directory that holds dataset_info.json: this one, or one or two levels below."""
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


def image_features(features: tfds.features.FeaturesDict, directory: Path) -> Features:
    """Choose "image" and "label", or the first of their kinds; without a label, one class."""

    def first(kind, preferred):
        keys = [key for key, feature in features.items() if isinstance(feature, kind)]
        return preferred if preferred in keys else (keys or [None])[0]

    label_key = first(tfds.features.ClassLabel, "label")
    names = tuple(features[label_key].names) if label_key else ("image",)
    image_key = first(tfds.features.Image, "image")
    if image_key:
        image, encoding = features[image_key], "image"
    elif "image" in features and isinstance(features["image"], tfds.features.Tensor):
        image_key, image = "image", features["image"]
        encoding = image.to_json_content().encoding
    else:
        image, encoding = None, None
    dtype = np.dtype(image.np_dtype) if image is not None else None
    open_shape = encoding != "image" and image is not None and None in image.shape
    wrong = dtype not in (np.uint8, np.uint16) or len(image.shape) != 3 or encoding == "none"
    if wrong or open_shape:
        raise ValueError(
            f"{directory}: no uint8 or uint16 image of [height, width, channels] among the "
            f"features {dict(features)}"
        )
    return Features(tuple(image.shape), dtype, encoding, image_key, label_key, names)
