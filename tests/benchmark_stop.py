"""What it costs in every step to be able to stop at the next, and to say where a process is.

    python -m tests.benchmark_stop [ROUNDS] [PROCESSES]      default: 200 rounds, 1 process

Runs the training step of configs/debug.py, the smallest there is, in windows of 20 steps: "plain"
only starts the steps and waits at the end of the window; "ready" does what training/train.py does:
activities by the clock, the look whether the run stops, with several processes at most two steps in
flight. The two kinds of windows alternate, each first in every other round. Prints the median of
the rounds' ratios of wall-clock time with its 95 % interval (from order statistics), and the time
of the look alone. Several processes share this machine, with one CPU device each.
"""

import math
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import jax
import numpy as np

from jaxgan.commands import command, train
from jaxgan.devices import processes
from jaxgan.devices.stopping import stopping
from jaxgan.game.game import init_state
from jaxgan.training.run import abstract_state, new_run
from jaxgan.training.stopwatch import Stopwatch
from jaxgan.training.train import abstract_batch, training_step

CONFIG = Path(__file__).parent.parent / "configs" / "debug.py"
STEPS = 20


def run(rounds: int) -> None:
    opened, _ = new_run(Path("unused"), command.parse(train.COMMAND, [f"--config={CONFIG}"]).config)
    program = training_step(opened).lower(abstract_state(opened), abstract_batch(opened)).compile()

    def zeros(shape: jax.ShapeDtypeStruct) -> jax.Array:
        return jax.make_array_from_callback(
            shape.shape, shape.sharding, lambda _: np.zeros(local_shape(shape), shape.dtype)
        )

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
                        if jax.process_count() > 1:
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
    if jax.process_index() == 0:
        print(
            f"{jax.process_count()} processes: {statistics.median(ratios):.4f} ({low:.4f} to "
            f"{high:.4f}) of {1000 * statistics.median(times['plain'][1:]):.2f} ms a step; the "
            f"look alone {1e6 * look:.2f} us"
        )


def local_shape(shape: jax.ShapeDtypeStruct) -> tuple[int, ...]:
    assert shape.sharding is not None
    return shape.sharding.shard_shape(shape.shape)


def main(rounds: int, count: int) -> None:
    if count == 1 or "JAX_PROCESS_ID" in os.environ:
        jax.config.update("jax_platforms", "cpu")
        processes.join()
        run(rounds)
        processes.leave()
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    known = {"JAX_COORDINATOR_ADDRESS": address, "JAX_NUM_PROCESSES": str(count)}
    own = [os.environ | known | {"JAX_PROCESS_ID": str(i)} for i in range(count)]
    command = [sys.executable, "-m", "tests.benchmark_stop", str(rounds), str(count)]
    for process in [subprocess.Popen(command, env=environment) for environment in own]:
        process.wait()


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:]] + [200, 1][len(sys.argv) - 1 :]
    main(*numbers)
