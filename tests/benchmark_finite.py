"""What it costs to look at every gradient of every step for values that are not finite.

    python -m tests.benchmark_finite [ROUNDS] [--config.field=value ...]

Compiles the training step of configs/quickstart.py twice, with steps.gradient_health and with
constants in its place, and runs the two by turns on the same batch, each first in every other
round. Prints the ratios of the operations and of the memory traffic that are counted in the
program, before anything is fused, and of wall-clock and processor seconds (of all threads): the
median of the rounds' ratios, its 95 % interval (from order statistics), and the quartiles of the
rounds.

Counted with jax 0.10.2: 1.00007 of 14.7 GFLOP, 1.0029 of 2.92 GB. Measured on 2026-11-25 on two
free cores of an AMD EPYC, 200 rounds:

wall time: 0.9983 (0.9957 to 1.0006; rounds 0.985 to 1.010) of 0.1853 s
processor time: 0.9992 (0.9980 to 1.0003; rounds 0.993 to 1.005) of 0.3580 s
"""

import math
import statistics
import sys
import time
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.commands import command, train
from jaxgan.game import steps
from jaxgan.game.game import init_state
from jaxgan.training.run import abstract_state, new_run
from jaxgan.training.step import abstract_batch, training_step

CONFIG = Path(__file__).parent.parent / "configs" / "quickstart.py"


def nothing(grads) -> steps.Metrics:
    return {"grad_norm": jnp.float32(0), "bad_leaf": jnp.int32(-1)}


def run(rounds: int, flags: list[str]) -> None:
    config = command.parse(train.COMMAND, [f"--config={CONFIG}", *flags]).config
    opened, _ = new_run(Path("unused"), config)
    health, lowered = steps.gradient_health, {}
    for name, look in (("with", health), ("without", nothing)):
        steps.gradient_health = look
        lowered[name] = training_step(opened).lower(abstract_state(opened), abstract_batch(opened))
    steps.gradient_health = health
    for fact in ("flops", "bytes accessed"):
        with_, without = (lowered[name].cost_analysis()[fact] for name in ("with", "without"))
        print(f"{fact}: {with_ / without:.5f} of {without:.4g}", flush=True)
    compiled = {name: program.compile() for name, program in lowered.items()}
    rng = np.random.default_rng(0)

    def batch(shape: jax.ShapeDtypeStruct) -> jax.Array:
        top = 256 if shape.dtype == jnp.uint8 else len(opened.config.data.class_names)
        drawn = rng.integers(0, top, shape.shape).astype(shape.dtype)
        return jax.device_put(drawn, shape.sharding)

    inputs = jax.tree.map(batch, abstract_batch(opened))
    init = jax.jit(partial(init_state, opened.game, 0))
    states = {name: init() for name in compiled}
    clocks = {"wall": time.perf_counter, "processor": time.process_time}
    times = {clock: {name: [] for name in compiled} for clock in clocks}
    for turn in range(rounds + 1):
        for name in sorted(compiled, reverse=bool(turn % 2)):
            begin = {clock: now() for clock, now in clocks.items()}
            states[name], _ = jax.block_until_ready(compiled[name](states[name], inputs))
            for clock, now in clocks.items():
                times[clock][name].append(now() - begin[clock])
    for clock, seconds in times.items():
        pairs = zip(seconds["with"][1:], seconds["without"][1:], strict=True)  # but the first
        ratios = sorted(a / b for a, b in pairs)
        half = 0.98 * math.sqrt(rounds)  # 1.96 deviations of a count of rounds/2 among rounds
        low, high = (ratios[round((rounds - 1) / 2 + side * half)] for side in (-1, 1))
        first, median, third = statistics.quantiles(ratios, n=4)
        print(
            f"{clock} time: {median:.4f} ({low:.4f} to {high:.4f}; rounds {first:.3f} to "
            f"{third:.3f}) of {statistics.median(seconds['without'][1:]):.4f} s"
        )


if __name__ == "__main__":
    jax.config.update("jax_platforms", "cpu")
    rounds, *flags = sys.argv[1:] or ["200"]
    run(int(rounds), flags)
