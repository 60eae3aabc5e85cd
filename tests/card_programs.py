"""What a program that was compiled for an NVIDIA card consists of."""

import re
from collections.abc import Callable

from jaxgan.planning.hlo import Instruction, Program, arrays

KINDS = ("Forward", "BiasActivationForward", "BackwardInput", "BackwardFilter")
TARGETS = {f"__cudnn$conv{kind}" for kind in KINDS}


def instructions(program: Program) -> list[Instruction]:
    """Return what runs, inside of fusions too."""
    return [i for name in program.executions for i in program.computations[name].values()]


def opcodes(program: Program) -> set[str]:
    return {i.opcode for i in instructions(program)}


def calls(program: Program) -> list[Instruction]:
    return [i for i in instructions(program) if i.opcode == "custom-call"]


def check_convolutions(program: Program, is_map: Callable[[list[int]], bool]) -> list[Instruction]:
    """Refuse a convolution that is no call into cuDNN or spreads pixels, and maps that are moved.

    is_map: whether sides are of images' maps, not of a kernel. Attention in blocks, as a derivative
    of second order has it, moves its own. Returns the convolutions.
    """
    found = [i for i in calls(program) if i.target.startswith("__cudnn$conv")]
    assert "convolution" not in opcodes(program)
    assert {i.target for i in found} <= TARGETS
    # XLA spreads the pixels for cuDNN, which cannot: padding=LOW_HIGH_BETWEEN of a side.
    pads = [i.attribute("padding") for i in instructions(program) if i.opcode == "pad"]
    assert not [p for p in pads if re.search(r"\d+_-?\d+_[1-9]", p)]
    unfused = set(program.executions) - program.fused()
    copies = [i for name in unfused for i in program.computations[name].values()]
    moves = [i for i in instructions(program) if i.opcode == "transpose"]
    moves += [i for i in copies if i.opcode == "copy"]
    moves = [i for i in moves if "/attention/" not in i.rest]
    assert not [i for i in moves if is_map(arrays(i.shape)[0].sides)]
    return found
