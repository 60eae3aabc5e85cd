"""The results of a translator for the sources of a split, and the true pictures, as `Images`."""

import dataclasses
import hashlib
from pathlib import Path
from typing import Any

import jax
import numpy as np

from jaxgan.data.reader import Reader
from jaxgan.data.records import open_records
from jaxgan.evaluate.images import Images, identity
from jaxgan.evaluate.samples import averaging, tree_hash
from jaxgan.game.seeds import checked_seed
from jaxgan.media.medium import Medium
from jaxgan.trained.translator import Translator


def pair_images(name: str | Path, split: str, medium: Medium) -> tuple[Images, Images]:
    """Return the sources and the pictures of a data set of pairs, in the same order."""
    records = open_records(name, split)
    reader, labels = Reader(records, medium), records.labels()
    content, where = records.content_hash(), f"{records.directory.name}/{records.split}"

    def of(side: str) -> Images:
        shape = getattr(medium.stored, side).shape
        whole = identity(content, labels, records.class_names, shape)

        def read(indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            return getattr(reader.read(indices), side), labels[indices]

        digest = hashlib.sha256(f"{side} {whole}".encode()).hexdigest()
        return Images(where, len(records), shape, records.class_names, digest, read, {}, labels)

    classes = medium.spec.condition.shape[-1] if medium.condition_of else 0
    return dataclasses.replace(of("condition"), map_classes=classes), of("sample")


def guesses(sources: Images, medium: Medium) -> Images:
    """Return what metrics show for the sources: the sources, or the medium's guess from them."""
    guess = medium.guess
    if guess is None:
        return sources

    def read(indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        conditions, labels = sources.read(indices)
        return guess(conditions), labels

    return dataclasses.replace(sources, shape=medium.stored.sample.shape, read=read)


def translations(t: Translator, sources: Images, seed: int, copies: Images | None = None) -> Images:
    """Return what a translator makes from sources, in their order.

    seed: in [0, 2**32), of the network's noise.
    copies: images that stand in for the sources in metrics, if the sources are captions.
    """
    checked_seed(seed)

    def read(indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        images, labels = sources.read(indices)
        return t.translate(images, seed), labels

    facts: dict[str, Any] = {
        "step": t.step,
        "seed": seed,
        "weights": tree_hash(jax.device_get(t.weights), t.config.model.to_dict()),
        "averaging": averaging(t),
        "sources": sources.name,
        "sources_hash": sources.digest,
    }
    made = Images(
        "translations",
        sources.count,
        t.image_shape,
        sources.class_names,
        "",
        read,
        facts,
        sources.labels,
        noun=sources.noun,
    )
    if t.config.data.medium == "domains":  # paired at random: no source has a true picture
        return made
    return dataclasses.replace(made, sources=copies or sources)
