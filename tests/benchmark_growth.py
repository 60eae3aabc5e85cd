"""How the cost of a training step grows with each size, beside what the mathematics says.

    python -m tests.benchmark_growth [--factors=width,batch] [--rounds=5]

A small BigGAN (32 px, width 16, batch 16, one D step, one device), of which one size at a time is
doubled. Operations and temporary memory are those of the compiled program, of one device and step
(loops counted as often as they run); seconds are medians of `--rounds` steps (0: none are run),
all devices on the cores of this machine. The exponent is p in a + b x^p through the last three
points; what does not depend on a size is in a. A p is not given where nothing changes by 1 %.

Compiled programs are kept in the cache: compile first with --rounds=0, then measure the seconds.
The table is in docs/performance.md.
"""

import argparse
import math
import statistics
import time
from functools import partial

import jax
from ml_collections import ConfigDict

from jaxgan.config import default_config
from jaxgan.devices import compiler
from jaxgan.game.game import init_state
from jaxgan.planning.compile_report import measured, memory, planned_run
from jaxgan.training.run import abstract_state
from jaxgan.training.step import abstract_batch, training_step

BASE = {"resolution": 32, "width": 16, "batch": 16, "D steps": 1, "microbatches": 1, "devices": 1}
# The size that is varied, its values, what operations, memory and seconds grow with.
FACTORS = {
    "width": ((8, 16, 32, 64), "2", "1, weights' gradients 2", "2"),
    "resolution": ((16, 32, 64, 128), "2", "2", "2"),
    "attention": ((16, 32, 64), "2, scores 4", "2, scores 4", "2, scores 4"),
    "batch": ((8, 16, 32, 64), "1", "1", "1"),
    "D steps": ((1, 2, 4, 8), "1", "0", "1"),
    "microbatches": ((1, 2, 4, 8), "0", "-1", "0"),
    "devices": ((1, 2, 4, 8), "-1", "-1", "0, the same cores"),
}


def config_of(sizes: dict[str, int]) -> ConfigDict:
    """Return a BigGAN of the same blocks at any resolution, with attention if it is among sizes."""
    config = default_config()
    side = sizes.get("attention", sizes["resolution"])
    config.data.update(size=(side, side), name="none")
    config.model.update(width=sizes["width"], latent_dim=24, embedding_dim=16)
    config.model.update(generator_widths=(2, 2, 1), discriminator_widths=(1, 2, 2))
    attention = side // 2 if "attention" in sizes else 0
    config.model.update(generator_attention=attention, discriminator_attention=attention)
    config.train.update(batch=sizes["batch"], num_d_steps=sizes["D steps"])
    config.train.microbatches = sizes["microbatches"]
    return config


def cost(sizes: dict[str, int], rounds: int) -> tuple[float, float, float]:
    """Return GFLOP, MB of temporaries, and seconds (nan without rounds) of one step."""
    run = planned_run(config_of(sizes), jax.devices()[: sizes["devices"]], channels=3, classes=10)
    state, batch = abstract_state(run), abstract_batch(run)
    compiled = training_step(run).lower(state, batch).compile()
    seconds = []
    if rounds:
        place = lambda tree: jax.tree.map(lambda x: x.sharding, tree)
        state = jax.jit(partial(init_state, run.game, 0), out_shardings=place(state))()
        zeros = lambda: jax.tree.map(lambda x: jax.numpy.ones(x.shape, x.dtype), batch)
        images = jax.jit(zeros, out_shardings=place(batch))()
        for _ in range(rounds + 1):
            began = time.perf_counter()
            state, _ = jax.block_until_ready(compiled(state, images))
            seconds.append(time.perf_counter() - began)
    median = statistics.median(seconds[1:]) if rounds else math.nan
    return (
        measured(compiled.as_text())["flops"] / 1e9,
        memory(compiled)["temporaries"] / 1e6,
        median,
    )


def exponent(values: list[float]) -> str:
    """Return p of a + b x^p through the last three values, each at twice the x before."""
    first, second = values[-2] - values[-3], values[-1] - values[-2]
    if max(abs(first), abs(second)) < 0.01 * abs(values[-1]):
        return "0"
    return f"{math.log2(second / first):.2f}" if second * first > 0 else "none"


def table(name: str, rounds: int) -> None:
    values, *expected = FACTORS[name]
    print(f"| {name} | GFLOP | temporaries, MB | s |\n|---|---|---|---|")
    points = []
    for value in values:
        points.append(cost(BASE | {name: value}, rounds))
        gflop, megabytes, seconds = points[-1]
        print(f"| {value} | {gflop:.2f} | {megabytes:.1f} | {seconds:.3f} |", flush=True)
    found = [exponent(list(column)) for column in zip(*points, strict=True)]
    print(f"| **exponent** | {' | '.join(f'**{p}**' for p in found)} |")
    print(f"| mathematics | {' | '.join(expected)} |\n", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--factors", default=",".join(FACTORS))
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    jax.config.update("jax_platforms", "cpu")
    jax.config.update("jax_num_cpu_devices", 8)
    compiler.enable_persistent_cache()
    for name in args.factors.split(","):
        table(name, args.rounds)


if __name__ == "__main__":
    main()
