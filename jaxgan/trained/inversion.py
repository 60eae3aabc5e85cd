"""Inversion: the latents whose image is nearest to a given one, by descent through the generator.

    minimise over z    mean over scales s of |down_s(G(z, y)) - down_s(x)|^2 / pixels + c |z|^2 / d

down_s averages 2^s x 2^s pixels, s = 0, 1, ... down to 4 x 4: coarse scales guide the descent from
afar, where single pixels do not match yet. The last term keeps z where the prior is. Adam with a
rate that decays to 0 runs from several starts at once, the best of many draws; the class is given,
or taken from the best start. If the model has an encoder (models/bigan.py), its latents for the
image are one of the starts.

There is no perceptual distance: nothing but the generator is needed, and no third-party weights.
"""

from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict
from PIL import Image

from jaxgan.files.arrays import write_npz
from jaxgan.files.atomic import check_output
from jaxgan.media.image_files import BadImageError, read_picture
from jaxgan.media.pictures import captioned, refuse_suffix, save_picture
from jaxgan.media.pixels import to_float, to_stored
from jaxgan.media.resize import fit
from jaxgan.trained.descent import Descent, Term, refuse_painter
from jaxgan.trained.generator import TrainedGenerator
from jaxgan.trained.load import load_generator
from jaxgan.trained.sample.sheets import name_of

PRIOR = 1e-3  # c above, by default: well below the distances of photographs, 0.01 to 0.1
CANDIDATES = 256  # draws from which the starts are chosen


class Inversion(NamedTuple):
    """What was found for an image.

    latents: [latent_dim]. label: the class. distance: that of `image`, without the prior's term.
    image: [h, w, c] in [-1, 1]. progress: {step: image}, of the best start.
    """

    latents: np.ndarray
    label: int
    distance: float
    image: np.ndarray
    progress: dict[int, np.ndarray]


def distance(a: jax.Array, b: jax.Array) -> jax.Array:
    """Return the mean squared difference over scales, [n], of images [n, h, w, c] and one or n
    others."""
    total, scales = 0.0, 0
    difference = a - b
    while True:
        total = total + (difference**2).mean((1, 2, 3))
        scales += 1
        n, h, w, c = difference.shape
        if h % 2 or w % 2 or min(h, w) < 8:
            return total / scales
        difference = difference.reshape(n, h // 2, 2, w // 2, 2, c).mean((2, 4))


def invert(
    g: TrainedGenerator,
    image: np.ndarray,
    label: int | None = None,
    steps: int = 300,
    starts: int = 8,
    seed: int = 0,
    learning_rate: float = 0.1,
    truncation: float | None = None,
    prior: float = PRIOR,
) -> Inversion:
    """Find latents for an image [h, w, c] float32 in [-1, 1] of the generator's shape.

    label: its class, or None to choose it among the starts. truncation: of the statistics. prior:
      c;
    0 for the nearest image, however unlikely its latents.

    Raises ValueError for a generator that paints in strokes, and for an image of another shape.
    """
    refuse_painter(g)
    if image.shape != g.image_shape or steps < 1 or starts < 1:
        raise ValueError(
            f"image of {list(image.shape)}, {steps} steps, {starts} starts: write an image of "
            f"{list(g.image_shape)} and 1 or more"
        )
    terms = (Term(_to_target, image[None], 1.0), Term(_length, (), prior))
    z, labels = _starts(g, image, label, starts, seed, truncation)
    path, values = {0: z}, np.zeros((len(z), 2))
    for step, *reached in Descent(g).steps(
        terms, z, labels, _stops(steps), learning_rate, truncation
    ):
        path[step], values = reached
    best = int(np.argmin(values[:, 0]))
    images = g.generate(np.stack([ends[best] for ends in path.values()]),
                        np.full(len(path), labels[best]), truncation)  # fmt: skip
    return Inversion(
        latents=path[steps][best],
        label=int(labels[best]),
        distance=float(values[best, 0]),
        image=images[-1],
        progress=dict(zip(path, images, strict=True)),
    )


def _to_target(target, latents, images, labels) -> jax.Array:
    return distance(images, target)


def _length(about, latents, images, labels) -> jax.Array:
    return (latents**2).mean(1)


def _starts(g, image, label, starts, seed, truncation) -> tuple[np.ndarray, np.ndarray]:
    """Return latents [starts, d] and labels [starts]: the draws whose images are nearest and, for a
    model with an encoder, its latents."""
    count = max(len(g.class_names), 1)
    z, _ = g.draw(range(max(CANDIDATES, starts, count)), seed, truncation)
    labels = np.arange(len(z), dtype=np.int32) % count if label is None else np.full(len(z), label)
    found = np.asarray(distance(g.generate(z, labels, truncation), image[None]))
    order = np.argsort(found)[:starts]
    z, labels = z[order], labels[order].astype(np.int32)
    if g.has_encoder:
        z[-1], labels[-1] = g.encode(image[None])[0], labels[0]
    return z, labels


def _stops(steps: int) -> list[int]:
    """Return the steps to show, each about three times the one before; the last step is among
    them."""
    return [s for s in (3, 10, 30, 100, 300, 1000, 3000) if s < steps * 0.9] + [steps]


def read_target(path: Path, g: TrainedGenerator) -> np.ndarray:
    """Return an image file as the generator would show it: cropped to its shape, resized, in [-1,
    1].

    Raises FileNotFoundError, or ValueError for a file that is not an image.
    """
    if len(g.stored.shape) != 3:
        raise ValueError(
            f"--image={path}: only images are inverted, and this generator makes "
            f"{g.config.data.medium}"
        )
    height, width, channels = g.image_shape
    if not path.is_file():
        raise FileNotFoundError(f"--image={path} does not exist: write a picture's file")
    try:
        image = read_picture(path, channels)
    except BadImageError as error:
        raise ValueError(f"--image={path}: {error}") from error
    image = fit(image, (height, width), "center", "area")
    return np.asarray(to_float(jnp.asarray(image)))


def invert_command(
    model: Path,
    config: ConfigDict | None,
    image: Path,
    output: Path,
    label: str,
    steps: int,
    force: bool,
) -> int:
    """Find an image's latents and draw the way there; return the exit code."""
    if output.resolve() == image.resolve():
        raise ValueError(f"--output={output} is --image too: write another name")
    refuse_suffix(output)
    arrays = output.with_suffix(".npz")
    replaced = check_output(output)
    check_output(arrays, force=force)
    g = load_generator(model, config)
    target = read_target(image, g)
    found = invert(g, target, g.class_id(label) if label else None, steps)
    save_picture(output, progress_picture(g, target, found))
    write_npz(arrays, {"latents": found.latents, "label": np.asarray(found.label)})
    print(f"{output}: the image, then steps {', '.join(map(str, found.progress))}{replaced}")
    print(f"{arrays}: latents of class {name_of(g, found.label)}, distance {found.distance:.4f}")
    return 0


def progress_picture(g: TrainedGenerator, target: np.ndarray, found: Inversion) -> Image.Image:
    """Return a strip: the image and its reconstruction at each step, above what differs."""
    images = np.stack([target, *found.progress.values()])
    left = np.abs(images - target) - 1  # black where they are equal
    rows = np.concatenate([images, left])
    captions = (name_of(g, found.label), "difference")
    headings = ("image", *(f"step {step}" for step in found.progress))
    return captioned(to_stored(rows), len(images), captions, headings)
