"""Write TFDS-format ArrayRecord data sets without TensorFlow; `records.py` documents the format.

Shards are written and hashed one by one: `records.content_hash` depends on the records and their
order, not on how they are split into files.
"""

import contextlib
import dataclasses
import hashlib
import io
import itertools
import json
import re
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import tensorflow_datasets as tfds
from array_record.python.array_record_module import ArrayRecordWriter
from etils import epath
from PIL import Image

from jaxgan.data.example import Example, content_hash, serialize
from jaxgan.data.records import MANIFEST, labels_file
from jaxgan.files import atomic
from jaxgan.files.errors import one_line
from jaxgan.media.decode import Features

INFO = "dataset_info.json"
SPLIT = "train"  # of everything that `prepare` makes


@dataclasses.dataclass(frozen=True)
class ImageFormat:
    """How images are stored.

    shape: (height, width, channels). dtype: "uint8" or "uint16". encoding: "png", "jpeg" or "zlib".
    PNG holds 1 to 4 channels of 8 bits or one of 16 bits (Pillow has no 16-bit colour); JPEG holds
    1 or 3 of 8 bits; "zlib" holds anything, as a TFDS Tensor feature: arrays of other media, of any
    shape, also "int16".
    """

    shape: tuple[int, ...]
    dtype: str = "uint8"
    encoding: str = "png"
    quality: int = 95

    def __post_init__(self):
        channels = self.shape[-1]
        is_image = len(self.shape) == 3 and self.dtype != "int16"
        if self.dtype not in ("uint8", "uint16", "int16"):
            raise ValueError(f"dtype is {self.dtype!r}; write 'uint8' or 'uint16'")
        if self.encoding not in ("png", "jpeg", "zlib"):
            raise ValueError(f"format is {self.encoding!r}; write 'png' or 'jpeg'")
        if not 1 <= self.quality <= 100:
            raise ValueError(f"quality is {self.quality}; write a number from 1 to 100")
        if (
            self.encoding == "jpeg"
            and is_image
            and (channels not in (1, 3) or self.dtype != "uint8")
        ):
            raise ValueError(
                f"JPEG cannot hold {channels} channels of {self.dtype}; write format 'png'"
            )
        if not is_image or (
            self.encoding == "png" and channels > (4 if self.dtype == "uint8" else 1)
        ):
            object.__setattr__(self, "encoding", "zlib")

    def encode(self, image: np.ndarray) -> bytes:
        """Encode one image of this shape and dtype."""
        if image.shape != self.shape or image.dtype != self.dtype:
            raise ValueError(
                f"image is {image.dtype} {image.shape}, expected {self.dtype} {self.shape}"
            )
        if self.encoding == "zlib":
            return zlib.compress(image.astype(image.dtype.newbyteorder("<")).tobytes(), 6)
        picture = Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)
        out = io.BytesIO()
        # 4:4:4, because a discriminator sees halved chroma at small sizes.
        options = {"quality": self.quality, "subsampling": 0} if self.encoding == "jpeg" else {}
        picture.save(out, self.encoding, **options)
        return out.getvalue()

    @property
    def image_bytes(self) -> int:
        """Size of one decoded image."""
        return int(np.prod(self.shape)) * np.dtype(self.dtype).itemsize

    def feature(self) -> tfds.features.FeatureConnector:
        """Return the TFDS feature that describes this format."""
        dtype = np.dtype(self.dtype)
        if self.encoding == "zlib":
            return tfds.features.Tensor(shape=self.shape, dtype=dtype, encoding="zlib")
        height, width, channels = self.shape
        shape = height, width, channels
        return tfds.features.Image(shape=shape, dtype=dtype, encoding_format=self.encoding)

    def features(self, class_names: Iterable[str]) -> Features:
        """Return the features of records in this format, as `records.image_features` reads them."""
        encoding = "zlib" if self.encoding == "zlib" else "image"
        dtype, names = np.dtype(self.dtype), tuple(class_names)
        return Features(self.shape, dtype, encoding, "image", "label", names)

    def writer_options(self) -> str:
        """Return ArrayRecord's options.

        One record per chunk is fastest to read, but costs 60 bytes per image: tiny images share
        one.
        """
        tiny = np.prod(self.shape) < 2048
        return "group_size:32" if tiny else "group_size:1,uncompressed"


@dataclasses.dataclass
class ShardReport:
    """The content of a written file. digests: the SHA-256 of each record, concatenated, in hex."""

    labels: list[int]
    num_bytes: int
    digests: str
    file_bytes: int


def write_shard(
    path: Path, records: Iterable[tuple[bytes, int] | Example], image_format: ImageFormat
) -> ShardReport:
    """Write (encoded image, label) records to one file, which appears only when it is complete.

    records: Examples if images have captions.

    Raises OSError if it cannot be written.
    """
    labels, num_bytes, digests = [], 0, bytearray()
    with atomic.replacing(path) as temporary:
        writer = ArrayRecordWriter(str(temporary), image_format.writer_options())
        try:
            for record in records:
                example = record if isinstance(record, Example) else Example(*record)
                raw = serialize(example.image, example.label, example.texts)
                written(path, writer.write, raw)
                labels.append(int(example.label))
                num_bytes += len(raw)
                digests += hashlib.sha256(raw).digest()
            written(path, writer.close)  # writes are buffered, so a full disk may show here
        except BaseException:
            with contextlib.suppress(RuntimeError):
                writer.close()
            raise
    return ShardReport(labels, num_bytes, digests.hex(), path.stat().st_size)


