"""Two domains of images without partners (CycleGAN, arXiv 1703.10593).

Stored as pairs are (pairs.py), but the two images of a record were joined by lot: `jaxgan prepare A
TARGET --domains=B`. So every batch holds as many images of one domain as of the other, an epoch
shows each image of the larger one once, and those of the smaller again and again. No loss of such a
game compares the two. Each is cut and mirrored by a draw of its own.
"""

from functools import partial

from ml_collections import ConfigDict

from jaxgan.media import pairs
from jaxgan.media.augment import Streams, augmented
from jaxgan.media.medium import Batch, Medium

SIZE = pairs.SIZE
READS = ("domains", "pairs", "images")
PREPARE = "jaxgan prepare A TARGET --domains=B"
facts, assumed = pairs.facts, pairs.assumed


def medium(data: ConfigDict) -> Medium:
    """Return the medium of a resolved config's section `data`."""
    found = pairs.medium(data)
    return found._replace(augment=partial(augment, flip=data.flip, random_crop=data.random_crop))


def channels_of_each(data: ConfigDict, why: str) -> int:
    """Return the number of channels that the images of both domains have; ValueError: they differ.

    why: the medium needs images of one kind.
    """
    channels, first = data.channels, data.source_channels
    if first is None or 2 * first != channels:
        raise ValueError(
            f"data.source_channels = {first} of {channels} channels: {why}: write `jaxgan prepare "
            "A TARGET --domains=B --channels=3` (or 1)"
        )
    return first


class Side:
    """The streams of one domain: every name with the domain's before it."""

    def __init__(self, keys: Streams, name: str):
        self._keys, self._name = keys, name

    def __getitem__(self, name: str):
        return self._keys[f"{self._name} {name}"]


def augment(keys: Streams, batch: Batch, flip: bool, random_crop: float) -> Batch:
    """Return a batch of floats, each image mirrored and cropped by a draw of its own."""
    return Batch(
        augmented(Side(keys, "sample"), batch.sample, flip, random_crop),
        augmented(Side(keys, "condition"), batch.condition, flip, random_crop),
    )
