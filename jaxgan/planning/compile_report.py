"""What a training step will cost, known before a machine is rented: `jaxgan compile`.

The step is compiled ahead of time for a TPU slice, for NVIDIA cards or for the local devices, and
the compiled program is read: memory, operations, traffic and collectives of one step on one device.
The roofline time is the longest of

    operations / peak rate,   memory traffic / bandwidth,   bytes sent / interconnect

with the published figures of chips.py: a bound that a perfect program would meet, not a forecast.
The interconnect's bound assumes a ring within a slice; between slices it is slower. Closer to a
forecast is the sum of the times that the TPU compiler expects of its operations (cost.cycles),
which is known once it has generated machine code.
"""

import json
import math
import re
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from jaxgan.config import check
from jaxgan.config.noun import noun
from jaxgan.data.records import open_records
from jaxgan.devices import compiler, sharding
from jaxgan.files.atomic import check_output, write_text
from jaxgan.planning import chips, cost
from jaxgan.planning.cards import CARDS
from jaxgan.planning.early_program import leave, optimised
from jaxgan.planning.hlo import Program
from jaxgan.training.facts import assumed
from jaxgan.training.run import Run, abstract_state, open_run, resolve
from jaxgan.training.step import abstract_batch, training_step

Report = dict[str, Any]


def compile_run(
    config: ConfigDict,
    topology: str = "",
    slices: int = 1,
    channels: int = 3,
    classes: int = 1000,
    code: bool = True,
) -> Report:
    """Compile the training step of a config; return the report.

    Args:
      topology: such as "v5e:8x8" or "h100"; empty for the local devices.
      slices: number of TPU slices of this topology.
      channels, classes: of the images, if the data set is not on disk.
      code: also generate a TPU's machine code, and so learn its size and expected time. Without it
        the report takes a tenth of the time, and the process must be ended by
        `early_program.leave`.

    Raises:
      ValueError: an impossible topology or config.
    """
    if topology:
        jax.config.update("jax_platforms", "cpu")  # a plugin compiles: no chip to start
        jax.config.update("jax_enable_compilation_cache", False)  # nor one to read a program back
    devices = chips.slice_devices(topology, slices) if topology else jax.devices()
    run = planned_run(config, devices, channels, classes)
    report = described(run, topology, slices)
    lowered = training_step(run).lower(abstract_state(run), abstract_batch(run))
    try:
        with chips.quiet():
            if is_early(topology, code):
                text, size = optimised(lowered)
            else:
                compiled = lowered.compile()
                text, size = compiled.as_text() or "", memory(compiled)
    except jax.errors.JaxRuntimeError as error:
        wanted = memory_wanted(str(error), report["bytes"]["state"])
        if not wanted:
            raise
        report["bytes"] |= wanted
    else:
        report |= measured(text)
        report["bytes"] |= size
    return report | judged(report)


def is_early(topology: str, code: bool) -> bool:
    """Return whether the report is made before the machine code; for a card that would save no
    time."""
    return bool(topology) and not code and topology.partition(":")[0] not in CARDS


def planned_run(config: ConfigDict, devices: list, channels: int, classes: int) -> Run:
    """Build the game for devices that need not exist here, with the facts of its data set."""
    try:
        config = resolve(config, open_records(config.data.name, config.data.split), len(devices))
    except FileNotFoundError:
        config = ConfigDict(config.to_dict())
        config.data.update(assumed(config, channels, classes))
        check(config, len(devices))
    mesh = sharding.create_mesh(config.mesh.fsdp, devices)
    return open_run(Path(), config, mesh)


def described(run: Run, topology: str, slices: int) -> Report:
    """Return the entries of the report that say what is compiled and for which devices."""
    state = abstract_state(run)
    train, mesh = run.config.train, run.mesh
    count = lambda tree: sum(x.size for x in jax.tree.leaves(tree))
    return {
        "model": run.config.model.name,
        "noun": noun(run.config.data.medium),
        "sample": [list(x.shape) for x in jax.tree.leaves(run.medium.stored.sample)],
        "classes": len(run.config.data.class_names),
        "topology": topology or f"{mesh.size} x {mesh.devices.flat[0].device_kind}",
        "slices": slices,
        "devices": mesh.size,
        "mesh": dict(mesh.shape),
        "batch": train.batch,
        "batch_a_device": train.batch // mesh.size,
        "num_d_steps": train.num_d_steps,
        "microbatches": train.microbatches,
        "remat": run.config.model.get("remat"),
        "dtype": run.config.model.get("dtype", "float32"),
        "parameters": {name: count(player.params) for name, player in state.players.items()},
        "bytes": {
            "parameters": sum(on_device(player.params) for player in state.players.values()),
            "state": on_device(state),
        },
    }


