"""Data sets on disk: TFDS-format ArrayRecord files, opened without TensorFlow.

A data set is a directory that `tfds.builder_from_directory` opens: `dataset_info.json`,
`features.json`, `label.labels.txt` and shards of `tf.train.Example` records with two features:

    image   uint8 or uint16, stored encoded (PNG or JPEG; zlib for arrays that PNG cannot hold, and
            for samples of other media: waves int16, volumes, clips)
    label   ClassLabel, int64

and two more for images with captions (media/captions.py):

    captions   [k] text
    vectors    [k, text_dim] float32, the captions' text vectors

The directory may come from write.py or from TFDS itself (CIFAR-10, ...).
"""

import bisect
import collections
import hashlib
import json
import logging
import resource
import threading
import tokenize
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import tensorflow_datasets as tfds

from jaxgan.data.description import (
    Shard,
    data_set_info,
    find_data_set,
    image_features,
    split_shards,
)
from jaxgan.data.example import Example, content_hash, serialize
from jaxgan.data.labels import FileLabels, Labels, in_chunks
from jaxgan.data.open_shard import OpenShard
from jaxgan.data.whole_files import file_numbers, with_whole_files
from jaxgan.files import limits
from jaxgan.files.atomic import sha256
from jaxgan.files.errors import one_line
from jaxgan.files.rows import Rows
from jaxgan.media.decode import Features

MANIFEST = "manifest.json"
log = logging.getLogger(__name__)

# What NumPy raises on damage: it parses an array's header as a Python literal.
DAMAGED_ARRAY = (ValueError, OSError, EOFError, SyntaxError, tokenize.TokenError, MemoryError)


MOST_LABEL_BYTES = 1 << 26  # of labels in memory, for a data set without a labels file


class BadRecordError(ValueError):
    """A record that cannot be read or decoded; the message names the file and the index."""


