"""What XLA's own count of a training step's bytes is made of, beside what main memory moves.

    pip install 'jaxgan[tpu]'
    python -m tests.benchmark_bytes [--only=REGEX]

`cost_analysis` of a program for a TPU counts operands and results of every instruction, wherever
they lie, and a loop's body once. Among the instructions are those that the compiler adds to bring
arrays onto the chip before they are needed: a slice is counted with the whole array that it is
taken from, and the bitcast that joins an array's slices, which moves nothing, as a read and a
write of all of it. The table tells them from the operations of the step itself, for BigGAN-128 as
it is and with four choices undone (benchmark_undone.py). About fifteen minutes a row on one core.
"""

import argparse
import re
from unittest import mock

from jaxgan import compile_report, cost
from jaxgan.hlo import Instruction, Program
from tests.benchmark_undone import UNDONE, compile_undone

ROWS = ("as it is", "pairs, maps, two passes and first moment")
MOVES = ("copy-start", "slice-start")


def moves(instruction: Instruction) -> bool:
    """Return whether the compiler added the instruction to place an array."""
    return instruction.opcode in MOVES or 'custom_call_target="ConcatBitcast"' in instruction.rest


def operation_bytes(program: Program) -> int:
    """Return bytes of operands and results of all operations, each counted once."""
    fused, total = program.fused(), 0
    for name in program.executions.keys() - fused:
        body = program.computations[name]
        for i in body.values():
            if i.opcode in cost.FREE or i.opcode.endswith("-done") or moves(i):
                continue
            total += i.bytes + sum(body[o].bytes for o in set(i.operands) & body.keys())
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="regular expression of rows")
    options = parser.parse_args()
    print("| step | XLA's bytes GB | of them operations | compiler's moves | main memory GB |")
    print("|---|---|---|---|---|", flush=True)
    for name in filter(re.compile(options.only).search, ROWS):
        with mock.patch.object(compile_report, "memory", wraps=compile_report.memory) as seen:
            report = compile_undone("biggan_imagenet128", 32, *UNDONE[name], code=True)
        (compiled,) = seen.call_args.args
        counted = compiled.cost_analysis()["bytes accessed"] / 1e9
        operations = operation_bytes(Program(compiled.as_text())) / 1e9
        cells = [f"{x:.1f}" for x in (counted, operations, counted - operations)]
        print(f"| {name} | {' | '.join(cells)} | {report['traffic'] / 1e9:.1f} |", flush=True)


if __name__ == "__main__":
    main()
