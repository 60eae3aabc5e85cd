"""Speed on one NVIDIA card: our steps against the same networks in PyTorch, and checks of results.

    pip install torch                                   (optional: without it, jaxgan's rows alone)
    python -m tests.peers.benchmark_gpu --output=gpu    (gpu.json, gpu.md)
    python -m tests.peers.benchmark_gpu --tiny          (small networks on a CPU: does it all run?)

Made for a card that is lent by the minute. The parts run in the order of their weight:

    check           the forms that are made for cards against plain ones in float64 on the CPU,
                    derivatives too; a step against the CPU's
    deterministic   train.deterministic: ten steps of two processes, each with a compilation of its
                    own, end in the same bytes; and without it, for comparison
    ROWS            ms, images/s, share of the card's peak, memory and launches of steps and of
                    sampling, jaxgan and PyTorch (fast.py: eager and compiled) in turn

Both files are written after each part. No part begins after --seconds, and none that is in the JSON
file is run again: the same command goes on where it was stopped.

Each side is a process of its own. The sides of a row make ready (compile, choose forms) at the same
time, or with --apart one after the other; then they take turns, one timed block each a round, the
order reversed in every other one; medians are shown.
A side that runs out of memory beside others runs again alone. Operations are those of the network
as it is written down (fast.plain_operations), whatever form either side computes. Memory: ours as
compiled, PyTorch's by its allocator. Launches: ours as compiled, PyTorch's by its profiler.
"""

import argparse
import dataclasses
import importlib.util
import json
import math
import os
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np

from jaxgan.files.atomic import write_text
from jaxgan.planning.cards import CARDS
from jaxgan.planning.chips import CHIPS
from tests.peers.gpu_processes import Peer, once


@dataclasses.dataclass(frozen=True)
class Row:
    """A config's networks, and images a step. plain: operations an image, by fast.py."""

    config: str
    batch: int
    plain: dict[str, int]
    compiles: bool = True  # torch.compile has no second derivatives
    seconds: int = 150  # on a card, estimated

    @property
    def name(self) -> str:
        return f"{self.config}, {self.batch} images"


BIGGAN = {"step": 343_160_929_824, "sampling": 42_313_321_248}
DEEP = {"step": 239_254_716_544, "sampling": 22_686_998_528}
LOGAN = {"step": 734_401_810_688, "sampling": 22_715_408_384}
ROWS = (
    Row("biggan_imagenet128", 64, BIGGAN),
    Row("logan_imagenet128", 40, LOGAN, compiles=False),
    Row("biggan_deep_imagenet128", 64, DEEP),
    Row("biggan_imagenet128", 256, BIGGAN),
)
TINY_BATCH = 4
ROUNDS, BLOCK = 5, 0.5  # of timed blocks; seconds of one


def measured(row: Row, sides: list[str], tiny: bool, apart: bool, left) -> list[dict]:
    """Return what each side took for each part of a row.

    apart: make ready one side after the other. left: () -> seconds.
    """
    batch = TINY_BATCH if tiny else row.batch
    lines = {side: {"row": row.name, "side": side, "parts": {}} for side in sides}
    peers, counts = {}, {}

    def ready(side: str) -> None:
        if (found := peers[side].answer(left())) is not None:
            counts[side], lines[side]["ready_s"] = found

    for side in sides:
        peers[side] = Peer(tiny, side, row.config, batch)
        if apart:
            ready(side)
    for side in sides:
        if not apart:
            ready(side)
    assert len({tuple(c) for c in counts.values()}) <= 1, counts

    def timed(side: str, part: str, count: int) -> float | None:
        peers[side].ask("run", part, count)
        found = peers[side].answer(left())
        if found is not None and not found[1]:
            lines[side]["note"] = "not finite"
        return found and found[0]

    for part in row.plain:
        times: dict[str, list[float]] = {side: [] for side in sides}
        repeats = {}
        for side in sides:
            for _ in range(3):  # the first calls compile, and choose their forms
                first = None if peers[side].why else timed(side, part, 1)
            repeats[side] = 1 if tiny or not first else math.ceil(BLOCK / first)
        for turn in range(1 if tiny else ROUNDS):
            for side in sides[:: -1 if turn % 2 else 1]:
                took = None if peers[side].why else timed(side, part, repeats[side])
                if took is not None:
                    times[side].append(took / repeats[side])
        for side, found in times.items():
            if found and not peers[side].why:
                spread = max(found) / min(found)
                lines[side]["parts"][part] = {"s": float(np.median(found)), "spread": spread}
    for side, peer in peers.items():
        if not peer.why:
            peer.ask("facts")
            lines[side] |= peer.answer(left()) or {}
        lines[side]["why"] = peer.why
        peer.end()
    alone = [s for s, peer in peers.items() if peer.why == "out of memory" and len(sides) > 1]
    for side in alone:
        (lines[side],) = measured(row, [side], tiny, apart, left)
        lines[side]["note"] = "alone"
    card = next((line["card"] for line in lines.values() if "card" in line), "")
    return [{"card": card, "batch": batch} | line for line in lines.values()]


