"""What it costs to look at every gradient of every step for values that are not finite.

    python -m tests.benchmark_finite [ROUNDS] [--config.field=value ...]

Compiles the training step of configs/quickstart.py twice, with steps.gradient_health and with
constants in its place, and runs the two by turns on the same batch. Prints the ratios of the
operations and of the memory traffic that are counted in the program, before anything is fused, and
of the medians of the processor time that a step takes (all threads; other work hardly shows).

Counted with jax 0.10.2: 1.00007 of 14.7 GFLOP, 1.0029 of 2.92 GB.
"""

import statistics
import sys
import time
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp

from jaxgan import main, steps
from jaxgan.gan import init_state
from jaxgan.run import abstract_state, new_run
from jaxgan.train import abstract_batch, training_step

CONFIG = Path(__file__).parent.parent / "configs" / "quickstart.py"


def nothing(grads) -> steps.Metrics:
    return {"grad_norm": jnp.float32(0), "bad_leaf": jnp.int32(-1)}


def run(rounds: int, flags: list[str]) -> None:
    config = main.parse([f"--config={CONFIG}", *flags], False, needs_workdir=False).config
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
    key = jax.random.key(0)

    def batch(shape: jax.ShapeDtypeStruct) -> jax.Array:
        top = 256 if shape.dtype == jnp.uint8 else opened.num_classes
        drawn = jax.random.randint(key, shape.shape, 0, top, jnp.int32).astype(shape.dtype)
        return jax.device_put(drawn, shape.sharding)

    inputs = jax.tree.map(batch, abstract_batch(opened))
    init = jax.jit(partial(init_state, opened.gan, 0))
    states = {name: init() for name in compiled}
    times = {name: [] for name in compiled}
    for _ in range(rounds):
        for name, step in compiled.items():
            begin = time.process_time()
            states[name], _ = jax.block_until_ready(step(states[name], inputs))
            times[name].append(time.process_time() - begin)
    medians = {name: statistics.median(values[1:]) for name, values in times.items()}
    print(f"time: {medians['with'] / medians['without']:.4f} of {medians['without']:.4f} s")


if __name__ == "__main__":
    jax.config.update("jax_platforms", "cpu")
    rounds, *flags = sys.argv[1:] or ["41"]
    run(int(rounds), flags)
