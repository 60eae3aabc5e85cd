"""Durations and intervals in images seen, which do not depend on the batch size, to steps.

    steps = ceil(images / images of one step),   images of one step = num_d_steps x batch

A field of the section in_images that is not 0 replaces the corresponding field in steps.
"""

import math

from ml_collections import ConfigDict

# in_images.NAME -> the field in steps.
FIELDS = {
    "train": ("train", "steps"),
    "log": ("train", "log_every"),
    "sample": ("train", "sample_every"),
    "checkpoint": ("train", "checkpoint_every"),
    "watch": ("watch", "every"),
}


def images_a_step(config: ConfigDict) -> int:
    """Return how many real images the discriminator steps of one training step see.

    The log, intervals and schedules all count images in this way. Batches that only the generator
    sees (train.fresh_batches) are not counted.
    """
    return config.train.batch * config.train.num_d_steps


def in_steps(config: ConfigDict) -> ConfigDict:
    """Return a config in which the fields in steps follow from the fields in images."""
    config = ConfigDict(config.to_dict())
    for name, (section, field) in FIELDS.items():
        images = config.in_images[name]
        if images:
            config[section][field] = math.ceil(images / images_a_step(config))
    return config.lock()