def peak_of(card: str) -> float | None:
    """Return the bfloat16 operations a second of a card by what its driver calls it."""
    return next((CHIPS[name].flops for name in CARDS if name in card.lower()), None)


def table(results: dict) -> str:
    """Return all results so far as Markdown."""
    text = [f"# {results['title']}", ""]
    for checked in results.get("check", []):
        verdict = "passed" if checked["passed"] else "FAILED"
        text.append(
            f"* {verdict}: {checked['check']}: {checked['error']:.1e} (most {checked['most']:.0e})"
        )
    if "deterministic" in results:
        for name, digests in results["deterministic"].items():
            same = "None" not in digests and len(set(digests)) == 1
            text.append(f"* {name}: {'equal bytes' if same else 'NOT equal'}: {digests}")
    head = ("row", "part", "side", "ms", "images/s", "of peak", "GiB", "launches", "ready s", "")
    text += ["", f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    plain = {row.name: row.plain for row in ROWS}
    for line in (line for lines in results.get("rows", {}).values() for line in lines):
        peak = peak_of(line.get("card", ""))
        note = ", ".join(filter(None, (line.get("why"), line.get("note"))))
        for part, found in line["parts"].items() or [("", None)]:
            cells = [line["row"], part, line["side"]]
            if found is None:
                text.append(f"| {' | '.join(cells)} | {' |' * 6} {note} |")
                continue
            rate, is_step = line["batch"] / found["s"], part == "step"
            share = rate * plain[line["row"]][part] / peak if peak else None
            size = line.get("memory") if is_step else None
            cells += [f"{1e3 * found['s']:.2f}", f"{rate:,.0f}"]
            cells.append("" if share is None else f"{share:.1%}")
            cells.append("" if size is None else f"{size / 2**30:.2f}")
            cells.append(f"{line.get('launches') or ''}" if is_step else "")
            cells += [f"{line['ready_s']:.0f}", note]
            text.append(f"| {' | '.join(cells)} |")
    return "\n".join(text) + "\n"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--output", default="gpu", help="of OUTPUT.json and OUTPUT.md")
    parser.add_argument("--tiny", action="store_true", help="small networks, on a CPU")
    parser.add_argument("--seconds", type=float, default=540, help="no part begins later")
    parser.add_argument("--apart", action="store_true", help="compile one side after the other")
    parser.add_argument("--variants", default="eager,compiled", help="of PyTorch; empty: none")
    parser.add_argument(
        "--parts", default="", help="such as check,deterministic,0,3: rows by place"
    )
    args = parser.parse_args(arguments)
    began = time.perf_counter()
    left = lambda: args.seconds - (time.perf_counter() - began)
    paths = [Path(f"{args.output}.{kind}") for kind in ("json", "md")]
    results: dict = {"title": "Tiny networks on a CPU" if args.tiny else "One NVIDIA card"}
    if paths[0].exists():
        results |= json.loads(paths[0].read_text("utf-8"))
    variants = [v for v in args.variants.split(",") if v]
    if variants and importlib.util.find_spec("torch") is None:
        print("PyTorch is not installed: jaxgan's rows alone")
        variants = []

    def checks() -> None:
        found = once(args.tiny, left(), "check")
        if found is not None:
            results["check"] = found

    def deterministic() -> None:
        found = {}
        for name, asked in (("deterministic", True), ("as it is", False)):
            digests = [once(args.tiny, left(), "digest", asked) for _ in range(2)]
            found[name] = [str(digest)[:16] for digest in digests]
        results["deterministic"] = found

    def row(row: Row) -> None:
        sides = ["jaxgan", *(v for v in variants if row.compiles or v == "eager")]
        results.setdefault("rows", {})[row.name] = measured(row, sides, args.tiny, args.apart, left)

    parts = {"check": (checks, 90), "deterministic": (deterministic, 150)}
    parts |= {r.name: (partial(row, r), r.seconds) for r in ROWS}
    asked = args.parts.split(",") if args.parts else []
    asked = [ROWS[int(part)].name if part.isdigit() else part for part in asked]
    chosen = [name for name in parts if not asked or name in asked]
    done = {"check", "deterministic"} & results.keys() | results.get("rows", {}).keys()
    print("in this order, seconds on a card as estimated:")
    for name in chosen:
        print(f"  {name}: {'done' if name in done else parts[name][1]}")
    for name in chosen:
        if name in done:
            continue
        if left() < 0:
            print(f"{name}: no time left; the same command goes on with it")
            continue
        parts[name][0]()
        write_text(paths[0], json.dumps(results, indent=1) + "\n")
        write_text(paths[1], table(results))
        print(f"{name}: {args.seconds - left():.0f} s", flush=True)
    print(table(results))
    passed = all(c["passed"] for c in results.get("check", []))
    return 0 if passed else 1


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    sys.exit(main())
