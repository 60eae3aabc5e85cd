"""3D-GAN on furniture of 16 x 16 x 16 voxels: chairs, tables, benches, shelves and lamps.

    taskset -c 0 python -m tests.demos.furniture [OUT.png [STEPS [SEED]]]   minutes on one core

Trains configs/gan3d_furniture.py on 2,000 pieces made of boxes with sides at random, and prints of
500 samples, of 500 pieces that were not trained on, and of samples after a fifth of the training:

    class       share whose nearest training piece is of the class that was asked for
    one part    mean share of a piece's voxels in its largest connected part
    overlap     mean of the largest intersection over union with a training piece
    full        mean share of the voxels that are full
    alike       mean intersection over union of two pieces of a class

The picture has samples on the way, samples at the end and real pieces; beside it a GIF turns one
sample of each class.
"""

import sys
import time
from functools import partial
from importlib import import_module
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from scipy import ndimage

from jaxgan.build import build, sampling_prior
from jaxgan.files.atomic import write_bytes
from jaxgan.game import sampling
from jaxgan.game.game import Batch, Label, Spec, init_state
from jaxgan.game.steps import train_step
from jaxgan.media.pictures import grid, save_picture
from jaxgan.media.volumes import isometric, turning

SIZE, TRAINED, HELD_OUT = 16, 2000, 500
CLASSES = ("chair", "table", "bench", "shelf", "lamp")


