"""Label maps: a picture, and the class of each of its pixels (GauGAN, arXiv 1903.07291).

A data set holds both as one array [height, width, 1 + channels], the map first (`jaxgan prepare A
TARGET --maps=B`). In a Batch the picture is the sample and the map the condition: stored as class
numbers [height, width, 1] uint8, seen by networks one-hot, [height, width, classes] float32. A
pixel of class IGNORED is 0 in every channel.

A map is never averaged: it is resized and cropped by taking the nearest pixel, while the picture is
interpolated, so no new class appears. Both are cropped and mirrored alike.
"""

from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict
from PIL import Image

from jaxgan.files import limits
from jaxgan.files.errors import one_line
from jaxgan.media import images, pixels
from jaxgan.media.augment import Streams, random_flip, random_resized_crop
from jaxgan.media.decode import decode_record
from jaxgan.media.image_files import BadImageError, inspect, raw_mode
from jaxgan.media.medium import Batch, Held, Medium, Spec
from jaxgan.media.resize import fit

IGNORED = 255  # marks pixels without a class, as in most data sets
SIZE = (64, 64)  # height, width
READS = ("maps", "images")  # images with data.map_classes
PREPARE = "jaxgan prepare A TARGET --maps=B"
MODES = ("L", "P", "1")  # a gray value, or an index of the file's palette
STRETCHED = {"L;2": 85, "L;4": 17}  # gray of 2 and 4 bits, which Pillow multiplies


def facts(data: ConfigDict, held: Held) -> dict[str, Any]:
    """Return the number of classes of the label maps, from the config or the data set.

    Raises ValueError if the config names fewer than the maps have, or neither says how many.
    """
    found, asked = held.manifest.get("map_classes"), data.map_classes
    if found and asked and asked < found:
        raise ValueError(
            f"data.map_classes = {asked}, but the maps in {held.directory} have {found}: write "
            "that or more, or leave it out"
        )
    if not (found or asked):
        raise ValueError(
            f"data.name = {data.name!r} holds no label maps: make some with `{PREPARE}`, or write "
            "data.map_classes where its arrays hold them"
        )
    return {"map_classes": asked or found}


def assumed(config: ConfigDict, channels: int, classes: int) -> dict[str, Any]:
    """Return the channels of pictures with maps; the maps' classes are the config's, or else
    `classes`."""
    known = config.data.map_classes or min(classes, IGNORED)
    return {"channels": 1 + channels, "map_classes": known}


def medium(data: ConfigDict) -> Medium:
    """Return the medium of a resolved config's section `data`."""
    shape = (*data.size, data.channels - 1)
    return maps(shape, data.map_classes, data.bits, data.flip, data.random_crop)


def maps(
    shape: tuple[int, int, int],
    num_classes: int | None,
    bits: int = 8,
    flip: bool = False,
    random_crop: float = 1.0,
) -> Medium:
    """Return the medium of pictures [height, width, channels] with maps of `num_classes` classes.

    flip, random_crop: as for images, drawn once for a picture and its map.

    Raises ValueError for data without maps, or with 16 bits.
    """
    if num_classes is None or shape[-1] < 1:
        raise ValueError(
            f"data.map_classes = {num_classes} with data.medium = 'maps': write how many classes "
            "the maps have, or `jaxgan prepare A TARGET --maps=B`"
        )
    if bits != 8 or num_classes > IGNORED:
        raise ValueError(
            f"data.map_classes = {num_classes} with data.bits = {bits}: a map has 8 bits and "
            f"{IGNORED} classes at most; prepare the pictures with --bits=8"
        )
    size = shape[:2]
    of_pictures = images.images(shape, bits)
    return of_pictures._replace(
        stored=Batch(
            jax.ShapeDtypeStruct(shape, jnp.uint8), jax.ShapeDtypeStruct((*size, 1), jnp.uint8)
        ),
        spec=Spec(
            jax.ShapeDtypeStruct(shape, jnp.float32),
            jax.ShapeDtypeStruct((*size, num_classes), jnp.float32),
        ),
        decode=partial(decode, size=size),
        to_float=partial(to_float, num_classes=num_classes),
        augment=partial(augment, flip=flip, random_crop=random_crop),
        condition_of=partial(condition_of, num_classes=num_classes),
        show_condition=colours,
    )


