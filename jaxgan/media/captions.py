"""Images with captions: the sample is an image, the condition a text vector (arXiv 1605.05396).

A record holds an image, its captions, and for each caption the vector of `text_dim` numbers that a
text encoder made of it (`jaxgan prepare SOURCE TARGET --captions=FILE`), so training needs no text
encoder. The condition is the mean of an image's vectors, as in the authors' code, scaled to the
length sqrt(text_dim): its coordinates have a mean square of 1, whatever the encoder's scale.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from jaxgan.media import images
from jaxgan.media.medium import Batch, Held, Medium, Spec

SIZE = (64, 64)  # height, width
READS = ("captions",)
PREPARE = "jaxgan prepare SOURCE TARGET --captions=FILE"
TEXT_DIM = 1024  # the paper's, assumed if the data set is not here


def facts(data: ConfigDict, held: Held) -> dict[str, Any]:
    """Return the length of the text vectors of a data set of captions.

    Raises ValueError if the config names another.
    """
    found, asked = held.features.text_dim, data.text_dim
    if asked not in (None, found):
        raise ValueError(
            f"data.text_dim = {asked}, but the text vectors in {held.directory} have {found} "
            "numbers: leave it out"
        )
    return {"text_dim": found}


def assumed(config: ConfigDict, channels: int, classes: int) -> dict[str, Any]:
    """Return the length of the text vectors: the config's, or else TEXT_DIM."""
    return {"text_dim": config.data.text_dim or TEXT_DIM}


def condition_of(vectors: np.ndarray) -> np.ndarray:
    """Return the condition of text vectors [..., k, d]: their mean, scaled to length sqrt(d): [...,
    d].

    >>> condition_of(np.array([[0.5, 0.0, 0.0, 0.0], [0.1, 0.0, 0.0, 0.0]])).tolist()
    [2.0, 0.0, 0.0, 0.0]
    """
    mean = np.asarray(np.mean(vectors, -2, dtype=np.float64))
    lengths = np.linalg.norm(mean, axis=-1, keepdims=True)
    return (mean * np.sqrt(vectors.shape[-1]) / lengths).astype(np.float32)


def medium(data: ConfigDict) -> Medium:
    """Return the medium of a resolved config's section `data`."""
    shape = (*data.size, data.channels)
    return captions(shape, data.text_dim, data.bits, data.flip, data.random_crop)


def captions(
    shape: tuple[int, int, int],
    text_dim: int | None,
    bits: int = 8,
    flip: bool = False,
    random_crop: float = 1.0,
) -> Medium:
    """Return the medium of images [height, width, channels] with text vectors [text_dim].

    flip, random_crop: of the images. A caption that says "left" is wrong for a mirrored image.

    Raises ValueError if the length of the text vectors is unknown.
    """
    if not text_dim:
        raise ValueError(
            "data.text_dim = None with data.medium = 'captions': write the length of the text "
            "vectors, or `jaxgan prepare SOURCE TARGET --captions=FILE`"
        )
    of_images = images.images(shape, bits, flip=flip, random_crop=random_crop)
    text = jax.ShapeDtypeStruct((text_dim,), jnp.float32)
    return of_images._replace(
        stored=Batch(of_images.stored.sample, text),
        spec=Spec(of_images.spec.sample, text),
        decode=partial(decode, size=shape[:2]),
    )


def decode(record: Any, features: Any, size: tuple[int, int]) -> Batch:
    """Return the image and the condition of one record of a data set with these features."""
    image = images.decode(record[:2], features, size).sample
    return Batch(image, condition_of(record.texts.vectors))
