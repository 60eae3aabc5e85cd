"""Small data sets and a folder with every kind of image file."""

from pathlib import Path

import numpy as np
import pytest

from jaxgan.data.prepare.write import ImageFormat, write_records
from jaxgan.data.records import open_records
from tests.data.image_kinds import encoded, messy_files, random_images


@pytest.fixture
def make_records(tmp_path):
    """A function (count, shape, ...) -> (Records, images, labels)."""

    def make(count=23, shape=(4, 6, 3), num_classes=3, shards=3, dtype="uint8", encoding="png"):
        images = random_images((count, *shape), dtype)
        labels = np.random.default_rng(1).integers(0, num_classes, count).astype(np.int32)
        write_records(
            tmp_path / "made",
            zip(images, labels.tolist(), strict=True),
            [f"class {number}" for number in range(num_classes)],
            ImageFormat(shape, dtype, encoding),
            shards=shards,
        )
        return open_records(tmp_path / "made"), images, labels

    return make


@pytest.fixture
def class_folder(tmp_path):
    """12 gray PNG files of 5 x 7 in the folders a, b, c; returns (folder, images by file order)."""
    images = random_images((12, 5, 7))
    for index, image in enumerate(images):
        path = tmp_path / "source" / "abc"[index // 4] / f"{index:02d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encoded(image))
    return tmp_path / "source", images[..., None]


@pytest.fixture
def messy_folder(tmp_path) -> Path:
    for name, data in messy_files().items():
        path = tmp_path / "messy" / ("one" if name < "jpeg" else "two") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (tmp_path / "messy" / "readme.txt").write_text("no image")
    (tmp_path / "messy" / "one" / "._alpha.png").write_bytes(b"a hidden file")
    return tmp_path / "messy"
