"""Where a SAGAN looks (arXiv 1805.08318, figure 6): attention maps of its generator.

    python -m tests.demos.attention runs/sagan [attention.png]

Each row is one sample. The first cell marks five places by colour; the others show, in the same
order, how much each of them takes from everywhere: the rows of softmax(theta phi^T), brought to the
image's size and each scaled to its largest.
"""

import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from flax.traverse_util import flatten_dict
from PIL import ImageColor

import jaxgan
from jaxgan.media.pictures import captioned, save_picture
from jaxgan.media.pixels import to_stored
from jaxgan.models.attention import attention_weights
from jaxgan.trained.generator import TrainedGenerator
from tests.demos.plot import COLORS

PLACES = ((0.5, 0.5), (0.2, 0.5), (0.8, 0.5), (0.5, 0.2), (0.05, 0.05))  # of height and width


def attention(g: TrainedGenerator, latents: np.ndarray, labels: np.ndarray):
    """Return images [n, h, w, c] and attention [n, queries, keys] of samples."""
    apply = jax.jit(lambda v, z, y: g.side.module.apply(v, z, y, mutable=["intermediates"]))
    images, sown = apply(g.variables(), jnp.asarray(latents), jnp.asarray(labels))
    found = {path[-1]: v[0] for path, v in flatten_dict(sown).items()}
    if "queries" not in found:
        raise ValueError("this generator has no attention: train configs/sagan_fashion.py")
    return np.asarray(images), np.asarray(attention_weights(found["queries"], found["keys"]))


def resized(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return np.asarray(jax.image.resize(image, size, "linear"))


def cells(image: np.ndarray, weights: np.ndarray) -> list[np.ndarray]:
    """Return a row: the marked image, then a map for each place, [h, w, 3] uint8."""
    height, width, _ = image.shape
    side = round((len(weights) * height / width) ** 0.5)  # queries lie on a map of this height
    keys = side // 2, len(weights) // side // 2  # pooled by 2
    marked = (
        np.repeat(to_stored(image)[..., :1], 3, -1) if image.shape[-1] == 1 else to_stored(image)
    )
    marked, row = marked.copy(), []
    for (y, x), color in zip(PLACES, COLORS, strict=False):
        query = int(y * side) * (len(weights) // side) + int(x * (len(weights) // side))
        found = resized(weights[query].reshape(keys), (height, width))
        shade = np.clip(found / found.max(), 0, 1)[..., None]
        tint = np.array(ImageColor.getrgb(color))
        row.append((255 - shade * (255 - tint)).astype(np.uint8))
        top, left = int(y * height), int(x * width)
        marked[max(top - 1, 0) : top + 1, max(left - 1, 0) : left + 1] = tint
    return [marked, *row]


def main(run: str, output: str = "attention.png", samples: int = 6) -> None:
    g = jaxgan.load(run)
    labels = np.resize(np.arange(len(g.class_names), dtype=np.int32), samples)
    images, maps = attention(g, g.latents(range(samples)), labels)
    rows = [cells(image, weights) for image, weights in zip(images, maps, strict=True)]
    names = [g.class_names[label] for label in labels]
    save_picture(Path(output), captioned(np.concatenate(rows), 1 + len(PLACES), names))
    print(output)


if __name__ == "__main__":
    main(*sys.argv[1:])
