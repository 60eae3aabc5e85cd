"""Two domains of images without partners (CycleGAN, arXiv 1703.10593).

They are stored like pairs (pairs.py), but the two images of a record were combined at random by
`jaxgan prepare A TARGET --domains=B`. So every batch holds equally many images of both domains, and
an epoch shows each image of the larger domain once and those of the smaller one repeatedly. The
losses of such games never compare the two images. Each is cropped and mirrored independently.
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
    """Return the number of channels that the images of both domains have.

    why: the reason, for the message, why the medium needs images of one kind.

    Raises ValueError if the two numbers differ.
    """
    channels, first = data.channels, data.source_channels
    if first is None or 2 * first != channels:
        raise ValueError(
            f"data.source_channels = {first} of {channels} channels: {why}: write `jaxgan prepare "
            "A TARGET --domains=B --channels=3` (or 1)"
        )
    return first


class Side:
    """The streams of keys of one domain: the domain's name is put before every name."""

    def __init__(self, keys: Streams, name: str):
        self._keys, self._name = keys, name

    def __getitem__(self, name: str):
        return self._keys[f"{self._name} {name}"]


def augment(keys: Streams, batch: Batch, flip: bool, random_crop: float) -> Batch:
    """Return a batch of floats, each image mirrored and cropped independently."""
    return Batch(
        augmented(Side(keys, "sample"), batch.sample, flip, random_crop),
        augmented(Side(keys, "condition"), batch.condition, flip, random_crop),
    )
