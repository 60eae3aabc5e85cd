"""What a compiled program does in one run, read from its text (XLA's HLO).

The compiler's own `cost_analysis` counts the body of a loop once, however often it runs. Here each
computation has a number of executions: one for the entry, times the trip count for a loop's body.
"""

import dataclasses
import math
import re
from collections import Counter
from functools import cached_property

KINDS = ("all-reduce", "all-gather", "reduce-scatter", "all-to-all", "collective-permute")
_BITS = {"pred": 8, "token": 0, "bf16": 16}  # others carry their bits in the name: f32, s8, u4
# The type is one shape or a tuple of shapes; a tuple holds comments such as /*index=5*/.
_INSTRUCTION = re.compile(r"^\s+(?:ROOT )?%?([\w.-]+) = (\(.*?\)|\S+) ([\w-]+)\((.*)$")
_COMPUTATION = re.compile(r"^(ENTRY )?%?([\w.-]+) \(.*\{$")
_SHAPE = re.compile(r"\b(pred|token|bf16|[a-z]+(\d+)\w*)\[([\d,]*)\]")
_SCATTER = "all-reduce-scatter"
# These move nothing by themselves, or what they move is counted in what they call.
_FREE = ("parameter", "constant", "tuple", "get-tuple-element", "bitcast", "while", "conditional")


@dataclasses.dataclass(frozen=True)
class Instruction:
    name: str
    shape: str
    opcode: str
    rest: str  # operands and attributes

    @property
    def operands(self) -> list[str]:
        return re.findall(r"%([\w.-]+)", self.rest.split("), ")[0])

    def attribute(self, name: str) -> str | None:
        found = re.search(rf"\b{name}=%?([\w.-]+)", self.rest)
        return found and found.group(1)

    @property
    def elements(self) -> int:
        return sum(math.prod(sides) for _, sides in shapes(self.shape))

    @property
    def bytes(self) -> int:
        return sum(bits * math.prod(sides) for bits, sides in shapes(self.shape)) // 8


def shapes(text: str) -> list[tuple[int, list[int]]]:
    """Return (bits an element, sides) of every array in an HLO type."""
    return [
        (_BITS.get(kind, 0) or int(bits or 0), [int(n) for n in sides.split(",") if n])
        for kind, bits, sides in _SHAPE.findall(text)
    ]


class Program:
    """A compiled program; give it `compiled.as_text()`."""

    def __init__(self, text: str):
        self.computations: dict[str, dict[str, Instruction]] = {}
        for line in text.splitlines():
            if head := _COMPUTATION.match(line):
                body = self.computations[head.group(2)] = {}
                if head.group(1):
                    self.entry = head.group(2)
            elif found := _INSTRUCTION.match(line):
                body[found.group(1)] = Instruction(*found.groups())

    @cached_property
    def executions(self) -> dict[str, int]:
        """Return how often each computation runs: bodies of loops as often as the loop says."""
        counts: Counter[str] = Counter()

        def run(name: str, times: int) -> None:
            counts[name] += times
            for instruction in self.computations[name].values():
                if instruction.opcode == "while":
                    run(instruction.attribute("body"), times * self.trips(instruction))
                elif instruction.opcode in ("fusion", "call", "async-start"):
                    run(instruction.attribute("(?:calls|to_apply)"), times)

        run(self.entry, 1)
        return counts

    def trips(self, loop: Instruction) -> int:
        """Return a loop's trip count: as stated, or the bound its condition compares with."""
        if stated := re.search(r'known_trip_count":\{"n":"(\d+)"', loop.rest):
            return int(stated.group(1))
        bounds = [
            int(number.group(1))
            for instruction in self.computations[loop.attribute("condition")].values()
            if instruction.opcode == "constant"
            and (number := re.match(r"(\d+)\)", instruction.rest))
        ]
        return bounds[0] if len(bounds) == 1 else 1

    def collectives(self) -> dict[str, dict[str, int]]:
        """Return {kind: {"count", "bytes"}} for one run of the program on one device.

        Bytes are those of the results that a device holds afterwards.
        """
        found: dict[str, dict[str, int]] = {}
        for name, times in self.executions.items():
            for instruction in self.computations[name].values():
                kind = instruction.opcode.removesuffix("-start")
                # TPU programs hold a reduce-scatter as a fusion of an all-reduce and a slice.
                if _SCATTER in name and kind == "all-reduce":
                    continue
                if kind == "fusion" and _SCATTER in instruction.attribute("calls"):
                    kind = "reduce-scatter"
                if kind in KINDS:
                    entry = found.setdefault(kind, {"count": 0, "bytes": 0})
                    entry["count"] += times
                    entry["bytes"] += times * self._result_bytes(instruction)
        return {kind: found[kind] for kind in KINDS if kind in found}

    def _result_bytes(self, instruction: Instruction) -> int:
        if instruction.opcode in ("all-gather-start", "collective-permute-start"):
            return max(bits * math.prod(sides) // 8 for bits, sides in shapes(instruction.shape))
        return instruction.bytes

    def loop_factors(self) -> tuple[float, float]:
        """Return by what to multiply flops and bytes that were counted once for every loop."""
        totals = [[0.0, 0.0], [0.0, 0.0]]
        fused = self._fused()
        for name, times in self.executions.items():
            body = self.computations[name]
            flops = sum(_flops(i, body) for i in body.values())
            traffic = 0 if name in fused else sum(_traffic(i, body) for i in body.values())
            for total, n in zip(totals, (1, times), strict=True):
                total[0] += flops * n
                total[1] += traffic * n
        once, all_of_it = totals
        return tuple(b / a if a else 1.0 for a, b in zip(once, all_of_it, strict=True))

    def _fused(self) -> set[str]:
        return {
            i.attribute("calls")
            for body in self.computations.values()
            for i in body.values()
            if i.opcode == "fusion"
        }


def _traffic(instruction: Instruction, body: dict[str, Instruction]) -> int:
    if instruction.opcode in _FREE or instruction.opcode.endswith("-done"):
        return 0
    return instruction.bytes + sum(body[o].bytes for o in instruction.operands if o in body)


def _flops(instruction: Instruction, body: dict[str, Instruction]) -> int:
    """Return 2 x multiplications of a product: output elements x length of the sums."""
    if instruction.opcode not in ("dot", "convolution"):
        return 0
    right = body.get(instruction.operands[1])
    if right is None:
        return 0
    (_, sides), *_ = shapes(right.shape)
    if labels := re.search(r"dim_labels=\w+_(\w+)->", instruction.rest):
        length = math.prod(
            n for n, label in zip(sides, labels.group(1), strict=True) if label != "o"
        )
    else:
        axes = re.search(r"rhs_contracting_dims=\{([\d,]*)\}", instruction.rest).group(1)
        length = math.prod(sides[int(axis)] for axis in axes.split(",") if axis)
    return 2 * instruction.elements * length
