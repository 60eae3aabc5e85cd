"""DVD-GAN on squares that move a step a frame: are the frames of a sample in order?

    python -m tests.demos.in_order data/moving RUN [RUN ...]

A network (models/vgan.py's discriminator) learns to tell clips of the data from the same clips
with their frames shuffled. Prints which share it takes to be in order, of 500 clips that it was not
trained on and of 500 samples of each run: as they are, and shuffled. A generator that was judged by
its frames alone (model.heads = "frames") has no reason to bring them in order; but one that is
recurrent changes slowly by itself, and a clip that nearly stands still passes. So the table also
has `moves`, the mean way of the square from frame to frame in pixels, and `as asked`, the share of
all pairs of frames between which it moves in the direction of its class.
"""

import sys

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax

import jaxgan
from jaxgan.data.reader import Reader
from jaxgan.data.records import open_records
from jaxgan.models.vgan import Discriminator
from tests.data.made_media import DIRECTIONS

COUNT, STEPS, BATCH, RATE = 500, 600, 64, 1e-3


def shuffled(clips: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return clips [n, t, ...] with the frames of each in another order."""
    orders = np.argsort(rng.random(clips.shape[:2]), axis=1)
    same = (orders == np.arange(clips.shape[1])).all(1)
    orders[same] = orders[same, ::-1]
    return np.take_along_axis(clips, orders[:, :, None, None, None], 1)


def judge(clips: np.ndarray, rng: np.random.Generator):
    """Return a function of clips [n, t, h, w, c] uint8: the logit that they are in order, [n]."""
    frames = clips.shape[1]
    network = Discriminator(tuple(16 * 2**i for i in range(frames.bit_length() - 1)), False)
    labels = jnp.zeros(BATCH, jnp.int32)
    floats = lambda x: x.astype(jnp.float32) / 127.5 - 1
    params = nn.unbox(network.init(jax.random.key(0), floats(clips[:BATCH]), labels))["params"]
    optimizer = optax.adam(RATE)

    def loss(params, real, mixed):
        logits = lambda x: network.apply({"params": params}, floats(x), labels)
        return (nn.softplus(-logits(real)) + nn.softplus(logits(mixed))).mean()

    @jax.jit
    def step(params, state, real, mixed):
        slopes = jax.grad(loss)(params, real, mixed)
        updates, state = optimizer.update(slopes, state, params)
        return optax.apply_updates(params, updates), state

    state = optimizer.init(params)
    for _ in range(STEPS):
        real = clips[rng.integers(0, len(clips), BATCH)]
        params, state = step(params, state, real, shuffled(real, rng))
    apply = jax.jit(lambda x: network.apply({"params": params}, floats(x), jnp.zeros(len(x), int)))
    return lambda x: np.asarray(apply(x))


def ways(clips: np.ndarray) -> np.ndarray:
    """Return how far what stands out moves from frame to frame, rows and columns, [n, t - 1, 2].

    By the largest correlation of what differs from a frame's median, around the edges as the data
    go: a whole number of pixels.
    """
    found = np.abs(clips - np.median(clips, (2, 3), keepdims=True)).sum(-1)
    spectra = np.fft.fft2(found)
    fit = np.fft.ifft2(spectra[:, 1:] * spectra[:, :-1].conj()).real
    side = np.array(fit.shape[2:])
    best = np.stack(np.unravel_index(fit.reshape(*fit.shape[:2], -1).argmax(-1), side), -1)
    return (best + side // 2) % side - side // 2


def main(data: str, *runs: str) -> None:
    generators = [jaxgan.load(run) for run in runs]
    medium, rng = generators[0].medium, np.random.default_rng(0)
    records = open_records(data)
    read = Reader(records, medium).read(rng.permutation(len(records)))
    in_order = judge(read.sample[COUNT:], rng)
    print("| | in order | the same, shuffled | moves | as asked |\n|---|---|---|---|---|")

    def show(name: str, found: np.ndarray, labels: np.ndarray) -> None:
        shares = [(in_order(x) > 0).mean() for x in (found, shuffled(found, rng))]
        way = ways(found.astype(float))
        asked = np.array([DIRECTIONS[name] for name in records.class_names])[labels][:, None]
        as_asked = (way * asked).sum(-1) > np.abs(way * (1 - np.abs(asked))).sum(-1)
        numbers = (*shares, np.hypot(*np.moveaxis(way, -1, 0)).mean(), as_asked.mean())
        print(f"| {name} | {' | '.join(f'{x:.3f}' for x in numbers)} |", flush=True)

    show("clips of the data", read.sample[:COUNT], read.condition[:COUNT])
    for run, generator in zip(runs, generators, strict=True):
        assert isinstance(generator, jaxgan.TrainedGenerator)
        labels = np.arange(COUNT) % len(records.class_names)
        made = generator.sample(classes=labels.tolist())
        show(f"{run}, step {generator.step}", made, labels)


if __name__ == "__main__":
    jax.config.update("jax_platforms", "cpu")
    main(*sys.argv[1:])
