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
import hashlib
import importlib.util
import json
import math
import multiprocessing
import os
import sys
import time
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jaxgan.config import default_config
from jaxgan.config.files import load
from jaxgan.devices import compiler
from jaxgan.files.atomic import write_text
from jaxgan.game.game import init_state
from jaxgan.game.keys import Keys
from jaxgan.models import attention, convolution, pooling
from jaxgan.planning import compile_report, cost
from jaxgan.planning.cards import CARDS
from jaxgan.planning.chips import CHIPS
from jaxgan.planning.hlo import Program
from jaxgan.training.run import abstract_state
from jaxgan.training.step import abstract_batch, training_step


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
CLASSES, TINY_CLASSES, TINY_BATCH = 1000, 10, 4
STEPS, ROUNDS, BLOCK = 10, 5, 0.5  # of a digest; of timed blocks; seconds of one


def config_of(name: str, batch: int, tiny: bool):
    """Return a row's config: one discriminator and one generator step on one batch."""
    config = load(name)
    config.train.update(batch=batch, num_d_steps=1, microbatches=1)
    if tiny:
        config.data.size = (32, 32)
        config.model.update(width=8, embedding_dim=8, latent_dim=16)
        config.model.update(generator_attention=16, discriminator_attention=16)
    return config


def planned(config, classes: int):
    """Return a run on the first device, whose data set need not be there."""
    return compile_report.planned_run(config, [jax.devices()[0]], 3, classes)


def state_and_batch(run):
    """Return a first state and images at random, on the device."""
    rng = np.random.default_rng(0)
    shardings = jax.tree.map(lambda x: x.sharding, abstract_state(run))
    state = jax.jit(partial(init_state, run.game, 0), out_shardings=shardings)()
    classes = len(run.config.data.class_names)

    def drawn(x):
        values = rng.integers(0, 256 if x.dtype == np.uint8 else classes, x.shape, x.dtype)
        return jax.device_put(values, x.sharding)

    return state, jax.tree.map(drawn, abstract_batch(run))


class Jaxgan:
    """One side: `run` times parts of the step, `facts` says what it took."""

    def __init__(self, config, batch: int, classes: int, variant: str, device: str):
        run = planned(config, classes)
        self.compiled = training_step(run).lower(abstract_state(run), abstract_batch(run)).compile()
        self.state, self.batch = state_and_batch(run)
        player, mine = run.game.players["generator"], self.state.players["generator"]
        self.counts = [
            sum(x.size for x in jax.tree.leaves(self.state.players[name].params))
            for name in ("generator", "discriminator")
        ]
        weights, _ = jax.jit(player.transform.apply)(
            self.state.averages["generator"], mine.transform_state
        )
        one = jax.tree.map(lambda x: x[0, 0], self.batch)
        side = player.side

        @jax.jit
        def moments(weights):
            drawn = run.game.source(Keys(jax.random.key(1))["moments"], one)
            return side.moments("call", {"params": weights}, *drawn)

        @compiler.jit
        def sample(variables, number):
            key = Keys(jax.random.fold_in(jax.random.key(2), number))["samples"]
            return side.calls["call"](variables, *run.game.source(key, one))

        self.variables = {"params": weights, "batch_stats": moments(weights)}
        self.sample, self.number = sample, 0

    def run(self, part: str, count: int) -> tuple[float, bool]:
        """Return the seconds of `count` calls, and whether what came out is finite."""
        began, found = time.perf_counter(), None
        for _ in range(count):
            if part == "step":
                self.state, found = self.compiled(self.state, self.batch)
            else:
                self.number += 1
                found = self.sample(self.variables, np.int32(self.number))
        jax.block_until_ready((self.state, found))
        took = time.perf_counter() - began
        return took, all(np.isfinite(x).all() for x in map(np.asarray, jax.tree.leaves(found)))

    def facts(self) -> dict:
        """Return the card, bytes at the peak of a step, and launches of a step."""
        device = jax.devices()[0]
        in_use = (device.memory_stats() or {}).get("peak_bytes_in_use")
        return {
            "version": f"jaxgan, jax {jax.__version__}",
            "card": device.device_kind,
            "memory": compile_report.memory(self.compiled)["peak"],
            "memory_in_use": in_use,
            "launches": cost.launches(Program(self.compiled.as_text())),
        }


# Checks: what a card computes, against plain forms in float64 on the CPU.


def plain_attend(q, k, v):
    return jnp.einsum("bqk,bkd->bqd", jax.nn.softmax(jnp.einsum("bqc,bkc->bqk", q, k)), v)


