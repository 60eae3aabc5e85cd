"""C-RNN-GAN on procedural melodies in C major: how tunes are made, before and after training.

    taskset -c 0 python -m tests.demos.tunes [FOLDER [STEPS [SEED]]]    minutes on one core

Trains configs/crnngan_tunes.py on the notes of 800 melodies (tests/data/made_media.py), and prints
the measures of evaluate/metrics/tunes.py for melodies that were not trained on, for 500 samples of
the untrained generator, for uniform noise in the range of the data, after pretraining alone, and at
the end. FOLDER gets ten MIDI files, a sheet of piano rolls above ten real ones, and three tunes as
a WAV.
"""

import sys
import time
from functools import partial
from importlib import import_module
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.build import build, sampling_prior
from jaxgan.evaluate.metrics.tunes import interval_shares, measures
from jaxgan.game import sampling
from jaxgan.game.game import Batch, init_state
from jaxgan.game.keys import Keys
from jaxgan.game.steps import train_step
from jaxgan.media.events import events, events_of
from jaxgan.media.midi import Tune
from jaxgan.media.pictures import save_picture
from tests.data.made_media import METRES, melody

SAMPLES = 500


def melodies(count: int, notes: int, seed: int) -> np.ndarray:
    """Return the tunes of `count` melodies of each metre as they are stored, [n, notes, 4]."""
    found = []
    for number in range(count):
        for place, beats in enumerate(METRES.values()):
            rng = np.random.default_rng((seed, number, place))
            whole = events_of(Tune(24, melody(beats, rng)))
            found += list(whole[: len(whole) // notes * notes].reshape(-1, notes, 4))
    tunes = np.stack(found)
    tunes[:, 0, 0] = 0
    return tunes


def noise(real: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return tunes whose numbers are drawn evenly between the data's smallest and largest."""
    low, high = real.min((0, 1)), real.max((0, 1))
    return rng.integers(low, high + 1, (SAMPLES, *real.shape[1:])).astype(np.int16)


def sampled(config, game, state, medium) -> np.ndarray:
    """Return samples of the averaged generator as they are stored."""
    side, prior = game.players["generator"].side, sampling_prior(config)
    drawn, labels = sampling.draw(prior, 0, np.arange(SAMPLES))
    generate = jax.jit(partial(sampling.generate, side))
    made = generate({"params": state.averages["generator"]}, drawn, labels)
    return medium.to_stored(np.asarray(made))


def main(folder: str = "", steps: int = 0, seed: int = 0) -> None:
    config = import_module("configs.crnngan_tunes").get_config()
    config.data.class_names = ("tunes",)
    config.train.steps = int(steps) or config.train.steps
    notes = config.data.size[0]
    medium = events(notes, 1)
    game = build(config, medium.spec)
    state = jax.jit(partial(init_state, game, int(seed)))()
    real, held_out = melodies(400, notes, 0), melodies(100, notes, 1)
    print("| | scale consistency | tone span | polyphony | repetitions | intervals |")
    print("|---|---|---|---|---|---|")

    def show(name: str, tunes: np.ndarray) -> None:
        numbers = list(measures(tunes).values())
        apart = np.abs(interval_shares(tunes.astype(int)) - interval_shares(real.astype(int)))
        cells = " | ".join(f"{n:.3f}" for n in (*numbers, apart.sum() / 2))
        print(f"| {name} | {cells} |", flush=True)

    rng = np.random.default_rng(int(seed))
    show("not trained on", held_out)
    show("uniform noise", noise(real, rng))
    show("untrained", sampled(config, game, state, medium))

    @partial(jax.jit, donate_argnums=0)
    def step(state, batch, number):
        keys = Keys(jax.random.fold_in(jax.random.key(1), number))
        return train_step(game, state, medium.augment(keys, medium.to_float(batch)))

    for i in range(config.train.steps):
        chosen = real[rng.integers(0, len(real), config.train.batch)]
        labels = np.zeros(config.train.batch, np.int32)
        batch = Batch(jnp.asarray(chosen), jnp.asarray(labels))
        state, _ = step(state, jax.tree.map(lambda x: x[None, None], batch), i)
        if i + 1 == config.objective.pretraining:
            show(f"after {i + 1} steps of pretraining", sampled(config, game, state, medium))
        elif (i + 1) % (config.train.steps // 5) == 0:
            show(f"after {i + 1} steps", sampled(config, game, state, medium))
    if folder:
        found, place = sampled(config, game, state, medium), Path(folder)
        for number, tune in enumerate(found[:10]):
            medium.write(place / f"{number}.mid", tune)
        save_picture(place / "tunes.png", medium.sheet(np.concatenate([found[:10], real[:10]]), 10))
        assert medium.reel is not None
        (place / "tunes.wav").write_bytes(medium.reel.encode(found[:3], 1))
    print(f"{time.process_time():.0f} CPU s")


if __name__ == "__main__":
    jax.config.update("jax_platforms", "cpu")
    main(*sys.argv[1:])
