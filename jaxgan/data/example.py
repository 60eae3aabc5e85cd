"""The content of a record: an encoded image, its label and, if there are any, texts.

A record is a tf.train.Example with the features

    image      bytes
    label      int64, unless the images have no labels
    captions   [k] bytes, UTF-8
    vectors    [k x text_dim] float32
"""

import hashlib
import json
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from tensorflow_datasets.proto import tf_example_pb2

from jaxgan.media.decode import Features, Texts


class Example(NamedTuple):
    """The content of a record: an encoded image, its label and, if it has captions, its texts."""

    image: bytes
    label: int
    texts: Texts | None = None


def parse_example(raw: bytes, features: Features) -> Example:
    """Return the content of a serialized tf.train.Example; ValueError or DecodeError on damage."""
    feature = tf_example_pb2.Example.FromString(raw).features.feature
    (image,) = feature[features.image_key].bytes_list.value
    texts = _texts(feature, features.text_dim) if features.text_dim else None
    if features.label_key is None:
        return Example(image, 0, texts)
    (label,) = feature[features.label_key].int64_list.value
    if not 0 <= label < len(features.class_names):
        raise ValueError(f"label {label} is outside [0, {len(features.class_names)})")
    return Example(image, label, texts)


def _texts(feature: Any, text_dim: int) -> Texts:
    captions = tuple(text.decode() for text in feature["captions"].bytes_list.value)
    vectors = np.array(feature["vectors"].float_list.value, np.float32).reshape(-1, text_dim)
    if not len(captions) == len(vectors) > 0:
        raise ValueError(f"{len(vectors)} text vectors of {len(captions)} captions")
    return Texts(captions, vectors)


def serialize(image: bytes, label: int, texts: Texts | None = None) -> bytes:
    """Return the bytes of one record; deterministic."""
    example = tf_example_pb2.Example()
    example.features.feature["image"].bytes_list.value.append(image)
    example.features.feature["label"].int64_list.value.append(label)
    if texts is not None:
        captions = [text.encode() for text in texts.captions]
        example.features.feature["captions"].bytes_list.value.extend(captions)
        vectors = np.asarray(texts.vectors, np.float32).ravel().tolist()
        example.features.feature["vectors"].float_list.value.extend(vectors)
    return example.SerializeToString(deterministic=True)


def content_hash(features: Features, digests: Iterable[bytes]) -> str:
    """Return the SHA-256 of a data set: of its format and class names, then of every record.

        sha256(JSON of [shape, dtype, encoding, class names] | digest 0 | digest 1 | ...)

    Captions are covered by the records' digests.

    digests: the SHA-256 of each record's bytes, as `serialize` returns them.
    """
    head = [list(features.shape), str(features.dtype), features.encoding]
    result = hashlib.sha256(json.dumps([*head, list(features.class_names)]).encode())
    for digest in digests:
        result.update(digest)
    return result.hexdigest()
