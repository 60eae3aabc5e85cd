"""Augmentation on the device: pure functions of (key, images).

Images are [..., height, width, channels] with any leading axes, so a step's whole batch goes in at
once. Every image has its own random draws, which do not depend on the sharding.
"""

import math
from typing import Protocol

import jax
import jax.numpy as jnp


class Streams(Protocol):
    """Keys by name, such as game.keys.Keys."""

    def __getitem__(self, name: str) -> jax.Array: ...


def augmented(
    keys: Streams, images: jax.Array, flip: bool = False, random_crop: float = 1.0
) -> jax.Array:
    """Return the images that a step trains on, as config.data describes.

    Args:
      keys: the streams "crop" and "flip" are used.
      images: [..., height, width, channels] float32.
      flip: mirror each image with probability 1/2, left to right.
      random_crop: smallest share of the area that is cut out and resized; 1 for whole images.
    """
    if not 0 < random_crop <= 1:
        raise ValueError(f"data.random_crop = {random_crop}: write a share in (0, 1], 1 for none")
    if random_crop < 1:
        images = random_resized_crop(keys["crop"], images, (random_crop, 1.0))
    return random_flip(keys["flip"], images) if flip else images


def random_flip(
    key: jax.Array, images: jax.Array, horizontal: bool = True, vertical: bool = False
) -> jax.Array:
    """Mirror each image with probability 1/2, left to right and (or) upside down.

    Args:
      images: [..., height, width, channels], any dtype.
    """
    for axis, wanted in ((-2, horizontal), (-3, vertical)):
        key, subkey = jax.random.split(key)
        images = half_flipped(subkey, images, axis, 3) if wanted else images
    return images


def half_flipped(key: jax.Array, samples: jax.Array, axis: int, rank: int) -> jax.Array:
    """Mirror each sample with probability 1/2 along an axis.

    samples: [..., *sample], where sample has `rank` axes. axis: of the sample, negative.
    """
    chosen = jax.random.bernoulli(key, shape=samples.shape[: samples.ndim - rank])
    return jnp.where(chosen[(..., *rank * [None])], jnp.flip(samples, axis), samples)


def random_resized_crop(
    key: jax.Array,
    images: jax.Array,
    area: tuple[float, float] = (0.25, 1.0),
    ratio: tuple[float, float] = (3 / 4, 4 / 3),
    method: str = "linear",
) -> jax.Array:
    """Cut a random box out of each image and resize it to the image's size.

    The box covers a uniform fraction of the area and has the image's aspect ratio times a
    log-uniform factor. Deviation from torchvision and others: a side that would exceed the image is
    cut to it, where they draw again.

    Args:
      images: [..., height, width, channels] float32.
      area: least and largest fraction of the area, in (0, 1].
      ratio: least and largest ratio of relative width to relative height.
      method: "linear", antialiased; "nearest" takes the nearest pixels of the same boxes.

    Returns:
      [..., height, width, channels] float32.
    """
    if not (0 < area[0] <= area[1] <= 1 and 0 < ratio[0] <= ratio[1]):
        raise ValueError(f"area is {area}, ratio {ratio}; write 0 < least <= largest, area <= 1")
    *leading, height, width, channels = images.shape
    size = jnp.array([height, width], jnp.float32)

    def crop(key, image):
        area_key, ratio_key, place_key = jax.random.split(key, 3)
        fraction = jax.random.uniform(area_key, minval=area[0], maxval=area[1])
        low, high = math.log(ratio[0]), math.log(ratio[1])
        stretch = jnp.exp(jax.random.uniform(ratio_key, minval=low, maxval=high))
        sides = jnp.sqrt(jnp.stack([fraction / stretch, fraction * stretch]))
        sides = jnp.minimum(sides, 1.0)  # relative height and width of the box
        corner = jax.random.uniform(place_key, (2,)) * (1.0 - sides) * size
        if method == "nearest":
            rows, columns = (
                jnp.clip(
                    ((jnp.arange(n, dtype=jnp.float32) + 0.5) * side + start).astype(jnp.int32),
                    0,
                    n - 1,
                )
                for n, side, start in zip((height, width), sides, corner, strict=True)
            )
            return image[rows][:, columns]
        scale = 1.0 / sides
        return jax.image.scale_and_translate(
            image, (height, width, channels), (0, 1), scale, -corner * scale, "linear"
        )

    # Nested rather than flattened: a reshape of a sharded axis would cost an all-gather.
    for _ in leading:
        crop = jax.vmap(crop)
    return crop(jax.random.split(key, tuple(leading)), images)
