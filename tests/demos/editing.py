"""The numbers of docs/editing.md: how far an edit brings an image to what was painted.

    python -m tests.demos.editing [count]

What is painted are the pixels of a photograph in the middle of the image, 20 % of it. The generator
`fashion` was trained on all photographs that come with jaxgan, so each is mirrored: as such none
was seen. The class is given. Prints the error of the colours at the start (the image of a seed of
its own) and at the end.
"""

import sys

import numpy as np

import jaxgan
from jaxgan.data.records import open_records
from jaxgan.media.image_files import read_picture
from jaxgan.media.pixels import to_float
from jaxgan.media.resize import fit
from jaxgan.trained.descent import Descent
from jaxgan.trained.edit import Strokes, edit

MIDDLE = slice(9, 23), slice(9, 24)  # 14 x 15 of 32 x 32 pixels


def painted(data: bytes) -> Strokes:
    """Return the middle of a mirrored photograph as strokes."""
    image = fit(read_picture(data, 1), (32, 32), "center", "area")[:, ::-1]
    mask = np.zeros(image.shape, np.float32)
    mask[MIDDLE] = 1
    return Strokes(to_float(image), mask)


def table(errors: np.ndarray) -> str:
    """Return the rows of (start, end) errors [n, 2]."""
    factors = errors[:, 0] / errors[:, 1]
    quartiles = np.percentile(factors, (0, 25, 50, 75, 100))
    return "\n".join([
        f"{len(errors)} photographs: mean squared error {errors[:, 0].mean():.3f} at the start, "
        f"{errors[:, 1].mean():.3f} at the end: {errors[:, 0].mean() / errors[:, 1].mean():.1f} "
        "times smaller",
        "of single ones: least, quartiles and most: " + ", ".join(f"{q:.1f}" for q in quartiles),
        f"5 times smaller or more: {(factors >= 5).sum()}",
    ])  # fmt: skip


def main(count: int) -> None:
    g, records = jaxgan.load("fashion"), open_records("fashion_mnist")
    assert isinstance(g, jaxgan.TrainedGenerator)
    descent, errors = Descent(g), []
    for seed, (data, label) in enumerate(records.read(range(count))):
        found = edit(g, painted(data), label=int(label), seed=seed, descent=descent)
        errors.append(found.errors["colour"])
        print(f"{g.class_names[label]}: {errors[-1][0]:.3f} to {errors[-1][1]:.3f}", flush=True)
    print(table(np.array(errors)))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 30)
