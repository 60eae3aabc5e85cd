"""Operations and memory traffic of one run of a compiled program on one device.

XLA's own `cost_analysis` counts the body of a loop only once, and treats a TPU's on-chip vector
memory like main memory. Here:

    products   2 x the multiplications of matrix products and convolutions (products.py)
    traffic    bytes that instructions read from and write to main memory; for an array that is only
               sliced, the slices; for one that is updated in place, the update
    launches   of operations: a GPU takes some microseconds for each, however small
    cycles     of a TPU's clock: the compiler's estimates, by which it chooses how to compute each
               operation, summed. Transfers that overlap with operations, and transfers between
               chips, are not included.
"""

import re

from jaxgan.planning.hlo import Instruction, Program, arrays
from jaxgan.planning.products import operations

Body = dict[str, Instruction]
# These move nothing themselves, or what they move is counted in the computations they call.
FREE = ("parameter", "constant", "tuple", "get-tuple-element", "bitcast", "while", "conditional")
FREE += ("call", "async-start")


def products(program: Program) -> int:
    """Return the operations of all matrix products and convolutions of one run."""
    return sum(
        times * operations(instruction, program.computations[name])
        for name, times in program.executions.items()
        for instruction in program.computations[name].values()
    )


def launches(program: Program) -> int:
    """Return how many operations are launched one after another; on a GPU these are kernels, or
    more."""
    fused = program.fused()
    return sum(
        times
        for name, times in program.executions.items()
        if name not in fused
        for instruction in program.computations[name].values()
        if instruction.opcode not in FREE and not instruction.opcode.endswith("-done")
    )


def cycles(program: Program) -> int:
    """Return the TPU compiler's estimate; 0 for a text without machine code, or of other chips."""
    fused = program.fused()
    return sum(
        times * int(estimate)
        for name, times in program.executions.items()
        if name not in fused
        for instruction in program.computations[name].values()
        for estimate in re.findall(r'"estimated_cycles":"(\d+)"', instruction.rest)
    )


def traffic(program: Program) -> int:
    """Return bytes read from and written to main memory."""
    fused = program.fused()
    return sum(
        times * sum(_moved(i, program.computations[name], program) for i in body.values())
        for name, times in program.executions.items()
        if name not in fused
        for body in [program.computations[name]]
    )


def _moved(instruction: Instruction, body: Body, program: Program) -> int:
    if instruction.opcode in FREE or instruction.opcode.endswith("-done"):
        return 0
    if instruction.opcode in ("copy-start", "slice-start"):  # between memory spaces
        both = arrays(instruction.shape)[:2]
        return sum(array.space == 0 for array in both) * min(array.bytes for array in both)
    results = arrays(instruction.shape)
    written = _written(instruction, body, program)
    moved = sum(n for n, array in zip(written, results, strict=True) if array.space == 0)
    for name in set(instruction.operands) & body.keys():
        operand = body[name]
        if all(array.space for array in arrays(operand.shape)):
            continue
        part = _part_read(name, {instruction.name: instruction}, program)
        whole = sum(array.bytes for array in arrays(operand.shape) if array.space == 0)
        moved += whole if part is None else min(part, whole)
    return moved


def _written(instruction: Instruction, body: Body, program: Program) -> list[int]:
    """Return the bytes written for each array of the result."""
    if instruction.opcode == "parameter" or instruction.is_in_pieces:  # passed on
        return [0] * len(arrays(instruction.shape))
    if "AsyncCollectiveDone" in instruction.rest:
        return [0]
    if "AsyncCollectiveStart" in instruction.rest:  # its operand, its result, counters
        return [0, *(array.bytes for array in arrays(instruction.shape)[1:])]
    if instruction.opcode == "dynamic-update-slice":
        return [body[instruction.operands[1]].bytes]
    if instruction.opcode == "fusion":
        inner = program.computations[instruction.attribute("calls")]
        return _written(list(inner.values())[-1], inner, program)
    if instruction.opcode == "bitcast" and instruction.operands[0] in body:
        return _written(body[instruction.operands[0]], body, program)
    if instruction.opcode == "tuple":
        return [n for name in instruction.operands for n in _written(body[name], body, program)]
    return [array.bytes for array in arrays(instruction.shape)]


def _part_read(name: str, body: Body, program: Program) -> int | None:
    """Return the bytes read of a value if only slices of it are read, else None."""
    total = 0
    for user in body.values():
        if name not in user.operands:
            continue
        if user.opcode in ("slice", "dynamic-slice"):
            part = user.bytes
        elif _only_handed_on(name, user, body):
            part = 0
        elif user.opcode == "bitcast":
            part = _part_read(user.name, body, program)
        elif user.opcode == "fusion":
            inner = program.computations[user.attribute("calls")]
            places = [str(i) for i, operand in enumerate(user.operands) if operand == name]
            parameters = [
                i.name
                for i in inner.values()
                if i.opcode == "parameter" and i.rest.split(")")[0] in places
            ]
            parts = [_part_read(parameter, inner, program) for parameter in parameters]
            known = [part for part in parts if part is not None]
            part = sum(known) if len(known) == len(parts) else None
        else:
            return None
        if part is None:
            return None
        total += part
    return total


def _only_handed_on(name: str, user: Instruction, body: Body) -> bool:
    """Return whether a user only passes a value on without reading it, so its bytes count
    elsewhere."""
    if user.opcode == "dynamic-update-slice":
        return user.operands[0] == name
    if user.is_in_pieces:  # read where it starts
        return not any("AsyncCollectiveStart" in i.rest for i in body.values())
    return user.opcode == "tuple" or "AsyncCollectiveDone" in user.rest
