"""Where the time of a training step goes on a CPU, by kind of operation.

    python -m tests.benchmark_profile [--steps=5] [--config=configs/quickstart.py]
        [--config.field=value ...]

Traces steps on one core (with more, operations overlap and their times do not add up) and sums the
durations of the compiled program's operations. A fusion counts as a sum if it reduces anything, as
a move if it computes nothing, else as element-wise. The tables are in docs/performance.md.
"""

import argparse
import os
import re
import tempfile
import time
from collections import Counter
from functools import partial
from pathlib import Path

import jax

from jaxgan.commands import command, train
from jaxgan.devices import compiler
from jaxgan.game.game import init_state
from jaxgan.planning.hlo import Program
from jaxgan.training.run import abstract_state, new_run
from jaxgan.training.step import abstract_batch, training_step

CONFIG = Path(__file__).parent.parent / "configs" / "quickstart.py"
MOVES = {
    *("parameter", "constant", "tuple", "get-tuple-element", "bitcast", "copy", "transpose"),
    *("reshape", "slice", "dynamic-slice", "dynamic-update-slice", "pad", "concatenate"),
    *("broadcast", "convert", "reverse", "iota"),
}


def kinds(text: str) -> dict[str, str]:
    """Return {operation: its kind} of a compiled program."""
    program, found = Program(text), {}
    backward = set(re.findall(r"%([\w.-]+) = .*op_name=\"[^\"]*transpose\(", text))
    for body in program.computations.values():
        for name, instruction in body.items():
            opcode = instruction.opcode
            if opcode in ("fusion", "call"):
                called = program.computations[instruction.attribute("(?:calls|to_apply)")]
                opcodes = {i.opcode for i in called.values()}
            else:
                opcodes = {opcode}
            if "convolution" in opcodes:
                way = "backward" if name in backward else "forward"
                found[name] = f"convolutions, {way}"
            elif "dot" in opcodes:
                found[name] = "matrix products"
            elif opcodes & {"reduce", "reduce-window", "scatter"}:
                found[name] = "sums"
            elif opcodes <= MOVES:
                found[name] = "moves"
            else:
                found[name] = "element-wise"
    return found


def traced(folder: str) -> Counter:
    """Return {operation: seconds} of a trace."""
    (path,) = Path(folder).rglob("*.xplane.pb")
    seconds = Counter()
    for plane in jax.profiler.ProfileData.from_file(str(path)).planes:
        for line in plane.lines:
            for event in line.events:
                operation = dict(event.stats).get("hlo_op")
                if operation and not operation.startswith(("while", "call")):  # they hold others
                    seconds[operation] += event.duration_ns / 1e9
    return seconds


def run(config, steps: int) -> None:
    opened, _ = new_run(Path("unused"), config)
    lowered = training_step(opened).lower(abstract_state(opened), abstract_batch(opened))
    compiled = lowered.compile()
    batch = jax.tree.map(lambda x: jax.numpy.ones(x.shape, x.dtype), abstract_batch(opened))
    state = jax.jit(partial(init_state, opened.game, 0))()
    state, _ = jax.block_until_ready(compiled(state, batch))
    with tempfile.TemporaryDirectory() as folder:
        with jax.profiler.trace(folder):
            began = time.perf_counter()
            for _ in range(steps):
                state, _ = jax.block_until_ready(compiled(state, batch))
            wall = time.perf_counter() - began
        seconds = traced(folder)
    kind_of, total = kinds(compiled.as_text()), sum(seconds.values())
    by_kind = Counter()
    for operation, time_of in seconds.items():
        by_kind[kind_of.get(operation, "other")] += time_of
    print(f"{wall / steps:.3f} s a step, {total / wall:.0%} of it in operations\n")
    print("| kind | ms a step | share |\n|---|---|---|")
    for kind, time_of in by_kind.most_common():
        print(f"| {kind} | {1e3 * time_of / steps:.1f} | {time_of / total:.0%} |")
    print("\n| slowest operations | kind | ms a step |\n|---|---|---|")
    for operation, time_of in seconds.most_common(8):
        kind = kind_of.get(operation, "other")
        print(f"| {operation} | {kind} | {1e3 * time_of / steps:.1f} |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--config", default=str(CONFIG))
    args, flags = parser.parse_known_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # before JAX starts its threads
    jax.config.update("jax_platforms", "cpu")
    compiler.enable_persistent_cache()
    flags = [f"--config={args.config}", *flags]
    run(command.parse(train.COMMAND, flags).config, args.steps)
