"""The captions of a split as a generator's inputs, their true pictures, and a baseline.

The baseline of a caption is the picture of the nearest training caption, by the cosine of the text
vectors.
"""

import hashlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

from jaxgan.data.reader import Reader
from jaxgan.data.records import Records, open_records
from jaxgan.evaluate.images import Images, identity
from jaxgan.evaluate.metrics.distances import row_blocks
from jaxgan.media.captions import condition_of
from jaxgan.media.medium import Medium

CHUNK = 1024  # records read at once


class Captioned(NamedTuple):
    """Texts, whose `read` gives text vectors [n, text_dim]; pictures; copies; all in the same
    order."""

    texts: Images
    pictures: Images
    copies: Images


def captioned(name: str | Path, split: str, known: str, medium: Medium) -> Captioned:
    """Return the captions and pictures of a split of a data set, and the baseline's pictures.

    known: the split that was trained on.
    """
    records, trained = open_records(name, split), open_records(name, known)
    reader, texts = Reader(records, medium), conditions(records)
    places = nearest(texts, conditions(trained))
    copies = Reader(trained, medium)
    labels, shape = records.labels(), medium.stored.sample.shape
    whole = identity(records.content_hash(), labels, records.class_names, shape)
    where = f"{records.directory.name}/{records.split}"

    def of(what: str, read) -> Images:
        digest = (
            whole if what == "sample" else hashlib.sha256(f"{what} {whole}".encode()).hexdigest()
        )
        both = lambda indices: (read(indices), labels[indices])
        names = tuple(records.class_names)
        return Images(where, len(records), shape, names, digest, both, {}, labels)

    return Captioned(
        of("condition", lambda indices: texts[indices]),
        of("sample", lambda indices: reader.read(indices).sample),
        of("copies", lambda indices: copies.read(places[indices]).sample),
    )


def conditions(records: Records) -> np.ndarray:
    """Return the conditions of all records [n, text_dim]; no image is decoded."""
    found = []
    for start in range(0, len(records), CHUNK):
        examples = records.examples(range(start, min(start + CHUNK, len(records))))
        found += [condition_of(example.texts.vectors) for example in examples if example.texts]
    return np.stack(found)


def nearest(texts: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return, for each text [n, d], the index of the known vector [m, d] with the largest
    product."""
    found = np.empty(len(texts), np.int64)
    for rows in row_blocks(len(texts), len(known)):
        found[rows] = np.argmax(texts[rows] @ known.T, 1)
    return found
