"""What an example is: the vocabulary that data, games and models share.

sample     what the data hold: an image, a pair of images, a clip, a wave; any pytree
condition  what is known with it: a label, a source image, an embedding; () for nothing

A `Medium` is everything that jaxgan must know about one kind of sample: for example, only a medium
knows that pixels go up to 255, or which file shows a sample. A module of this folder makes one:
`medium(data)`, from the section `data` of a resolved config. The module also defines what must be
known before that:

SIZE       an example of data.size; another number of sides is refused
AUGMENTS   which of data.flip and data.random_crop it supports; if missing, both
READS      the kinds of data sets that it reads (training/facts.py); if missing, any
PREPARE    the command that makes such a data set; {0}, {1}, ... are the sides of data.size
prepares   size -> whether this command makes samples of it; if missing, of any size
NOUN       what progress and reports call its examples (config/noun.py); if missing, images
facts      (data, Held) -> the other fields of config.data that the data set decides, or ValueError
assumed    (config, channels, classes) -> all of these fields for a data set that is not here

Read media/images.py first.
"""

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jax.numpy as jnp
from PIL import Image

from jaxgan.media.decode import Features
from jaxgan.media.pictures import grid, picture
from jaxgan.media.pixels import shown

PyTree = Any


class Batch(NamedTuple):
    """Examples: every leaf is [n, ...]."""

    sample: PyTree
    condition: PyTree = ()


@dataclasses.dataclass(frozen=True)
class Label:
    """The spec of a condition that is an integer in [0, num_classes); 0 classes mean no labels."""

    num_classes: int
    shape: tuple[int, ...] = ()
    dtype: Any = jnp.int32


@dataclasses.dataclass(frozen=True)
class Number:
    """The spec of a condition that is a number; for generated samples it is drawn from U(least,
    most)."""

    least: float
    most: float
    shape: tuple[int, ...] = ()
    dtype: Any = jnp.float32


class Spec(NamedTuple):
    """Shapes and dtypes of one example as networks see it, without the batch axis: leaves are
    jax.ShapeDtypeStruct, Label or Number."""

    sample: PyTree
    condition: PyTree = ()
    noise: PyTree = ()


class Held(NamedTuple):
    """What a data set says about itself: its directory, its manifest ({} if it has none), its
    features."""

    directory: str | Path
    manifest: Mapping[str, Any]
    features: Features


class Reel(NamedTuple):
    """A file that plays what a sheet shows, for media that move or sound.

    suffix: such as ".wav". encode: (samples in `stored` form [n, ...], columns) -> its bytes.
    """

    suffix: str
    encode: Callable[..., bytes]


class Medium(NamedTuple):
    """One kind of example.

    stored: shapes and dtypes of an example as data sets and devices hold it, a Batch without the
      batch axis.
    spec: the same as networks see it.
    decode: (record, features of its data set) -> a Batch of NumPy arrays as in `stored`; the record
      is (bytes, label), and the texts if it has captions (data/records.py).
    to_float: a stored Batch -> the same as networks see it.
    to_stored: samples as networks see them -> stored samples, rounded and clipped; the inverse.
    augment: (keys by name, Batch of floats with any leading axes) -> the same; pure, on the device.
    suffix, write: the file of one sample, and (path, sample) -> None.
    distances: samples [..., n, ...] as [groups, n, d] -> [groups, n, n], for the watch.
    pictures: samples in `stored` form [n, ...] -> a picture of each, [n, h, w, c] uint8; for images
      the images themselves.
    reel: how a sheet is played; None if its picture is enough.
    condition_of: (path, PIL image or array) -> a stored condition, or ValueError, if a translator's
      conditions are not images; None reads them as images.
    show_condition: stored conditions [n, ...] -> images [n, h, w, c] of them, for sheets.
    silence: the value of silence in conditions [frames, k], their minimum: translators append
      silent frames; None for other conditions.
    guess: stored conditions [n, ...] -> samples that need no learning, as a baseline for scores;
      None if the conditions themselves serve.
    """

    stored: Batch
    spec: Spec
    decode: Callable[..., Batch]
    to_float: Callable[[Batch], Batch]
    to_stored: Callable[[PyTree], PyTree]
    augment: Callable[..., Batch]
    suffix: str
    write: Callable[..., None]
    distances: Callable[..., Any]
    pictures: Callable[..., Any] = shown
    reel: Reel | None = None
    condition_of: Callable[[Any], Any] | None = None
    show_condition: Callable[[Any], Any] = lambda conditions: conditions
    silence: float | None = None
    guess: Callable[[Any], Any] | None = None

    def sheet(self, samples: PyTree, columns: int) -> Image.Image:
        """Return the pictures of stored samples [n, ...] row by row; n is a multiple of columns."""
        return picture(grid(self.pictures(samples), columns))
