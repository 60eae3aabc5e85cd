"""A compiled program, parsed from its text (XLA's HLO): its loops and its collectives.

Each computation has a number of executions: 1 for the entry, and for a loop's body the executions
of the loop times its trip count. The cost of a run is in cost.py.
"""

import dataclasses
import math
import re
from collections import Counter
from functools import cached_property
from typing import NamedTuple

KINDS = ("all-reduce", "all-gather", "reduce-scatter", "all-to-all", "collective-permute")
_BITS = {"pred": 8, "token": 0, "bf16": 16}  # other names contain their bits: f32, s8, u4
# The type is one shape or a tuple of shapes; a tuple holds comments such as /*index=5*/.
_INSTRUCTION = re.compile(r"^\s+(?:ROOT )?%?([\w.-]+) = (\(.*?\)|\S+) ([\w-]+)\((.*)$")
_COMPUTATION = re.compile(r"^(ENTRY )?%?([\w.-]+) \(.*\{$")
_SHAPE = re.compile(r"\b(pred|token|bf16|[a-z]+(\d+)\w*)\[([\d,]*)\](?:\{[^}]*?S\((\d+)\)\})?")
_SCATTER = "all-reduce-scatter"


class Array(NamedTuple):
    bits: int  # of an element
    sides: list[int]
    space: int = 0  # memory space: 0 is main memory, others are on the chip

    @property
    def bytes(self) -> int:
        return self.bits * math.prod(self.sides) // 8


@dataclasses.dataclass(frozen=True)
class Instruction:
    name: str
    shape: str
    opcode: str
    rest: str  # operands and attributes

    @property
    def operands(self) -> list[str]:
        return re.findall(r"%([\w.-]+)", self.rest.split("), ")[0])

    def found(self, pattern: str) -> re.Match[str]:
        """Return the match of a pattern in the operands and attributes. Raises ValueError if there
        is none."""
        match = re.search(pattern, self.rest)
        if match is None:
            raise ValueError(f"{self.opcode} {self.name} has no {pattern}")
        return match

    def attribute(self, name: str) -> str:
        return self.found(rf"\b{name}=%?([\w.-]+)")[1]

    @property
    def target(self) -> str:
        """The function that a custom call calls."""
        return self.found(r'custom_call_target="([^"]+)"')[1]

    @property
    def is_in_pieces(self) -> bool:
        """Whether it is a collective that a TPU moves piece by piece, overlapped with other
        operations.

        It appears in the operation that starts it, in each that overlaps with it, and in the one
        that waits for it.
        """
        return "chain_id=" in self.rest

    @property
    def elements(self) -> int:
        return sum(math.prod(array.sides) for array in arrays(self.shape))

    @property
    def bytes(self) -> int:
        return sum(array.bytes for array in arrays(self.shape))


def arrays(text: str) -> list[Array]:
    """Return the arrays of an HLO type, in order."""
    return [
        Array(
            _BITS.get(kind, 0) or int(bits or 0),
            [int(n) for n in sides.split(",") if n],
            int(space or 0),
        )
        for kind, bits, sides, space in _SHAPE.findall(text)
    ]


class Program:
    """A compiled program; give it `compiled.as_text()`."""

    def __init__(self, text: str):
        self.computations: dict[str, dict[str, Instruction]] = {}
        body: dict[str, Instruction] = {}
        for line in text.splitlines():
            if head := _COMPUTATION.match(line):
                body = self.computations[head.group(2)] = {}
                if head.group(1):
                    self.entry = head.group(2)
            elif found := _INSTRUCTION.match(line):
                body[found.group(1)] = Instruction(*found.groups())

    @cached_property
    def executions(self) -> dict[str, int]:
        """Return how often each computation runs; bodies of loops run as often as their trip count
        says."""
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
        """Return a loop's trip count: as stated, or the bound that its condition compares with."""
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

        Bytes count the results that a device holds afterwards.
        """
        found: dict[str, dict[str, int]] = {}
        for name, times in self.executions.items():
            for instruction in self.computations[name].values():
                kind = instruction.opcode.removesuffix("-start")
                # TPU programs express a reduce-scatter as a fusion of an all-reduce and a slice.
                if _SCATTER in name and kind == "all-reduce":
                    continue
                if instruction.is_in_pieces and not self.starts(name):
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
            return max(array.bytes for array in arrays(instruction.shape))
        return instruction.bytes

    def starts(self, name: str) -> bool:
        """Return whether a computation starts a collective that is moved in pieces."""
        return any("AsyncCollectiveStart" in i.rest for i in self.computations[name].values())

    def fused(self) -> set[str]:
        """Return the names of computations that are the body of a single instruction."""
        return {
            i.attribute("calls")
            for body in self.computations.values()
            for i in body.values()
            if i.opcode == "fusion"
        }
