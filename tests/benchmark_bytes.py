"""What XLA's own count of a training step's bytes is made of, beside what main memory moves.

    pip install 'jaxgan[tpu]'
    python -m tests.benchmark_bytes [--only=REGEX]

`cost_analysis` of a program for a TPU counts operands and results of every instruction, wherever
they lie, and a loop's body once. Among the instructions are those that the compiler adds to bring
arrays onto the chip before they are needed: a slice is counted with the whole array that it is
taken from, the bitcast that joins an array's slices, which moves nothing, as a read and a write of
all of it, and a copy three times. Counted here by these rules from the program's text, in a minute
in place of the quarter of an hour that `cost_analysis` has to wait for machine code: on one
program 61.37 GB, where it says 61.31.

The table tells the compiler's moves from the operations of the step itself, for BigGAN-128 as it
is, with arrays brought to the chip in slices, and with four choices undone (benchmark_undone.py).
"""

import argparse
import multiprocessing
import re
from unittest import mock

from jaxgan import compile_report, cost, optimised
from jaxgan.hlo import Instruction, Program, arrays
from tests.benchmark_undone import UNDONE, compile_undone

ROWS = (
    "as it is",
    "arrays brought to the chip in slices",
    "pairs, maps, two passes and first moment",
)
MOVES = ("copy-start", "slice-start")


def moves(instruction: Instruction, body: cost.Body) -> bool:
    """Return whether the compiler added the instruction to place an array."""
    if instruction.opcode == "slice":  # alone in a computation: it is one that async-start calls
        return len(body) == 2
    return instruction.opcode in MOVES or 'custom_call_target="ConcatBitcast"' in instruction.rest


def counted(program: Program) -> tuple[int, int]:
    """Return XLA's count of bytes: of the operations, and of the compiler's moves."""
    operations = moved = 0
    for name in program.executions.keys() - program.fused():
        body = program.computations[name]
        for i in body.values():
            if i.opcode in cost.FREE or i.opcode.endswith("-done"):
                continue
            operands = sum(body[o].bytes for o in set(i.operands) & body.keys())
            if not moves(i, body):
                operations += i.bytes + operands
            elif i.opcode == "copy-start":
                moved += 3 * arrays(i.shape)[0].bytes
            elif i.opcode == "slice-start":
                moved += sum(array.bytes for array in arrays(i.shape)[:2])
            else:
                moved += i.bytes + operands
    return operations, moved


def print_row(name: str) -> None:
    """Print a row and end the process: its machine code is not waited for."""
    texts = []

    def kept(lowered):
        texts.append(optimised.optimised(lowered))
        return texts[0]

    with mock.patch.object(compile_report, "optimised", kept):
        report = compile_undone("biggan_imagenet128", 32, *UNDONE[name])
    operations, moved = counted(Program(texts[0][0]))
    figures = (operations + moved, operations, moved, report["traffic"])
    print(f"| {name} | {' | '.join(f'{figure / 1e9:.1f}' for figure in figures)} |", flush=True)
    optimised.leave(0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="regular expression of rows")
    options = parser.parse_args()
    print("| step | XLA's count GB | operations | moves | main memory GB |")
    print("|---|---|---|---|---|", flush=True)
    for name in filter(re.compile(options.only).search, ROWS):
        one = multiprocessing.get_context("spawn").Process(target=print_row, args=(name,))
        one.start()
        one.join()
        if one.exitcode:  # what happened stands above
            raise SystemExit(one.exitcode)


if __name__ == "__main__":
    main()