def plain_conv(x, kernel):
    numbers = ("NHWC", "HWIO", "NHWC")
    return lax.conv_general_dilated(x, kernel, (1, 1), "SAME", dimension_numbers=numbers)


def repeated(x):
    return jnp.repeat(jnp.repeat(x, 2, 1), 2, 2)


def windows(x):
    b, h, w, c = x.shape
    return x.reshape(b, h // 2, 2, w // 2, 2, c)


PLAIN = {
    "conv": plain_conv,
    "conv_up": lambda x, k: plain_conv(repeated(x), k),
    "conv_down": lambda x, k: windows(plain_conv(x, k)).mean((2, 4)),
    "conv_strided": lambda x, k: plain_conv(x, k)[:, ::2, ::2],
}
# Relative error of a whole array that is let pass: float32 with TF32 off; bfloat16, of which the
# second derivatives are rounded some ten times, to 2^-9 each.
MOST = {"float32": 1e-5, "bfloat16": 3e-2}


def with_derivatives(function, orders: int):
    """Return the function with its gradients up to an order, of half the sums of squares."""

    def half_square(arrays):
        wide = (x.astype(jnp.promote_types(x.dtype, jnp.float32)) for x in arrays)
        return sum(0.5 * jnp.square(x).sum() for x in wide)

    def found(*arrays):
        every = tuple(range(len(arrays)))
        first = jax.grad(lambda *a: half_square([function(*a)]), every)
        parts = [function(*arrays), *first(*arrays)]
        second = jax.grad(lambda *a: half_square(first(*a)), every)
        return parts + list(second(*arrays)) if orders == 2 else parts

    return found


def cases(most: int):
    """Yield (name, our form, plain form, operands in float64, orders, `most` or fewer)."""
    rng = np.random.default_rng(0)
    for kind, plain in PLAIN.items():
        for many, form in ((0, "map"), (2**62, "kernel")):

            def ours(x, kernel, kind=kind, many=many):
                before, convolution.MANY = convolution.MANY, many
                try:
                    return getattr(convolution, kind)(x, kernel / 2)  # as a product: cuDNN
                finally:
                    convolution.MANY = before

            halved = lambda x, kernel, plain=plain: plain(x, kernel / 2)
            operands = rng.normal(size=(4, 8, 8, 16)), 0.2 * rng.normal(size=(3, 3, 16, 32))
            if form == "map" or kind in ("conv_up", "conv_down"):
                yield f"{kind}, sums of the {form}", ours, halved, operands, most
    shapes = (2, 256, 16), (2, 64, 16), (2, 64, 64)
    operands = tuple(0.5 * rng.normal(size=shape) for shape in shapes)
    yield "attention", attention.attend, plain_attend, operands, most
    operands = (rng.normal(size=(2, 8, 8, 8)),)
    yield "max_pool", pooling.max_pool, lambda x: windows(x).max((2, 4)), operands, 1


def error(found, expected) -> float:
    """Return |found - expected| / |expected|, of all arrays the worst."""
    pairs = zip(found, expected, strict=True)
    double = ((np.asarray(f, np.float64), np.asarray(e, np.float64)) for f, e in pairs)
    return max(float(np.linalg.norm(f - e) / np.linalg.norm(e)) for f, e in double)


def check(tiny: bool) -> list[dict]:
    """Compare forms with plain ones, and a step with the CPU's."""
    cpu, device = jax.devices("cpu")[0], jax.devices()[0]
    found = []

    def judged(name: str, value: float, most: float) -> None:
        found.append({"check": name, "error": value, "most": most, "passed": value <= most})

    for name, ours, plain, operands, orders in cases(1 if tiny else 2):
        for dtype, most in MOST.items():
            rounded = [np.asarray(x).astype(jnp.dtype(dtype)) for x in operands]
            with jax.enable_x64(True), jax.default_device(cpu):
                exact = [np.asarray(x, np.float64) for x in rounded]
                expected = jax.device_get(jax.jit(with_derivatives(plain, orders))(*exact))
            with jax.default_matmul_precision("highest"):
                got = jax.jit(with_derivatives(ours, orders))(*jax.device_put(rounded, device))
            judged(f"{name}, {dtype}", error(jax.device_get(got), expected), most)
    losses = []
    for where in (cpu, device):
        run = compile_report.planned_run(small_config(tiny), [where], 3, TINY_CLASSES)
        if where is cpu:
            first = jax.device_get(state_and_batch(run))
        to = jax.tree.map(lambda x: x.sharding, (abstract_state(run), abstract_batch(run)))
        with jax.default_matmul_precision("highest"):
            _, metrics = training_step(run)(*jax.device_put(first, to))
        losses.append({k: float(m) for k, m in metrics.items() if k.endswith(("loss", "norm"))})
    worst = max(abs(a - losses[0][k]) / (1e-3 + abs(losses[0][k])) for k, a in losses[1].items())
    judged("a step in float32 against the CPU's", worst, 1e-3)
    return found


def small_config(tiny: bool, **fields):
    """Return BigGAN with attention in both networks, at 32 pixels, or 16."""
    config, size = default_config(), 16 if tiny else 32
    config.data.update(name="none", size=(size, size))
    config.model.update(width=4 if tiny else 32, latent_dim=12 if tiny else 16)
    config.model.update(embedding_dim=16)
    config.model.update(generator_attention=size // 2, discriminator_attention=size // 2)
    config.train.update(batch=16, num_d_steps=1)
    config.update_from_flattened_dict(fields)
    return config


def digest(tiny: bool, deterministic: bool) -> str:
    """Return the SHA-256 of the state after ten steps, compiled anew."""
    jax.config.update("jax_enable_compilation_cache", False)
    on_card = jax.devices()[0].platform == "gpu"  # other compilers know no such option
    fields = {"model.dtype": "bfloat16", "train.deterministic": deterministic and on_card}
    run = planned(small_config(tiny, **fields), TINY_CLASSES)
    step, (state, batch) = training_step(run), state_and_batch(run)
    for _ in range(STEPS):
        state, _ = step(state, batch)
    state = jax.device_get(state.replace(key=jax.random.key_data(state.key)))
    found = hashlib.sha256()
    for leaf in jax.tree.leaves(state):
        found.update(np.ascontiguousarray(leaf).tobytes())
    return found.hexdigest()


# One side in a process of its own.


def failure(error: Exception) -> str:
    """Return in a line why a side has no numbers."""
    text = " ".join(str(error).split())
    is_memory = "RESOURCE_EXHAUSTED" in text or "out of memory" in text.lower()
    return "out of memory" if is_memory else f"{type(error).__name__}: {text[:200]}"


def serve(connection, tiny: bool, what: str, *arguments) -> None:
    """Answer (function, arguments) with ("found", value) or ("failed", why), until there is none.

    what: a function of this module to call once, with arguments; or "jaxgan" or a variant of
      PyTorch, a side whose arguments are the name of a config and a batch.
    """
    began = time.perf_counter()
    try:
        if tiny:
            jax.config.update("jax_platforms", "cpu")
        compiler.reserve_gpu_memory(all_at_once=False)
        if what in ("check", "digest"):
            connection.send(("found", globals()[what](tiny, *arguments)))
            return
        compiler.enable_persistent_cache()
        kind = Jaxgan
        if what != "jaxgan":
            from tests.peers.fast import PyTorch as kind
        name, batch = arguments
        config, classes = config_of(name, batch, tiny), TINY_CLASSES if tiny else CLASSES
        side = kind(config, batch, classes, what, "cpu" if tiny else "cuda")
        connection.send(("found", (side.counts, time.perf_counter() - began)))
        while request := connection.recv():
            name, *inputs = request
            connection.send(("found", getattr(side, name)(*inputs)))
    except Exception as error:
        connection.send(("failed", failure(error)))


def once(tiny: bool, seconds: float, function: str, *arguments):
    """Return what a function finds in a process of its own, None if nothing."""
    peer = Peer(tiny, function, *arguments)
    found = peer.answer(seconds)
    peer.end()
    return found


class Peer:
    """A process that serves; `why` says what became of it once it has failed."""

    def __init__(self, tiny: bool, what: str, *arguments):
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.why = ""
        inputs = (theirs, tiny, what, *arguments)
        self.process = context.Process(target=serve, args=inputs, daemon=True)
        self.process.start()
        theirs.close()

    def ask(self, *request):
        self.connection.send(request)

    def answer(self, seconds: float):
        """Return what it found within these seconds, or None, with the reason in `why`."""
        try:
            if not self.connection.poll(max(seconds, 0)):
                self.why = "no answer in time"
            else:
                kind, value = self.connection.recv()
                if kind == "found":
                    return value
                self.why = value
        except EOFError:
            self.why = "its process ended"
        self.end()
        return None

    def end(self) -> None:
        self.process.kill()
        self.process.join()


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