def on_device(tree: Any) -> int:
    """Return the bytes of a tree of sharded shapes on one device."""
    arrays = [x for x in jax.tree.leaves(tree) if not jnp.issubdtype(x.dtype, jax.dtypes.prng_key)]
    return sum(math.prod(x.sharding.shard_shape(x.shape)) * x.dtype.itemsize for x in arrays)


def memory(compiled: jax.stages.Compiled) -> dict[str, int]:
    """Return the bytes that the running step takes on one device."""
    stats = compiled.memory_analysis()
    assert stats is not None
    arguments, temporaries = stats.argument_size_in_bytes, stats.temp_size_in_bytes
    results = stats.output_size_in_bytes - stats.alias_size_in_bytes  # the state is donated
    program = stats.generated_code_size_in_bytes
    return {
        "arguments": arguments,
        "temporaries": temporaries,
        "program": program,
        "peak": arguments + temporaries + results + program,
    }


def memory_wanted(message: str, state: int) -> dict[str, int]:
    """Return the bytes that a TPU compiler says a program would need; {} if it failed for another
    reason.

    It gives up early, over the temporaries alone, or late, over everything. state: bytes that the
    early message leaves out.
    """

    def size(pattern: str) -> int:
        found = re.search(pattern, message)
        return int(float(found[1]) * 2.0 ** (10 * ("KMGT".index(found[2]) + 1))) if found else 0

    if peak := size(r"Used ([\d.]+)([KMGT])i?B? of [\d.]+[KMGT]i?B? hbm"):
        return {"peak": peak}
    if temporaries := size(r"HLO temporaries \(([\d.]+)([KMGT])\) exceeds available HBM"):
        return {"temporaries": temporaries, "peak": state + temporaries}
    return {}


def measured(text: str) -> Report:
    """Return operations, traffic, collectives and, if known, cycles of one step on one device."""
    program = Program(text)
    found = {
        "flops": cost.products(program),
        "traffic": cost.traffic(program),
        "launches": cost.launches(program),
        "collectives": program.collectives(),
    }
    cycles = cost.cycles(program)
    return found | {"cycles": cycles} if cycles else found


def judged(report: Report) -> Report:
    """Return whether it fits, what to change if not, and the roofline; {} for unknown chips."""
    name = report["topology"].partition(":")[0]
    chip = chips.CHIPS.get(name)
    if chip is None:
        return {}
    capacity = int(chip.memory * compiler.GPU_SHARE) if name in CARDS else chip.memory
    fits = report["bytes"]["peak"] <= capacity
    verdict: Report = {"fits": fits, "remedies": [] if fits else remedies(report, capacity)}
    verdict["bytes"] = report["bytes"] | {"capacity": capacity}
    if "flops" in report:
        seconds = {
            "compute": report["flops"] / chip.flops,
            "memory": report["traffic"] / chip.bandwidth,
            "network": sent(report["collectives"], report["devices"]) / chip.network,
        }
        slowest = max(seconds, key=seconds.__getitem__)
        images = report["batch"] * report["num_d_steps"]
        if "cycles" in report:
            verdict["expected_seconds"] = report["cycles"] / chip.clock
        verdict |= {
            "seconds": seconds | {"roofline": seconds[slowest]},
            "bound_by": slowest,
            "images_per_second": images / seconds[slowest],
        }
    return verdict


def sent(collectives: dict[str, dict[str, int]], devices: int) -> float:
    """Return the bytes that a device sends in rings: an all-reduce makes two passes, the others
    one."""
    passes = {"all-reduce": 2.0, "reduce-scatter": float(devices)}
    total = sum(passes.get(kind, 1.0) * entry["bytes"] for kind, entry in collectives.items())
    return total * (devices - 1) / devices


