"""Can C-RNN-GAN's discriminator hear a wrong key at all?

    taskset -c 0 python -m tests.demos.keys [STEPS]        two minutes on one core

Trains the discriminator of configs/crnngan_tunes.py alone, without a generator and without R1, to
tell melodies in C major (tests.demos.tunes) from the same with every note moved by -1, 0 or 1
semitones at random, and prints how often it is right on melodies that it was not trained on, for
several factors by which it sees pitches (`model.note_scales`). 0.5 is chance.
"""

import sys
from functools import partial
from importlib import import_module

import jax
import jax.numpy as jnp
import numpy as np
import optax
from ml_collections import ConfigDict

from jaxgan.build import sides
from jaxgan.media.events import events
from jaxgan.media.medium import Batch
from tests.demos.tunes import melodies

PITCH, SCALES, BATCH, RATE = 2, (6.0, 12.0, 40.0), 32, 1e-3


def moved(tunes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return tunes [n, notes, 4] with every pitch moved by -1, 0 or 1 semitones."""
    found = tunes.copy()
    found[..., PITCH] += rng.integers(-1, 2, tunes.shape[:2]).astype(tunes.dtype)
    return found


def accuracy(config: ConfigDict, steps: int) -> float:
    """Return how often the discriminator is right after so many steps."""
    notes = config.data.size[0]
    medium, rng = events(notes, 1), np.random.default_rng(0)
    side = sides(config, medium.spec)["discriminator"]
    known, tested = melodies(400, notes, 0), melodies(100, notes, 1)
    optimizer = optax.adam(RATE, config.discriminator.b1, config.discriminator.b2)
    params = jax.jit(side.init)(jax.random.key(0))
    state = optimizer.init(params)

    def logits(params, tunes):
        batch = medium.to_float(Batch(tunes, jnp.zeros(len(tunes), jnp.int32)))
        return side.calls["call"]({"params": params}, batch.sample, batch.condition)

    def loss(params, right, wrong):
        return jax.nn.softplus(-logits(params, right)).mean() + (
            jax.nn.softplus(logits(params, wrong)).mean()
        )

    @partial(jax.jit, donate_argnums=(0, 1))
    def step(params, state, right, wrong):
        slopes = jax.grad(loss)(params, right, wrong)
        updates, state = optimizer.update(slopes, state, params)
        return optax.apply_updates(params, updates), state

    draw = lambda: known[rng.integers(0, len(known), BATCH)]
    for _ in range(steps):
        params, state = step(params, state, draw(), moved(draw(), rng))
    right, wrong = (np.asarray(jax.jit(logits)(params, t)) for t in (tested, moved(tested, rng)))
    return float(((right > 0).mean() + (wrong < 0).mean()) / 2)


def main(steps: int = 2400) -> None:
    config = import_module("configs.crnngan_tunes").get_config()
    config.data.class_names = ("tunes",)
    print(f"| pitch x | right after {int(steps):,} steps |\n|---|---|")
    for scale in SCALES:
        scales = list(config.model.note_scales)
        scales[PITCH] = scale
        config.model.note_scales = tuple(scales)
        print(f"| {scale:g} | {accuracy(config, int(steps)):.3f} |", flush=True)


if __name__ == "__main__":
    jax.config.update("jax_platforms", "cpu")
    main(*sys.argv[1:])