def boxes(name: str, rng: np.random.Generator) -> list[tuple[tuple, tuple]]:
    """Return the boxes of a piece: the first and behind the last voxel of each, z upwards."""
    draw = lambda low, high: int(rng.integers(low, high + 1))
    wide, deep, leg = draw(8, 12), draw(7, 10), draw(1, 2)
    if name == "lamp":
        foot, shade, tall, top = draw(5, 8), draw(6, 10), draw(12, 16), draw(3, 5)
        at = lambda side: ((SIZE - side) // 2, (SIZE + side) // 2)
        square = lambda side, low, high: ((*at(side)[:1] * 2, low), (*at(side)[1:] * 2, high))
        return [square(foot, 0, 1), square(2, 1, tall - top), square(shade, tall - top, tall)]
    if name == "shelf":
        tall, boards = draw(13, 16), draw(2, 4)
        parts = [((0, 0, 0), (leg, deep, tall)), ((wide - leg, 0, 0), (wide, deep, tall))]
        for z in np.linspace(0, tall - 1, boards).round().astype(int):
            parts.append(((leg, 0, z), (wide - leg, deep, z + 1)))
        return parts
    if name == "bench":
        wide, deep = draw(14, 16), draw(4, 6)
    height, top = (draw(4, 6), 1) if name != "table" else (draw(8, 11), draw(1, 2))
    parts = [((0, 0, height), (wide, deep, height + top))]
    for x in (0, wide - leg):
        for y in (0, deep - leg):
            parts.append(((x, y, 0), (x + leg, y + leg, height)))
    if name == "chair":
        parts.append(((0, 0, height + top), (leg, deep, height + top + draw(5, 8))))
    return parts


def piece(name: str, rng: np.random.Generator) -> np.ndarray:
    """Return one piece of furniture, in the middle of the floor: [x, y, z] bool."""
    parts = np.array(boxes(name, rng))
    low, high = parts[:, 0].min(0), parts[:, 1].max(0)
    parts = parts + np.where([True, True, False], (SIZE - low - high) // 2, 0)
    voxels = np.zeros((SIZE,) * 3, bool)
    for (a, b, c), (d, e, f) in parts:
        voxels[a:d, b:e, c:f] = True
    return voxels


def pieces(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return pieces [count, x, y, z] bool and their classes [count], all classes equally often."""
    labels = np.arange(count) % len(CLASSES)
    draw = lambda i: piece(CLASSES[labels[i]], np.random.default_rng((seed, i)))
    return np.stack([draw(i) for i in range(count)]), labels.astype(np.int32)


def overlaps(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return intersection over union of all pairs of [n, ...] and [m, ...] bool: [n, m]."""
    a, b = (x.reshape(len(x), -1).astype(np.float32) for x in (a, b))
    both = a @ b.T
    return both / np.maximum(a.sum(1)[:, None] + b.sum(1)[None] - both, 1)


def one_part(voxels: np.ndarray) -> float:
    """Return the share of a piece's voxels that are in its largest part; 0 for none at all."""
    parts, _ = ndimage.label(voxels)
    sizes = np.bincount(parts.ravel())[1:]
    return float(sizes.max() / sizes.sum()) if len(sizes) else 0.0


def scores(found: np.ndarray, labels: np.ndarray, real: np.ndarray, classes: np.ndarray) -> dict:
    """Return the five numbers above of pieces [n, x, y, z] bool that were asked for as `labels`."""
    table = overlaps(found, real)
    is_pair = (labels[:, None] == labels) & ~np.eye(len(labels), dtype=bool)
    return {
        "class": float((classes[table.argmax(1)] == labels).mean()),
        "one part": float(np.mean([one_part(x) for x in found])),
        "overlap": float(table.max(1).mean()),
        "full": float(found.mean()),
        "alike": float(overlaps(found, found)[is_pair].mean()),
    }


def stored(voxels: np.ndarray) -> np.ndarray:
    """Return pieces [n, x, y, z] bool as the medium stores them."""
    return np.where(voxels, np.uint8(255), np.uint8(0))[..., None]


def sampled(config, game, state, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return samples [count, x, y, z] bool of the averaged generator, and their classes."""
    side, prior = game.players["generator"].side, sampling_prior(config)
    weights, _ = game.players["generator"].transform.apply(
        state.averages["generator"], state.players["generator"].transform_state
    )
    variables = sampling.variables(side, weights, lambda key: prior(key, 64), 20)
    noise, _ = sampling.draw(prior, 0, np.arange(count))
    labels = np.arange(count) % len(CLASSES)
    generate = jax.jit(partial(sampling.generate, side))
    made = generate(variables, noise, jnp.asarray(labels, jnp.int32))
    return np.asarray(made)[..., 0] > 0, labels


def main(output: str = "furniture.png", steps: int = 0, seed: int = 0) -> None:
    config = import_module("configs.gan3d_furniture").get_config()
    config.data.class_names = CLASSES
    config.train.steps = int(steps) or config.train.steps
    spec = Spec(jax.ShapeDtypeStruct((SIZE,) * 3 + (1,), jnp.float32), Label(len(CLASSES)))
    game = build(config, spec)
    state = jax.jit(partial(init_state, game, int(seed)))()
    (real, classes), rng = pieces(TRAINED, 0), np.random.default_rng(int(seed))
    show = lambda name, numbers: print(
        f"| {name} | " + " | ".join(f"{n:.3f}" for n in numbers.values()) + " |", flush=True
    )
    print("| | class | one part | overlap | full | alike |\n|---|---|---|---|---|---|")
    held_out = pieces(HELD_OUT, 1)
    show("not trained on", scores(*held_out, real, classes))
    step = jax.jit(partial(train_step, game), donate_argnums=0)
    sheets = []
    for i in range(config.train.steps):
        which = rng.integers(0, TRAINED, config.train.batch)
        volumes = np.where(real[which], 1.0, -1.0).astype(np.float32)[..., None]
        batch = Batch(jnp.asarray(volumes), jnp.asarray(classes[which]))
        state, _ = step(state, jax.tree.map(lambda x: x[None, None], batch))
        if i + 1 in (config.train.steps // 5, config.train.steps):
            found, labels = sampled(config, game, state, HELD_OUT)
            show(f"after {i + 1} steps", scores(found, labels, real, classes))
            sheets.append(stored(found[:10]))
    sheets.append(stored(held_out[0][:10]))
    save_picture(Path(output), grid(isometric(np.concatenate(sheets)), 10))
    write_bytes(Path(output).with_suffix(".gif"), turning(sheets[1][: len(CLASSES)], 1))
    print(f"{output}: samples on the way, at the end, real ones; {time.process_time():.0f} CPU s")


if __name__ == "__main__":
    jax.config.update("jax_platforms", "cpu")
    main(*sys.argv[1:])