def remedies(report: Report, capacity: int) -> list[str]:
    """Return what to change if a step does not fit, most useful first."""
    found, state = [], report["bytes"]["state"]
    peak, microbatches = report["bytes"]["peak"], report["microbatches"]
    if state > capacity / 2:
        fsdp = report["mesh"]["fsdp"]
        while fsdp < report["devices"] and state * report["mesh"]["fsdp"] / fsdp > capacity / 4:
            fsdp *= 2
        found.append(f"mesh.fsdp = {fsdp} (now {report['mesh']['fsdp']})")
    if report["remat"] is False:  # None: the model has no such field
        found.append("model.remat = True (now False)")
    more = microbatches
    # Activations shrink with the microbatch; the state does not.
    while more < report["batch"] // report["devices"] and (
        state + (peak - state) * microbatches / more > 0.9 * capacity
    ):
        more *= 2
    if more > microbatches:
        found.append(f"train.microbatches = {more} (now {microbatches})")
    return found


def table(report: Report) -> str:
    """Return the report as aligned lines of text."""
    size, lines = report["bytes"], []

    def row(name: str, value: str) -> None:
        lines.append(f"  {name:<18}{value}")

    sample = ", ".join("x".join(map(str, shape)) for shape in report["sample"])
    mesh = ", ".join(f"{axis} {n}" for axis, n in report["mesh"].items())
    lines.append(
        f"{report['model']} {sample}, {report['classes']} classes, "
        f"{report['dtype']}, on {report['slices']} x {report['topology']}: "
        f"{report['devices']} devices ({mesh})"
    )
    row(
        "step",
        f"{report['num_d_steps']} x {report['batch']} {report['noun']}, "
        f"{report['batch_a_device']} per device, "
        f"{report['microbatches']} microbatches"
        + ("" if report["remat"] is None else f", remat {report['remat']}"),
    )
    row("parameters", ", ".join(f"{k} {v:,}" for k, v in report["parameters"].items()))
    lines.append("per device")
    for name in ("parameters", "state", "arguments", "temporaries", "program", "peak", "capacity"):
        if size.get(name):
            more = " and machine code" if name == "peak" and "program" not in size else ""
            row(name, f"{size[name] / 2**20:12,.2f} MiB{more}")
    if "flops" in report:
        row("operations", f"{report['flops'] / 1e9:12,.2f} GFLOP")
        row("memory traffic", f"{report['traffic'] / 1e6:12,.2f} MB")
        if report["topology"].partition(":")[0] in CARDS:
            row("kernel launches", f"{report['launches']:12,}")
        for kind, entry in report["collectives"].items():
            row(kind, f"{entry['bytes'] / 1e6:12,.2f} MB in {entry['count']}")
    if "seconds" in report:
        for name, seconds in report["seconds"].items():
            row(f"{name} bound", f"{seconds * 1e3:12,.2f} ms")
        row("at most", f"{report['images_per_second']:12,.0f} {report['noun']}/s")
    if "expected_seconds" in report:
        row("compiler expects", f"{report['expected_seconds'] * 1e3:12,.2f} ms of operations")
    if "fits" in report:
        lines.append("fits" if report["fits"] else "does not fit; change, in this order:")
        lines += [f"  {remedy}" for remedy in report["remedies"]]
    return "\n".join(lines)


def compile_command(
    config: ConfigDict,
    topology: str,
    slices: int,
    channels: int,
    classes: int,
    output: str,
    code: bool,
) -> int:
    """Print the report, and write it to a JSON file if one is named; return exit code 0 if it fits.

    For a TPU and without code this ends the process (early_program.py).
    """
    replaced = check_output(Path(output), "--json") if output else ""
    report = compile_run(config, topology, slices, channels, classes, code)
    print(table(report))
    if output:
        write_text(Path(output), json.dumps(report, indent=2) + "\n")
        print(f"{output}: the same as JSON{replaced}")
    status = 0 if report.get("fits", True) else 1
    if is_early(topology, code):
        leave(status)
    return status
