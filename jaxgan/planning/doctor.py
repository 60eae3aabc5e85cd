"""`jaxgan doctor`: find what would go wrong with a run before it is started.

Every image is read, the network is built, the step is compiled and timed for a few steps, and what
the run will need is compared with what is available. Nothing is written.
"""

import math
import os
import shutil
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import jax
import numpy as np
from ml_collections import ConfigDict

from jaxgan.config.noun import noun
from jaxgan.data.examine import Finding, examine_records, examine_source
from jaxgan.data.prepare.sources import open_source
from jaxgan.data.reader import Reader
from jaxgan.data.records import Records, open_records
from jaxgan.devices import capacity, sharding
from jaxgan.game.game import init_state
from jaxgan.game.sampling import makes_samples
from jaxgan.planning import compile_report
from jaxgan.training.advice import advice
from jaxgan.training.progress import duration
from jaxgan.training.run import Run, abstract_state, open_run, resolve
from jaxgan.training.step import abstract_batch, batch_shape, training_step
from jaxgan.training.watch import Watch

DAY = 86_400  # seconds


def doctor(config: ConfigDict, workdir: Path, steps: int) -> int:
    """Print the findings; return 1 if one of them would stop a run, else 0.

    steps: number of training steps to time; 0 compiles and times nothing.
    """
    problems = notes = 0
    for finding in examine(config, workdir, steps):
        problems += finding.is_error
        notes += not finding.is_error
        print(f"{'PROBLEM' if finding.is_error else '       '}  {finding.text}", flush=True)
    print(f"{problems} problem{'s' * (problems != 1)}, {notes} note{'s' * (notes != 1)}")
    return 1 if problems else 0


def examine(config: ConfigDict, workdir: Path, steps: int) -> Iterator[Finding]:
    """Yield findings on data, then config, then machine; whatever depends on a failure is
    skipped."""
    try:
        records = open_records(config.data.name, config.data.split)
    except (ValueError, FileNotFoundError) as error:
        yield Finding(True, str(error))
        yield from raw_data(Path(config.data.name))
        return
    yield from examine_records(records, config.data.on_bad_record)
    try:
        resolved = resolve(config, records)
        run = open_run(workdir, resolved)
        abstract_state(run)
        Watch(run, records)
    except ValueError as error:
        yield Finding(True, str(error))
        return
    about_images = makes_samples(run.game.players["generator"].side)
    for line in advice(resolved, len(records)) if about_images else ():
        yield Finding(False, line)
    yield disk(run)
    if steps:
        yield from step_cost(run, records, steps)


def raw_data(path: Path) -> Iterator[Finding]:
    """Examine what data.name holds, if that is images not yet prepared."""
    if not path.exists():
        return
    try:
        source = open_source(path)
    except (ValueError, OSError) as error:
        yield Finding(True, str(error))
        return
    yield from examine_source(source)


def disk(run: Run) -> Finding:
    """Compare the most space that checkpoints will take with what is free in the work directory."""
    train = run.config.train
    state = sum(capacity.bytes_of(leaf) for leaf in jax.tree.leaves(abstract_state(run)))
    every = math.lcm(train.keep_every, train.checkpoint_every)  # 0 for none
    every = train.steps // every if every else 0
    count = train.keep_checkpoints + 1 + every + bool(train.best_metric)  # one is being written
    folder = run.workdir
    while not folder.exists():
        folder = folder.parent
    if not (folder.is_dir() and os.access(folder, os.W_OK)):
        reason = "is a file" if folder.is_file() else "cannot be written"
        return Finding(True, f"--workdir={run.workdir}: {folder} {reason}; write another")
    free = shutil.disk_usage(folder).free
    return Finding(
        count * state > free,
        f"disk: {count} checkpoints of {size(state)} are {size(count * state)} at most; "
        f"{size(free)} are free in {folder}"
        + "; lower train.keep_checkpoints or raise train.keep_every"
        * (count * state > free),
    )


def step_cost(run: Run, records: Records, steps: int) -> Iterator[Finding]:
    """Compile the step and run it a few times on real images; yield findings on its time and
    memory."""
    lowered = training_step(run).lower(abstract_state(run), abstract_batch(run))
    step = lowered.compile()
    yield memory_need(compile_report.memory(step)["peak"])
    shardings = jax.tree.map(lambda x: x.sharding, abstract_state(run))
    state = jax.jit(partial(init_state, run.game, run.config.seed), out_shardings=shardings)()
    train, times, waits, metrics = run.config.train, [], [], {}
    shape = batch_shape(run)
    rows = sharding.local_rows(run.mesh, shape[-1])
    with Reader(records, run.medium, shape, rows=rows, on_bad_record="skip") as reader:
        for number in range(steps + 1):  # the first one warms up
            begin = time.perf_counter()
            batch = sharding.global_batch(run.mesh, reader(number), shape[-1])
            ready = time.perf_counter()
            state, metrics = step(state, batch)
            jax.block_until_ready(state)
            waits.append(ready - begin)
            times.append(time.perf_counter() - ready)
    each, wait = np.median(times[1:]), np.median(waits[1:])
    word = noun(run.config.data.medium)
    total = train.steps * float(max(each, wait))
    bad = any(int(value) >= 0 for name, value in metrics.items() if name.endswith("/bad_leaf"))
    yield Finding(
        bad or total > DAY,
        f"time: {each:.2g} s per step (reading its {word} {wait:.2g} s, done ahead), "
        f"{duration(total)} for {train.steps:,} steps"
        + "; gradients are not finite: lower the learning rates" * bad
        + "; more than a day: lower model.width, data.size, train.batch or train.steps"
        * (total > DAY),
    )


def memory_need(peak: int) -> Finding:
    """Compare the memory that a step takes on each device with what the device has."""
    device, limit = jax.local_devices()[0], capacity.limit()
    return Finding(
        peak > limit,
        f"memory: a step takes {size(peak)} of {size(limit)} ({device.device_kind})"
        + "; raise train.microbatches or mesh.fsdp" * (peak > limit),
    )


def size(count: float) -> str:
    """Return a number of bytes with a unit: "1.5 GiB"."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.3g} {unit}"
        count /= 1024
    return f"{count:.3g} TiB"
