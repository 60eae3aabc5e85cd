"""Next frames with three losses, on squares that move a pixel a frame over a still ground:

    taskset -c 0 python -m tests.demos.next_frames [OUT.png [STEPS [SEED]]]    minutes on one core

Trains configs/next_frame_moving.py (four given frames, two to predict) with squared differences
alone, with differences of gradients too, and with the adversarial part too: the same seed, the same
clips. Prints of 200 clips that were not trained on, and for the last given frame in every place:

    gradient energy   mean |dx| + mean |dy| of predicted frames 1 to 4 over that of the true ones:
                      below 1 is blurred
    PSNR n            of the n-th predicted frame in dB; the network predicts from its own frames,
                      and 3 to 8 are more than it was trained for
"""

import sys
import time
from collections.abc import Iterator
from functools import partial
from importlib import import_module
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from jaxgan.build import build, sides
from jaxgan.evaluate.metrics.paired import SCORES, psnr
from jaxgan.game.game import Batch, Game, TrainState, init_state
from jaxgan.game.steps import train_step
from jaxgan.media.clips import strips
from jaxgan.media.next_frames import guess, next_frames
from jaxgan.media.pictures import grid, save_picture
from tests.data.made_media import DIRECTIONS, film

TESTED, LONG = 200, 8  # clips that are not trained on; frames that are predicted of each
LOSSES = {
    "squared differences": {"gdl": 0.0, "adversarial": 0.0},
    "and of gradients": {"adversarial": 0.0},
    "and adversarial": {},
}
PLACES = (1, 2, 4, 8)


def clips(count: int, seed: int, frames: int, side: int) -> np.ndarray:
    """Return films of squares in four directions, [count, frames, side, side, 3] uint8."""
    ways = list(DIRECTIONS.values())
    draw = lambda i: film(ways[i % len(ways)], np.random.default_rng((seed, i)), frames, side)
    return np.stack([draw(i) for i in range(count)])


def batches(config: ConfigDict) -> Iterator[Batch]:
    """Yield a batch for every step: new films every time."""
    (frames, side, _), context = config.data.size, config.data.context
    first = 1 + config.seed * config.train.steps
    for step in range(first, first + config.train.steps):
        found = clips(config.train.batch, step, frames, side) / np.float32(127.5) - 1
        parts = Batch(jnp.asarray(found[:, context:]), jnp.asarray(found[:, :context]))
        yield jax.tree.map(lambda x: x[None, None], parts)


def trained(config: ConfigDict) -> tuple[Game, TrainState]:
    """Return the game and its state after training."""
    game = build(config, next_frames((*config.data.size, 3), config.data.context).spec)
    state = jax.jit(partial(init_state, game, config.seed))()
    step = jax.jit(partial(train_step, game), donate_argnums=0)
    for batch in batches(config):
        state, _ = step(state, batch)
    return game, state


def predicted(config: ConfigDict, state: TrainState, given: np.ndarray) -> np.ndarray:
    """Return LONG frames after given ones [n, k, h, w, c] uint8, by the averaged generator."""
    context = config.data.context
    spec = next_frames((context + LONG, *given.shape[2:]), context).spec
    call = jax.jit(sides(config, spec)["generator"].calls["call"])
    floats = jnp.asarray(given / np.float32(127.5) - 1)
    return np.asarray(call({"params": state.averages["generator"]}, (), floats))


def row(made: np.ndarray, true: np.ndarray) -> list[float]:
    """Return the numbers of a line of the table, of clips [n, LONG, h, w, c] in [-1, 1]."""
    images = lambda x: x[:, :4].reshape(-1, *x.shape[2:])
    energy = SCORES["gradient_energy"](images(made), images(true))
    return [energy, *(psnr(made[:, n - 1], true[:, n - 1]) for n in PLACES)]


def main(output: str = "next_frames.png", steps: int = 0, seed: int = 0) -> None:
    config = import_module("configs.next_frame_moving").get_config()
    config.train.steps, config.seed = int(steps) or config.train.steps, int(seed)
    context, side = config.data.context, config.data.size[1]
    films = clips(TESTED, 0, context + LONG, side)
    given, true = films[:, :context], films[:, context:] / 127.5 - 1
    heads = ["gradient energy", *(f"PSNR {n}" for n in PLACES)]
    print("| | " + " | ".join(heads) + " | CPU s |\n" + "|---" * (len(heads) + 2) + "|")
    show = lambda name, made, seconds: print(
        f"| {name} | {' | '.join(f'{x:.3f}' for x in row(made, true))} | {seconds:.0f} |",
        flush=True,
    )
    show("the last given frame", guess(given, LONG) / 127.5 - 1, 0)
    shown = [true[:6]]
    for name, fields in LOSSES.items():
        begun = time.process_time()
        config.objective.update(import_module("configs.next_frame_moving").get_config().objective)
        config.objective.update(fields)
        _, state = trained(config)
        made = predicted(config, state, given)
        show(name, made, time.process_time() - begun)
        shown.append(made[:6])
    stored = [strips(np.clip(127.5 * (x + 1), 0, 255).round().astype(np.uint8)) for x in shown]
    picture = grid(np.concatenate(stored), 6)
    save_picture(Path(output), np.kron(picture, np.ones((2, 2, 1), np.uint8)))
    print(f"{output}: the truth, then each loss; {time.process_time():.0f} CPU s")


if __name__ == "__main__":
    jax.config.update("jax_platforms", "cpu")
    main(*sys.argv[1:])
