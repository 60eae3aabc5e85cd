"""VGAN's mask on squares that move a pixel a frame over a still ground:

    taskset -c 0 python -m tests.demos.scenes [scenes.png] [STEPS]      minutes on one core

Trains configs/vgan.py, smaller: eight frames of 16 x 16, width 16. Prints of 200 samples after a
tenth of the training and at its end:

    mask      mean of the mask: the share of a clip that it covers
    motion    share of the change from frame to frame that is where the mask of either frame is:
              as large as `mask` for a mask that knows nothing of motion
    change    mean absolute change from frame to frame over that of true clips
"""

import sys
import time
from functools import partial
from importlib import import_module
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from jaxgan.build import build, sampling_prior
from jaxgan.game import sampling
from jaxgan.game.game import Batch, Game, TrainState, init_state
from jaxgan.game.steps import train_step
from jaxgan.media.clips import clips as medium_of
from jaxgan.media.clips import strips
from jaxgan.media.pictures import grid, save_picture
from tests.demos.next_frames import clips

COUNT = 200


def small() -> ConfigDict:
    """Return the config of the training."""
    config = import_module("configs.vgan").get_config()
    config.data.update(size=(8, 16, 16), class_names=("moving",))
    config.model.update(width=16, latent_dim=32)
    for player in (config.generator, config.discriminator):
        player.learning_rate = 5e-4
    config.average.decay = 0.98
    config.train.update(steps=800, batch=32)
    return config


def sampled(config: ConfigDict, game: Game, state: TrainState) -> tuple[np.ndarray, np.ndarray]:
    """Return samples [COUNT, t, h, w, 3] in [-1, 1] and their masks [COUNT, t, h, w, 1]."""
    side, prior = game.players["generator"].side, sampling_prior(config)
    weights = state.averages["generator"]
    variables = sampling.variables(side, weights, lambda key: prior(key, 64), 10)
    drawn = sampling.draw(prior, 0, np.arange(COUNT))
    both = (jax.jit(side.calls[name])(variables, *drawn) for name in ("call", "mask"))
    made, mask = map(np.asarray, both)
    return made, mask


def scores(made: np.ndarray, mask: np.ndarray, change: float) -> list[float]:
    """Return the three numbers above. change: of true clips."""
    moved = np.abs(np.diff(made, axis=1)).mean(-1)
    either = np.maximum(mask[:, 1:, ..., 0], mask[:, :-1, ..., 0])
    return [mask.mean(), (moved * either).sum() / moved.sum(), moved.mean() / change]


def main(output: str = "scenes.png", steps: int = 0) -> None:
    config = small()
    config.train.steps = int(steps) or config.train.steps
    frames, side, _ = config.data.size
    game = build(config, medium_of((*config.data.size, 3), 1).spec)
    state = jax.jit(partial(init_state, game, config.seed))()
    step = jax.jit(partial(train_step, game), donate_argnums=0)
    true = clips(COUNT, 0, frames, side) / 127.5 - 1
    change, shown = np.abs(np.diff(true, axis=1)).mean(), []
    print("| steps | mask | motion | change |\n|---|---|---|---|")
    for i in range(config.train.steps):
        found = clips(config.train.batch, i + 1, frames, side) / np.float32(127.5) - 1
        batch = Batch(jnp.asarray(found), jnp.zeros(len(found), jnp.int32))
        state, _ = step(state, jax.tree.map(lambda x: x[None, None], batch))
        if i + 1 in (config.train.steps // 10, config.train.steps):
            made, mask = sampled(config, game, state)
            cells = " | ".join(f"{x:.3f}" for x in scores(made, mask, change))
            print(f"| {i + 1} | {cells} |", flush=True)
            shown = [made[:6], np.repeat(2 * mask[:6] - 1, 3, -1)]
    stored = [strips(np.clip(127.5 * (x + 1), 0, 255).round().astype(np.uint8)) for x in shown]
    picture = grid(np.concatenate(stored), 6)
    save_picture(Path(output), np.kron(picture, np.ones((2, 2, 1), np.uint8)))
    print(f"{output}: samples above their masks; {time.process_time():.0f} CPU s")


if __name__ == "__main__":
    jax.config.update("jax_platforms", "cpu")
    main(*sys.argv[1:])