def decode(record: Any, features: Any, size: tuple[int, int]) -> Batch:
    """Return the picture and the map of one record of a data set with these features."""
    joined = decode_record(record[0], features)
    return Batch(
        fit(joined[..., 1:], size, "center", "area"),
        fit(joined[..., :1], size, "center", "nearest"),
    )


def to_float(batch: Batch, num_classes: int) -> Batch:
    """Return pictures as floats in [-1, 1], and maps [..., h, w, 1] one-hot, [..., h, w,
    classes]."""
    return Batch(
        jax.tree.map(pixels.to_float, batch.sample),
        jax.nn.one_hot(batch.condition[..., 0], num_classes, dtype=jnp.float32),
    )


def augment(keys: Streams, batch: Batch, flip: bool, random_crop: float) -> Batch:
    """Return a batch of floats, a picture and its map mirrored and cropped alike."""
    picture, shares = batch
    if random_crop < 1:
        key, area = keys["crop"], (random_crop, 1.0)
        picture = random_resized_crop(key, picture, area)
        shares = random_resized_crop(jax.random.clone(key), shares, area, method="nearest")
    if flip:
        joined = random_flip(keys["flip"], jnp.concatenate([shares, picture], -1))
        classes = shares.shape[-1]
        picture, shares = joined[..., classes:], joined[..., :classes]
    return Batch(picture, shares)


def read_map(source: Path | Image.Image) -> np.ndarray:
    """Return a map's classes, [height, width, 1] uint8, from gray values or palette indices.

    Raises BadImageError for colour, 16 bits, a lossy file (JPEG), or a damaged one.
    """
    if isinstance(source, Image.Image):
        return _classes(source)
    inspect(source)  # refuses files that are too large
    try:
        with Image.open(source) as picture:
            if picture.format == "JPEG":
                raise BadImageError("a JPEG, which changes classes: write maps as PNG")
            return _classes(picture)
    except BadImageError:
        raise
    except Exception as error:  # Pillow raises many kinds on damaged bytes
        limits.pass_on(error)
        raise BadImageError(one_line(error)) from error


def _classes(picture: Image.Image) -> np.ndarray:
    stretched = STRETCHED.get(raw_mode(picture), 1)
    if picture.mode not in MODES:
        raise BadImageError(
            f"mode {picture.mode} is not a map: write a gray PNG of 8 bits, whose values are the "
            "classes"
        )
    return np.asarray(picture).astype(np.uint8)[..., None] // np.uint8(stretched)


def refuse_classes(found: np.ndarray, num_classes: int, name: str) -> None:
    """Raise ValueError if a map has a class that is neither below num_classes nor IGNORED."""
    bad = found[(found >= num_classes) & (found != IGNORED)]
    if bad.size:
        raise ValueError(
            f"{name} has class {int(bad.max())}, and there are {num_classes}, from 0 to "
            f"{num_classes - 1}: write {IGNORED} for pixels of none"
        )


def condition_of(source: Any, num_classes: int) -> np.ndarray:
    """Return the classes [..., h, w, 1] of a file, a PIL image or an array, after checking them.

    Raises ValueError that names the file.
    """
    name = str(source) if isinstance(source, Path) else "the map"
    try:
        is_array = isinstance(source, np.ndarray)
        found = source if is_array else read_map(source)
    except (BadImageError, OSError) as error:
        raise ValueError(f"{name}: {one_line(error)}") from error
    refuse_classes(found, num_classes, name)
    return found


def colours(found: np.ndarray) -> np.ndarray:
    """Return maps [n, h, w, 1] in colours, [n, h, w, 3] uint8: one per class, IGNORED black.

    Successive hues differ by the golden ratio, so that neighbouring classes look different.
    """
    hues = np.arange(256) * 0.618034 % 1.0
    turns = (6 * hues[:, None] + np.array([0.0, 4.0, 2.0])) % 6.0  # for red, green and blue
    table = 64 + 191 * np.clip(np.abs(turns - 3.0) - 1.0, 0.0, 1.0)
    table[IGNORED] = 0
    return np.round(table).astype(np.uint8)[found[..., 0]]
