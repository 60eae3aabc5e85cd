"""DVD-GAN on squares that move a step a frame: are the frames of a sample in order?

    python -m tests.demos.in_order data/moving RUN [RUN ...]

A network (models/vgan.py's discriminator) learns to tell clips of the data from the same clips
with their frames shuffled. Prints which share it takes to be in order, of 500 clips that it was not
trained on and of 500 samples of each run: as they are, and shuffled. A generator that was judged by
its frames alone (model.heads = "frames") has no reason to bring them in order. `change` is the mean
change from frame to frame: a still clip would pass for one in order.
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


def main(data: str, *runs: str) -> None:
    generators = [jaxgan.load(run) for run in runs]
    medium, rng = generators[0].medium, np.random.default_rng(0)
    records = open_records(data)
    clips = Reader(records, medium).read(np.arange(len(records))).sample
    clips = clips[rng.permutation(len(clips))]
    held_out, trained = clips[:COUNT], clips[COUNT:]
    in_order = judge(trained, rng)
    print("| | in order | the same, shuffled | change |\n| --- | --- | --- | --- |")

    def show(name: str, found: np.ndarray) -> None:
        shares = [(in_order(x) > 0).mean() for x in (found, shuffled(found, rng))]
        change = np.abs(np.diff(found / 127.5, axis=1)).mean()
        print(f"| {name} | {shares[0]:.3f} | {shares[1]:.3f} | {change:.3f} |", flush=True)

    show("clips of the data", held_out)
    for run, generator in zip(runs, generators, strict=True):
        assert isinstance(generator, jaxgan.TrainedGenerator)
        show(f"{run}, step {generator.step}", generator.sample(count=COUNT))


if __name__ == "__main__":
    jax.config.update("jax_platforms", "cpu")
    main(*sys.argv[1:])
