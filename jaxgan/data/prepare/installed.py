"""Data sets that TFDS installed, as a source for `jaxgan prepare`, without TensorFlow.

ArrayRecord files are opened by `records.py`. TFRecord files, which TFDS writes by default, are a
chain of [8 bytes length][4 bytes CRC][data][4 bytes CRC], read here from front to back. Both CRCs
of every record are checked.
"""

import itertools
import os
import struct
from collections.abc import Iterator
from io import BufferedReader
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
from jaxgan.data.example import parse_example
from jaxgan.data.prepare.folders import Payload, Source, stamp
from jaxgan.data.records import BadRecordError, Records
from jaxgan.files import limits
from jaxgan.files.crc32c import masked_crc32c
from jaxgan.files.errors import one_line
from jaxgan.media.decode import Features, decode_record
from jaxgan.media.image_files import BadImageError

CHUNK, CHUNK_BYTES = 64, 4 << 20  # records, and bytes, read at once


def open_installed(name: str, split: str) -> Source:
    """Open "cifar10" or "cifar10/3.0.2" in $TFDS_DATA_DIR, by default ~/tensorflow_datasets."""
    home = _installed_here()
    if home is None:
        raise FileNotFoundError(f"tfds:{name}: this user has no home; set TFDS_DATA_DIR")
    if not name or not (home / name).is_dir():
        raise FileNotFoundError(
            f"tfds:{name}: not in {home}; run tfds.builder({name!r}).download_and_prepare(), or "
            "set TFDS_DATA_DIR"
        )
    return open_directory(home / name, split)


def _installed_here() -> Path | None:
    """Return the folder in which TFDS installs data sets; None for a user without a home
    directory."""
    if set_by_user := os.environ.get("TFDS_DATA_DIR"):
        return Path(set_by_user)
    try:
        return Path.home() / "tensorflow_datasets"
    except RuntimeError:  # no HOME, and no entry in the user database
        return None


def is_installed(directory: Path) -> bool:
    """Return whether a directory is a data set, or holds versions of one."""
    return any(any(directory.glob(f"{above}dataset_info.json")) for above in ("", "*/", "*/*/"))


def open_directory(directory: Path, split: str) -> Source:
    """Open a split of a data set in ArrayRecord or TFRecord files."""
    found = find_data_set(directory)
    info = data_set_info(found)
    features = image_features(info.features, found)
    shards = split_shards(info, split)
    stored = Records(found, split, features, shards)
    manifest = stored.manifest() or {}
    if info.file_format is tfds.core.FileFormat.ARRAY_RECORD:
        labels = stored.labels()
    elif info.file_format is tfds.core.FileFormat.TFRECORD:
        labels = _tfrecord_labels(shards, features)
    else:
        raise ValueError(f"{found}: file format {info.file_format.value!r} is not read here")

    def read(start: int) -> Iterator[Payload]:
        if info.file_format is tfds.core.FileFormat.ARRAY_RECORD:
            images = _array_records(stored, start)
        else:
            images = (parse_example(raw, features)[0] for raw in _tfrecords(shards, start))
        for image in images:
            if isinstance(image, Exception) or (features.encoding == "image" and not sixteen):
                yield image
            else:
                try:
                    yield decode_record(image, features)
                except Exception as error:  # Pillow raises many kinds on damaged bytes
                    limits.pass_on(error)
                    yield BadImageError(one_line(error))

    sixteen = features.dtype == np.uint16
    arrays = features.encoding != "image" or (sixteen and None not in features.shape)
    names = [f"{split}[{index}]" for index in range(len(labels))]
    stamps = [f"{shard.path.name} {stamp(shard.path)}" for shard in shards]
    return Source(
        names,
        np.asarray(labels, np.int32),
        list(features.class_names),
        read,
        " ".join(stamps),
        features.one_shape() if arrays else None,
        features.dtype if arrays else None,
        medium="transitions" if "environment" in manifest else manifest.get("medium", "images"),
    )


def _array_records(records: Records, start: int) -> Iterator[bytes | BadImageError]:
    for begin in range(start, len(records), CHUNK):
        indices = range(begin, min(begin + CHUNK, len(records)))
        try:
            yield from (image for image, _ in records.read(indices))
        except BadRecordError:
            for index in indices:
                try:
                    yield records.read([index])[0][0]
                except BadRecordError as error:
                    yield BadImageError(str(error))


def _tfrecord_labels(shards: list[Shard], features: Features) -> list[int]:
    """Read every record for its label. Raises ValueError, naming the record, if one is missing."""
    labels = []
    for raw in _tfrecords(shards):
        try:
            labels.append(parse_example(raw, features)[1])
        except Exception as error:  # protobuf's own, on damaged bytes
            limits.pass_on(error)
            raise ValueError(
                f"{shards[0].path.parent}: record {len(labels)} cannot be read ({one_line(error)})"
            ) from error
    return labels


def _tfrecords(shards: list[Shard], start: int = 0) -> Iterator[bytes]:
    """Yield the data of each record. Raises ValueError with the file and the record's number."""
    for shard in shards:
        number, end = 0, shard.skip + shard.take
        with open(shard.path, "rb") as file:
            while number < end:
                for data in _read(file, number, min(CHUNK, end - number)):
                    if number >= shard.skip:
                        if start <= 0:
                            yield data
                        start -= 1
                    number += 1


def _read(file: BufferedReader, first: int, most: int) -> list[bytes]:
    """Return the next records, at most CHUNK_BYTES plus one record; `first` is the first's
    number."""
    size = os.fstat(file.fileno()).st_size
    begin, is_whole = file.tell(), True
    lengths, records, crcs = [], [], []
    while is_whole and len(records) < most and file.tell() - begin < CHUNK_BYTES:
        header = file.read(12)
        length = struct.unpack("<Q", header[:8])[0] if len(header) == 12 else 0
        # Checked before memory is allocated.
        is_whole = len(header) == 12 and length + 4 <= size - file.tell()
        if len(header) == 12:
            lengths.append(header[:8])
            crcs.append([struct.unpack("<I", header[8:])[0]])
        if is_whole:
            records.append(file.read(length))
            crcs[-1].append(struct.unpack("<I", file.read(4))[0])
    right = itertools.zip_longest(masked_crc32c(lengths), masked_crc32c(records))
    for number, (stored, computed) in enumerate(zip(crcs, right, strict=True), first):
        for crc, own, part in zip(stored, computed, ("length", "data"), strict=False):
            if crc != own:
                raise ValueError(
                    f"{file.name}: record {number} is damaged (the CRC of its {part} differs); "
                    "restore the file"
                )
    if not is_whole:
        number = first + len(records)
        raise ValueError(f"{file.name}: record {number} is cut short; restore the file")
    return records
