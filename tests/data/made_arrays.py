"""Data sets of arrays that are kept as they are, which `jaxgan prepare` does not make."""

from pathlib import Path

import numpy as np

from jaxgan.data.prepare.write import ImageFormat, write_records
from jaxgan.data.records import Records, open_records
from tests.data.image_kinds import random_images


class AsTheyAre(ImageFormat):
    """Arrays, not compressed."""

    def encode(self, image: np.ndarray) -> bytes:
        return image.tobytes()


def raw_records(
    directory: Path, count: int = 20, shape: tuple[int, ...] = (32, 48, 3), num_classes: int = 300
) -> tuple[Records, np.ndarray, np.ndarray]:
    """Write random images in two files; return the records, the images and their labels."""
    images = random_images((count, *shape))
    labels = np.linspace(0, num_classes - 1, count).astype(int)
    names = [f"class {number}" for number in range(num_classes)]
    examples = zip(images, labels.tolist(), strict=True)
    write_records(directory, examples, names, AsTheyAre(shape, encoding="zlib"), shards=2)
    description = directory / "features.json"
    description.write_text(description.read_text().replace("zlib", "bytes"))
    return open_records(directory), images, labels