class Records:
    """A split of a data set: random access to encoded images and labels, from any thread.

    shape, dtype: of a stored image; see media/decode.py, Features.
    are_arrays: whether images are stored as plain arrays, all of one shape.
    """

    def __init__(self, directory: Path, split: str, features: Features, shards: Sequence[Shard]):
        self.directory = directory
        self.split = split
        self.shape = features.shape
        self.dtype = features.dtype
        self.class_names = features.class_names
        self.num_classes = len(features.class_names)
        self.features = features
        self._shards = tuple(shards)
        self._starts = np.cumsum([0] + [shard.take for shard in shards]).tolist()
        self._most_open = most_open()
        self._open: collections.OrderedDict[int, OpenShard] = collections.OrderedDict()
        plain = features.encoding == "bytes" and None not in features.shape
        self.are_arrays = plain and not features.text_dim
        self._content_hash: str | None = None
        self._labels: Labels | None = None
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return self._starts[-1]

    def __repr__(self) -> str:
        return f"Records({str(self.directory)!r}, split={self.split!r}, {len(self)} images)"

    def read(self, indices: Sequence[int] | np.ndarray) -> list[tuple[bytes, int]]:
        """Return (encoded image, label) for each index.

        Raises:
          IndexError: an index outside [0, len).
          BadRecordError: a file or a record is damaged.
          MemoryError, OSError: a limit of the machine, such as open files.
        """
        return [(example.image, example.label) for example in self.examples(indices)]

    def examples(self, indices: Sequence[int] | np.ndarray) -> list[Example]:
        """Return the whole content of each record in `indices`. Raises as `read`."""
        wanted = self._checked(np.asarray(indices, np.int64).tolist())
        found, place = [], 0
        while place < len(wanted):  # runs of records that follow each other in a file
            first, end = wanted[place], place + 1
            owner = bisect.bisect_right(self._starts, first) - 1
            last = min(len(wanted), place + self._starts[owner + 1] - first)
            while end < last and wanted[end] == first + end - place:
                end += 1
            position = first - self._starts[owner] + self._shards[owner].skip
            found += self._run(owner, position, end - place)
            place = end
        return found

    def arrays(self, indices: np.ndarray, images: np.ndarray) -> np.ndarray:
        """Read images that are stored as plain arrays into `images`; return their labels, [n]
        int32.

        images: [n, *shape] of the data set's dtype, written to.

        Raises as `read`, except that a BadRecordError does not name the record.
        """
        wanted, labels = self._checked(indices.tolist()), np.empty(len(indices), np.int32)
        data, size = images.reshape(-1).view(np.uint8).data, images[:1].nbytes
        try:
            for i, index in enumerate(wanted):
                owner = bisect.bisect_right(self._starts, index) - 1
                position = index - self._starts[owner] + self._shards[owner].skip
                place = data[i * size : (i + 1) * size]
                labels[i] = self._opened(owner).image_into(position, place)
        except Exception as error:
            limits.pass_on(error)
            raise BadRecordError(f"{self}: a record cannot be read") from error
        return labels

    def _checked(self, indices: list[int]) -> list[int]:
        if indices and not 0 <= min(indices) <= max(indices) < len(self):
            raise IndexError(f"{self}: indices must be in [0, {len(self)}), got {indices}")
        return indices

    def _run(self, owner: int, first: int, count: int) -> list[Example]:
        try:
            return self._opened(owner).examples(first, count)
        except Exception as error:
            limits.pass_on(error)
            if count == 1:
                path = self._shards[owner].path
                raise BadRecordError(
                    f"{path}: record {first} cannot be read ({one_line(error)})"
                ) from error
        # Read them one by one, to name the bad record.
        return [example for i in range(count) for example in self._run(owner, first + i, 1)]

    def labels(self) -> np.ndarray:
        """Return all labels, [len] int32, in memory; see `stored_labels`."""
        return np.concatenate([np.empty(0, np.int32), *self.label_chunks()], dtype=np.int32)

    def label_chunks(self) -> Iterator[np.ndarray]:
        """Yield all labels in order, in chunks of up to 2^20."""
        return in_chunks(self.stored_labels())

    def stored_labels(self) -> Labels:
        """Return all labels, left in their file or in as few bytes as they need.

        `jaxgan prepare` writes them to a file of their own. If it is missing or damaged, every
        record is read once instead.
        """
        if self._labels is None:
            self._labels = self._saved_labels()
        if self._labels is None:
            rows, number = Rows(MOST_LABEL_BYTES), np.min_scalar_type(self.num_classes - 1)
            for chunk in self._chunks():
                rows.add(np.array([label for _, label in self.read(chunk)], number))
            self._labels = rows.array()
        return self._labels

    def content_hash(self) -> str:
        """Return a hash of the images' bytes, their labels, order, format and class names.

        It comes from the manifest if this is all of a prepared data set; otherwise every record is
        read once. It does not depend on the path, or on how records are split into files.
        """
        if self._content_hash is None:
            self._content_hash = self._hash_in_manifest() or content_hash(
                self.features,
                (
                    hashlib.sha256(serialize(*example)).digest()
                    for chunk in self._chunks()
                    for example in self.examples(chunk)
                ),
            )
        return self._content_hash

    def location(self, index: int) -> str:
        """Return "FILE: record K" for the record at `index`, for messages."""
        owner = int(np.searchsorted(self._starts, index, side="right")) - 1
        shard = self._shards[owner]
        return f"{shard.path}: record {index - self._starts[owner] + shard.skip}"

    def overlap(self, other: "Records") -> int:
        """Return the number of records that this split shares with another."""
        return sum(
            max(0, min(a.skip + a.take, b.skip + b.take) - max(a.skip, b.skip))
            for a in self._shards
            for b in other._shards
            if a.path == b.path
        )

    def manifest(self) -> dict | None:
        """Return the manifest.json that `jaxgan prepare` wrote; None for data sets made elsewhere.

        Raises ValueError if it is damaged.
        """
        path = self.directory / MANIFEST
        if not path.exists():
            return None
        try:
            return dict(json.loads(path.read_text("utf-8")).items())
        except (ValueError, AttributeError) as error:
            raise ValueError(f"{path} is damaged ({one_line(error)}); restore it") from error

    def files(self) -> np.ndarray | None:
        """Return the number of the file that each record was cut from, [len]; None unless files
        give several records, which stay together (data/whole_files.py)."""
        counts = (self.manifest() or {}).get("files")
        return file_numbers(self._shards, counts) if counts else None

    def _hash_in_manifest(self) -> str | None:
        """Return the manifest's content hash if it covers exactly these records, else None."""
        manifest = self.manifest()
        if manifest is None:
            return None
        whole = all(shard.skip == 0 and shard.take == shard.total for shard in self._shards)
        paths = [shard.path for shard in self._shards]
        same = (
            whole
            and paths == sorted(set(paths))
            and len(self) == manifest.get("num_images")
            and list(self.class_names) == list(manifest.get("classes", ()))
            and sum(path.stat().st_size for path in paths) == manifest.get("num_bytes")
        )
        return manifest.get("content_hash") if same else None

    def _saved_labels(self) -> FileLabels | None:
        """Return these records' labels from their file; None if it is missing or damaged."""
        index = (self.manifest() or {}).get("labels")
        if not index or any(labels_file(shard.split) != index["file"] for shard in self._shards):
            return None
        path = self.directory / index["file"]
        if not path.exists() or sha256(path) != index.get("sha256"):
            log.warning("%s is missing or damaged; labels are read from the records", path)
            return None
        whole = np.load(path, mmap_mode="r", allow_pickle=False)  # nothing is read yet
        parts = [(shard.first + shard.skip, shard.take) for shard in self._shards]
        if any(first + count > len(whole) for first, count in parts):
            return None
        return FileLabels(path, whole.dtype, whole.offset, parts)

    def _chunks(self) -> Iterator[np.ndarray]:
        for start in range(0, len(self), 1024):
            yield np.arange(start, min(start + 1024, len(self)))

    def _opened(self, owner: int) -> OpenShard:
        with self._lock:
            if owner not in self._open:
                self._open[owner] = OpenShard(self._shards[owner], self.features)
            self._open.move_to_end(owner)
            if len(self._open) > self._most_open:
                self._open.popitem(last=False)  # closed once no thread reads from it
            return self._open[owner]


def open_records(directory: str | Path, split: str = "train") -> Records:
    """Open a split of a data set.

    Args:
      directory: a directory with dataset_info.json, or one above it (`.../cifar10` finds
        `.../cifar10/3.0.2`), or the name of the embedded data set, "fashion_mnist".
      split: a TFDS split, sliced or not: "train", "train[:90%]".

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
    shards = split_shards(info, split)
    records = Records(found, split, image_features(info.features, found), shards)
    counts = (records.manifest() or {}).get("files")
    if not counts:
        return records
    shards = with_whole_files(shards, split_shards(info, shards[0].split), counts)
    if not shards:
        raise ValueError(
            f"{found}: split {split!r} is less than half a file: its records were cut from "
            f"{len(counts)} files, which stay whole; write a larger slice"
        )
    return Records(found, split, records.features, shards)


def labels_file(split: str) -> str:
    """Return the name of a split's labels file: an array [n] of the smallest unsigned type."""
    return f"labels-{split}.npy"


def most_open() -> int:
    """Return how many shards a split may keep open: each counts towards the process's open files.

    A run has two splits, checkpoints and connections; a shard may be opened twice (OpenShard).
    """
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return 1024 if files == resource.RLIM_INFINITY else min(max(files // 8, 1), 1024)
