"""Images with labels: [height, width, channels], 8 or 16 bits, any size, any number of channels."""

import io
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from jaxgan.files.atomic import write_bytes
from jaxgan.media import pixels
from jaxgan.media.augment import Streams, augmented
from jaxgan.media.decode import Features, decode_record
from jaxgan.media.labelled import labelled
from jaxgan.media.medium import Batch, Medium
from jaxgan.media.pictures import save_picture
from jaxgan.media.pixels import DTYPES, to_stored

SIZE = (64, 64)  # height, width
READS = ("images", "captions")
PREPARE = "jaxgan prepare FOLDER TARGET"


def distances(samples: jax.Array, groups: int) -> jax.Array:
    """Return the root mean square differences of all pairs in each group: [groups, n, n].

    samples: [groups * n, ...] float32, group by group.
    """
    points = samples.reshape(groups, len(samples) // groups, -1)
    with jax.default_matmul_precision("highest"):
        products = jnp.einsum("cid,cjd->cij", points, points)
    squares = jnp.diagonal(products, axis1=1, axis2=2)
    squared = squares[:, :, None] + squares[:, None, :] - 2.0 * products
    return jnp.sqrt(jnp.maximum(squared, 0.0) / points.shape[-1])


def medium(data: ConfigDict) -> Medium:
    """Return the medium of a resolved config's section `data`."""
    shape = (*data.size, data.channels)
    return images(shape, data.bits, len(data.class_names), data.flip, data.random_crop)


def for_features(features: Features, size: tuple[int, int] | None = None) -> Medium:
    """Return the medium of a data set's images, at their own size unless one is given."""
    shape = (*size, features.channels) if size else features.one_shape()
    return images(shape, 8 * features.dtype.itemsize, len(features.class_names))


def images(
    shape: tuple[int, ...],
    bits: int = 8,
    num_classes: int = 0,
    flip: bool = False,
    random_crop: float = 1.0,
) -> Medium:
    """Return the medium of images [height, width, channels] of 8 or 16 bits.

    flip: mirror images in training with probability 1/2, left to right.
    random_crop: smallest share of the area that is cut out in training and resized; 1: whole
      images.

    Raises ValueError for a shape or a number of bits that is not an image's.
    """
    if len(shape) != 3 or min(shape) < 1:
        raise ValueError(f"shape = {shape}: write (height, width, channels), each 1 or more")
    if bits not in DTYPES:
        raise ValueError(f"bits = {bits}: write {' or '.join(map(str, DTYPES))}")
    stored, spec = labelled(shape, DTYPES[bits], num_classes)
    return Medium(
        stored=stored,
        spec=spec,
        decode=partial(decode, size=shape[:2]),
        to_float=to_float,
        to_stored=partial(to_stored, bits=bits),
        augment=partial(augment, flip=flip, random_crop=random_crop),
        suffix=suffix(shape[-1], bits),
        write=write,
        distances=distances,
    )


def to_float(batch: Batch) -> Batch:
    """Return a batch with stored pixels as floats in [-1, 1]; conditions are unchanged."""
    return batch._replace(sample=jax.tree.map(pixels.to_float, batch.sample))


def decode(
    record: Any, features: Any, size: tuple[int, int], out: np.ndarray | None = None
) -> Batch:
    """Return the image and the label of one record of a data set with these features.

    out: as of decode_record.
    """
    data, label = record[:2]
    return Batch(decode_record(data, features, size, out), np.int32(label))


def is_as_stored(medium: Medium) -> bool:
    """Return whether the medium decodes with `decode`: then an example of the right size is just
    the stored array and label."""
    return isinstance(medium.decode, partial) and medium.decode.func is decode


def augment(keys: Streams, batch: Batch, flip: bool, random_crop: float) -> Batch:
    """Return a batch of float images, mirrored and cropped as config.data describes."""
    return batch._replace(sample=augmented(keys, batch.sample, flip, random_crop))


def suffix(channels: int, bits: int) -> str:
    """Return the suffix of a lossless file for such images: PNG if Pillow can write it, else
    NumPy's."""
    return ".png" if (bits == 8 and channels <= 4) or channels == 1 else ".npy"


def write(path: Path, image: np.ndarray) -> None:
    """Write one stored image [h, w, c] to a file whose name ends as `suffix` says."""
    if path.suffix == ".npy":
        file = io.BytesIO()
        np.save(file, image)
        write_bytes(path, file.getvalue())
    else:
        save_picture(path, image)