def written(path: Path, write: Callable, *arguments: bytes) -> None:
    """Call write(*arguments); an error is raised as an OSError that names the path."""
    try:
        write(*arguments)
    except (OSError, RuntimeError) as error:  # RuntimeError: the ArrayRecord library's
        raise OSError(f"{path}: cannot be written ({one_line(error)})") from error


def shard_path(directory: Path, split: str, shard: int, num_shards: int) -> Path:
    """Return the file of a shard, named as TFDS names it."""
    name = f"{dataset_name(directory)}-{split}.array_record-{shard:05d}-of-{num_shards:05d}"
    return directory / name


def dataset_name(directory: Path) -> str:
    """Return a name that TFDS accepts, made from the directory's."""
    name = re.sub(r"\W+", "_", directory.resolve().name, flags=re.ASCII).strip("_").lower()
    return name if name[:1].isalpha() else f"images_{name}"


def finish(
    directory: Path,
    split: str,
    image_format: ImageFormat,
    class_names: Iterable[str],
    reports: list[ShardReport],
    extra: dict,
    text_dim: int = 0,
) -> dict:
    """Write the labels, the manifest and, last, the TFDS description; return the manifest.

    The manifest holds num_images, classes {name: count}, content_hash, num_bytes, labels (the file
    of all labels and its SHA-256), format, and extra. text_dim: of the captions' vectors, if any.
    """
    class_names = list(class_names)
    labels = np.array([label for report in reports for label in report.labels], np.int32)
    counts = np.bincount(labels, minlength=len(class_names))
    digests = (bytes.fromhex(report.digests) for report in reports)
    smallest = io.BytesIO()
    np.save(smallest, labels.astype(np.min_scalar_type(max(1, len(class_names) - 1))))
    atomic.write_bytes(directory / labels_file(split), smallest.getvalue())
    manifest = {
        "num_images": len(labels),
        "classes": dict(zip(class_names, counts.tolist(), strict=True)),
        "content_hash": content_hash(image_format.features(class_names), digests),
        "num_bytes": sum(report.file_bytes for report in reports),
        "labels": {
            "file": labels_file(split),
            "sha256": hashlib.sha256(smallest.getvalue()).hexdigest(),
        },
        "format": dataclasses.asdict(image_format) | {"shape": list(image_format.shape)},
        **extra,
    }
    info = tfds.core.DatasetInfo(
        builder=tfds.core.DatasetIdentity(
            name=dataset_name(directory),
            version=tfds.core.Version("1.0.0"),
            data_dir=str(directory),
            module_name="",
        ),
        features=tfds.features.FeaturesDict(
            {
                "image": image_format.feature(),
                "label": tfds.features.ClassLabel(names=class_names),
                **(text_features(text_dim) if text_dim else {}),
            }
        ),
    )
    template = tfds.core.ShardedFileTemplate(
        data_dir=epath.Path(directory),
        dataset_name=dataset_name(directory),
        split=split,
        filetype_suffix="array_record",
    )
    split_info = tfds.core.SplitInfo(
        name=split,
        shard_lengths=[len(report.labels) for report in reports],
        num_bytes=sum(report.num_bytes for report in reports),
        filename_template=template,
    )
    info.set_file_format("array_record")
    info.set_splits(tfds.core.SplitDict([split_info]))
    write_json(directory / MANIFEST, manifest)
    folder = directory / ".info"  # dataset_info.json moves last: with it the data set is complete
    folder.mkdir(exist_ok=True)
    info.write_to_directory(folder)
    for file in sorted(folder.iterdir(), key=lambda file: file.name == INFO):
        atomic.write_bytes(directory / file.name, file.read_bytes())
        file.unlink()
    folder.rmdir()
    return manifest


def text_features(text_dim: int) -> dict[str, tfds.features.FeatureConnector]:
    """Return the TFDS features of captions with vectors of this length."""
    return {
        "captions": tfds.features.Sequence(tfds.features.Text()),
        "vectors": tfds.features.Tensor(shape=(None, text_dim), dtype=np.dtype(np.float32)),
    }


def write_records(
    directory: str | Path,
    examples: Iterable[tuple[np.ndarray, int]],
    class_names: Iterable[str],
    image_format: ImageFormat,
    split: str = "train",
    num_examples: int | None = None,
    shards: int = 1,
) -> dict:
    """Write a data set from (image, label) pairs in memory or streamed; return its manifest.

    Args:
      examples: images of image_format.shape and dtype, labels in [0, len(class_names)).
      num_examples: number of them; needed for more than one shard.
    """
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    if num_examples is None:
        examples = list(examples)
        num_examples = len(examples)
    bounds = np.linspace(0, num_examples, shards + 1).astype(int)
    encoded = ((image_format.encode(image), label) for image, label in examples)
    reports = [
        write_shard(
            shard_path(directory, split, shard, shards),
            itertools.islice(encoded, int(bounds[shard + 1] - bounds[shard])),
            image_format,
        )
        for shard in range(shards)
    ]
    return finish(directory, split, image_format, class_names, reports, {})


def write_json(path: Path, value: object) -> None:
    """Replace a file by a value as JSON."""
    atomic.write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")
