"""Clips: short films of one length, [frames, height, width, channels], in 8 bits like images.

A picture of a clip is a strip of up to STRIP of its frames, from left to right. Its file is a GIF,
whose palette of 256 colours may change colours slightly. A sheet of clips is played as one GIF.
"""

from functools import partial
from pathlib import Path

import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from jaxgan.files.atomic import write_bytes
from jaxgan.media import pictures
from jaxgan.media.augment import Streams, half_flipped
from jaxgan.media.images import distances, to_float
from jaxgan.media.labelled import decode, labelled
from jaxgan.media.medium import Batch, Held, Medium, Reel
from jaxgan.media.pixels import to_stored

SIZE = (16, 64, 64)  # frames, height, width
NOUN = "clips"
AUGMENTS = ("flip",)
READS = ("clips",)
PREPARE = "jaxgan prepare FOLDER TARGET --frames={0} --size={1}x{2}"
STRIP = 6  # frames of a picture
RATE = 10  # frames per second of a GIF


def facts(data: ConfigDict, held: Held) -> dict[str, int]:
    """Return the distance of two frames of a clip in their film."""
    return {"stride": held.manifest.get("stride", 1)}


def medium(data: ConfigDict) -> Medium:
    """Return the medium of a resolved config's section `data`."""
    return clips((*data.size, data.channels), len(data.class_names), data.flip)


def clips(shape: tuple[int, ...], num_classes: int = 0, flip: bool = False) -> Medium:
    """Return the medium of clips [frames, height, width, channels].

    flip: mirror clips in training with probability 1/2, left to right, all frames of a clip alike.
    """
    stored, spec = labelled(shape, jnp.uint8, num_classes)
    return Medium(
        stored=stored,
        spec=spec,
        decode=decode,
        to_float=to_float,
        to_stored=to_stored,
        augment=partial(augment, flip=flip),
        suffix=".gif",
        write=write,
        distances=distances,
        pictures=strips,
        reel=Reel(".gif", film),
    )


def augment(keys: Streams, batch: Batch, flip: bool) -> Batch:
    """Return a batch of float clips [..., t, h, w, c], mirrored with probability 1/2 if `flip`."""
    if not flip:
        return batch
    return batch._replace(sample=half_flipped(keys["flip"], batch.sample, -2, 4))


def strips(samples: np.ndarray) -> np.ndarray:
    """Return frames of each stored clip [n, t, h, w, c] side by side: [n, h, frames * w, c]."""
    count = samples.shape[1]
    chosen = np.linspace(0, count - 1, min(count, STRIP)).round().astype(int)
    return np.concatenate([samples[:, i] for i in chosen], axis=2)


def film(samples: np.ndarray, columns: int) -> bytes:
    """Return a GIF of stored clips, laid out row by row, that all play at once."""
    frames = [pictures.grid(frame, columns) for frame in np.moveaxis(samples, 1, 0)]
    return pictures.gif_bytes(np.stack(frames), RATE)


def write(path: Path, clip: np.ndarray) -> None:
    """Write one stored clip as a GIF."""
    write_bytes(path, pictures.gif_bytes(clip, RATE))
