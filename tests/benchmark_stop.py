"""What it costs in every step to be able to stop at the next, and to say where a process is.

    python -m tests.benchmark_stop [ROUNDS] [bounded]        default: 200 rounds

Runs the training step of configs/debug.py, the smallest there is, in windows of 20 steps: "plain"
only starts the steps and waits at the end of the window; "ready" does what training/train.py does:
activities by the clock, the look whether the run stops; with "bounded" also at most two steps in
flight, as in a run of several processes. The two kinds of windows alternate, each first in every
other round. Prints the median of the rounds' ratios of wall-clock time with its 95 % interval (from
order statistics), and the time of the look alone.

2026-11-28, pinned to one core of two, which other work shared, 200 rounds each: the host's work and
the step are on the same core, so what they cost each other is at its largest.

1.0189 (1.0022 to 1.0400) of 14.04 ms a step; the look alone 0.10 us
1.0344 (1.0216 to 1.0493) of 14.17 ms a step; the look alone 0.14 us      bounded
"""

import math
import statistics
import sys
import threading
import time
from functools import partial
from pathlib import Path

import jax
import numpy as np

from jaxgan.commands import command, train
from jaxgan.devices.stopping import stopping
from jaxgan.game.game import init_state
from jaxgan.training.run import abstract_state, new_run
from jaxgan.training.step import abstract_batch, training_step
from jaxgan.training.stopwatch import Stopwatch

CONFIG = Path(__file__).parent.parent / "configs" / "debug.py"
STEPS = 20


def run(rounds: int, is_bounded: bool) -> None:
    opened, _ = new_run(Path("unused"), command.parse(train.COMMAND, [f"--config={CONFIG}"]).config)
    program = training_step(opened).lower(abstract_state(opened), abstract_batch(opened)).compile()

    def zeros(shape: jax.ShapeDtypeStruct) -> jax.Array:
        return jax.device_put(np.zeros(shape.shape, shape.dtype), shape.sharding)

    inputs = jax.tree.map(zeros, abstract_batch(opened))
    shardings = jax.tree.map(lambda x: x.sharding, abstract_state(opened))
    init = partial(init_state, opened.game, 0)
    state = jax.jit(init, out_shardings=shardings)()
    clock, times, step = Stopwatch(), {"plain": [], "ready": []}, 0
    with stopping(threading.Event(), 1) as is_stopped_after:
        for turn in range(rounds + 1):
            for name in sorted(times, reverse=bool(turn % 2)):
                begin, pending, metrics = time.perf_counter(), [], {}
                for _ in range(STEPS):
                    if name == "plain":
                        state, metrics = program(state, inputs)
                        pending.append(metrics)
                        continue
                    step += 1
                    clock.step = step
                    with clock("input"):
                        pass
                    before = metrics
                    with clock("step"):
                        state, metrics = program(state, inputs)
                        if is_bounded:
                            jax.block_until_ready(before)
                    pending.append(metrics)
                    is_stopped_after(step)
                jax.device_get(pending)
                times[name].append((time.perf_counter() - begin) / STEPS)
        begin = time.perf_counter()
        for number in range(step + 1, step + 100_001):
            is_stopped_after(number)
        look = (time.perf_counter() - begin) / 100_000
    ratios = sorted(a / b for a, b in zip(times["ready"][1:], times["plain"][1:], strict=True))
    half = 0.98 * math.sqrt(rounds)  # 1.96 deviations of a count of rounds/2 among rounds
    low, high = (ratios[round((rounds - 1) / 2 + side * half)] for side in (-1, 1))
    print(
        f"{statistics.median(ratios):.4f} ({low:.4f} to {high:.4f}) of "
        f"{1000 * statistics.median(times['plain'][1:]):.2f} ms a step; the look alone "
        f"{1e6 * look:.2f} us"
    )


if __name__ == "__main__":
    jax.config.update("jax_platforms", "cpu")
    words = sys.argv[1:] or ["200"]
    run(int(words[0]), "bounded" in words)
