"""Random images of the classes of tests/tiny.py, in arrays and in folders."""

from pathlib import Path

import numpy as np
from PIL import Image

NAMES = ("T-shirt/top", "Trouser", "Sneaker", "Bag", "Ankle boot")


def pixels(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Random images whose brightness tells the class."""
    rng, labels = np.random.default_rng(seed), np.arange(count) % 5
    noise = rng.integers(0, 90, (count, 8, 8, 1))
    return (noise + 35 * labels[:, None, None, None]).astype(np.uint8), labels


def write_folder(folder: Path, images: np.ndarray, labels: np.ndarray) -> Path:
    """Write a sub-folder of PNG files for each class; return the folder."""
    for i, (image, label) in enumerate(zip(images, labels, strict=True)):
        path = folder / NAMES[label].replace("/", "-") / f"{i:04d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image[..., 0]).save(path)
    return folder
