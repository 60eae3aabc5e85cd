"""What an example is: words that data, games and models share.

sample     what the data holds: an image, a pair of images, a clip, a wave; any pytree
condition  what is known beside it: a label, a source image, an embedding; () for nothing

A `Medium` is all that jaxgan must know about one kind of sample. It is a value: the only place that
knows 255, or which file shows a sample. A module of this folder makes one: `medium(data)`, from the
section `data` of a resolved config. It also defines what must be known before that:

SIZE       an example of data.size; another number of sides is refused
AUGMENTS   which of data.flip and data.random_crop it knows; without it, both
READS      the kinds of data sets that it reads (training/facts.py); without it, any
PREPARE    the command that makes such a data set; {0} is data.size[0]
NOUN       what progress and reports call its examples (config/noun.py); without it, images
facts      (data, Held) -> the other fields of config.data that the data set decides, or ValueError
assumed    (config, channels, classes) -> all of them for a data set that is not there

media/images.py is the first one to read.
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
    """The spec of a condition that is an integer in [0, num_classes); 0 classes mean none."""

    num_classes: int
    shape: tuple[int, ...] = ()
    dtype: Any = jnp.int32


@dataclasses.dataclass(frozen=True)
class Number:
    """The spec of a condition that is a number; generated samples draw it from U(least, most)."""

    least: float
    most: float
    shape: tuple[int, ...] = ()
    dtype: Any = jnp.float32


class Spec(NamedTuple):
    """Shapes and dtypes of one example, as networks see it: leaves are jax.ShapeDtypeStruct,
    Label or Number, without the batch axis."""

    sample: PyTree
    condition: PyTree = ()
    noise: PyTree = ()


class Held(NamedTuple):
    """What a data set says of itself: where it lies, its manifest ({}: none), its features."""

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
    decode: (record, features of its data set) -> a Batch of numpy arrays of `stored`; the record is
      (bytes, label), and the texts of a captioned one (data/records.py).
    to_float: a Batch as stored -> the same as networks see it.
    to_stored: samples as networks see them -> as stored, rounded and clipped: its inverse.
    augment: (keys by name, Batch of floats with any leading axes) -> the same, pure, on the device.
    suffix, write: the file of one sample, and (path, sample) -> None.
    distances: samples [..., n, ...] seen as [groups, n, d] -> [groups, n, n], for the watch.
    pictures: samples in `stored` form [n, ...] -> a picture of each, [n, h, w, c] uint8; of images
      they are the images themselves.
    reel: how a sheet is played; None where its picture is enough.
    condition_of: (path, PIL image or array) -> a condition as stored, or ValueError, where those of
      a translator are no images; None reads them as images.
    show_condition: conditions as stored [n, ...] -> images [n, h, w, c] of them, for sheets.
    silence: the value of silence in conditions [frames, k], their minimum: translators append
      silent frames; None for other conditions.
    guess: conditions as stored [n, ...] -> samples that need no learning, as a baseline for scores;
      None where these are the conditions.
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
        """Return the pictures of samples as stored [n, ...] row by row; n is a multiple of
        columns."""
        return picture(grid(self.pictures(samples), columns))
