"""Training, top to bottom: build, start or continue, loop, save and report."""

import contextlib
import signal
import threading
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import jax
from ml_collections import ConfigDict

from jaxgan.build import sampling_prior, takes_text
from jaxgan.config.intervals import images_a_step
from jaxgan.config.noun import noun
from jaxgan.config.over_time import scheduled
from jaxgan.data.reader import Reader, prefetch
from jaxgan.data.records import Records
from jaxgan.devices import capacity, processes, sharding
from jaxgan.devices.stopping import stopping
from jaxgan.files import desk, json_lines, limits
from jaxgan.files.errors import one_line
from jaxgan.game import sampling
from jaxgan.game.game import TrainState, init_state
from jaxgan.media.medium import Batch, Label, Number
from jaxgan.report import Refresher, signs
from jaxgan.training import non_finite, snapshots
from jaxgan.training.advice import advice
from jaxgan.training.checkpoints import Checkpoints
from jaxgan.training.claim import claimed
from jaxgan.training.collapse import refuse_collapse
from jaxgan.training.identity import identity
from jaxgan.training.metrics import MetricsWriter, memory
from jaxgan.training.profile import Profile, window
from jaxgan.training.progress import next_commands, progress_line
from jaxgan.training.roll_backs import RollBacks, TrainingFailedError
from jaxgan.training.run import Run, abstract_state, new_run
from jaxgan.training.screen import Screen
from jaxgan.training.sheets import (
    Sampler,
    class_sheet,
    number_sheet,
    row_names,
    write_sheet,
)
from jaxgan.training.step import abstract_batch, batch_shape, steps_by_number
from jaxgan.training.stopwatch import Stopwatch, goodput
from jaxgan.training.text_sheets import text_sheets
from jaxgan.training.trackers import check_trackers, open_trackers
from jaxgan.training.transfer import refuse_start_from, with_networks_of
from jaxgan.training.translation_sheets import ROWS, translation_sheets
from jaxgan.training.watch import Watch, check_best_metric, held_out_records, watch_numbers
from jaxgan.training.window import Window

INTERRUPTED = 75  # exit code: stopped by a signal, all saved; the same command continues


def train(config: ConfigDict, workdir: Path, profile: str = "") -> int:
    """Train until config.train.steps; return the exit code. The same call continues a run.

    profile: "START:STEPS", the steps to record (profile.py); "" for none.

    Raises ValueError, naming the field, for what cannot run; RuntimeError when the disk is full;
    TrainingFailedError when training fails and the config asks for no roll-back.
    """
    clock = Stopwatch()
    processes.follow(clock, None if desk.is_on_a_desk(workdir) else workdir / "stacks")
    run, records = new_run(workdir, config)
    profiled = window(profile, run.config.train.steps)
    data = identity(records)
    processes.agree(run.config.to_dict() | {"the data": data})
    step_number = steps_by_number(run)
    shapes = abstract_state(run), abstract_batch(run)
    capacity.refuse_too_large(shapes)
    _, metrics = jax.eval_shape(step_number(0), *shapes)
    watch = Watch(run, records)
    check_best_metric(run.config, metrics)
    sampling_prior(run.config)  # refuses a truncation that does not fit
    check_trackers(run.config.train)
    refuse_start_from(run)
    config, stop = run.config.train, stop_flag()
    word = noun(run.config.data.medium)
    say = Screen(workdir, stop, config.steps, images_a_step(run.config), word)
    keep = (config.keep_checkpoints, config.keep_every, config.best_metric, config.best)
    # Everything that cannot run has been refused by now, and nothing has been written yet.
    with claimed(run, data), say, Checkpoints(workdir / "checkpoints", *keep) as checkpoints:
        say(describe(run, records))
        about_images = sampling.makes_samples(run.game.players["generator"].side)
        for line in advice(run.config, len(records)) if about_images else ():
            say(f"note: {line}")
        roll_backs = RollBacks(workdir)
        while True:
            try:
                return loop(
                    run,
                    records,
                    step_number,
                    checkpoints,
                    roll_backs,
                    watch,
                    profiled,
                    clock,
                    stop,
                    say,
                )
            except TrainingFailedError as failure:
                say(roll_backs.go_back(failure, run.config, checkpoints))
            except OSError as error:
                if error.errno not in limits.FULL:
                    raise
                checkpoints.wait()
                newest = checkpoints.latest_step() or 0
                raise RuntimeError(
                    f"--workdir={workdir} cannot be written ({one_line(error)}): free some space; "
                    f"the same command continues from step {newest}"
                ) from error


def first_state(run: Run, checkpoints: Checkpoints) -> TrainState:
    """Return the state of the newest intact checkpoint or, without one, the initial state."""
    abstract, step = abstract_state(run), checkpoints.newest_good()
    checkpoints.drop_after(step or 0)
    if step is not None:
        return checkpoints.restore(abstract, step)
    shardings = jax.tree.map(lambda x: x.sharding, abstract)
    state = jax.jit(partial(init_state, run.game, run.config.seed), out_shardings=shardings)()
    return with_networks_of(run, state) if run.config.train.start_from else state


def loop(
    run: Run,
    records: Records,
    step_number: Callable[[int], Callable],
    checkpoints: Checkpoints,
    roll_backs: RollBacks,
    watch: Watch,
    profiled: range,
    clock: Stopwatch,
    stop: threading.Event,
    say: Screen,
) -> int:
    """Train from the newest checkpoint to the last step; return the exit code.

    Raises TrainingFailedError when training cannot continue: see roll_backs.py.
    """
    config, workdir, last = run.config.train, run.workdir, run.config.train.steps
    images, word = images_a_step(run.config), noun(run.config.data.medium)
    players = tuple(dict.fromkeys(turn.player for turn in run.game.turns))

    # 1. State.
    state = first_state(run, checkpoints)
    start = int(state.step)
    if start:
        say(f"continuing from the checkpoint of step {start}")
    if start >= last:
        say(f"nothing to do: train.steps = {last}")
        return 0
    state = roll_backs.continue_from(state, start)
    if jax.process_index() == 0:
        snapshots.drop_after(workdir, start)
    window = Window(checkpoints.window(start) if start else None)
    seen = [line for line in json_lines.read(workdir / "watch.jsonl") if line["step"] <= start]
    say("compiling the training step ...")

    # 2. Input: this process's rows, read ahead and copied to the devices by a thread.
    shape = batch_shape(run)
    reader = Reader(
        records,
        run.medium,
        shape,
        run.config.seed,
        sharding.local_rows(run.mesh, shape[-1]),
        run.config.data.class_balanced,
        run.config.data.on_bad_record,
    )

    def read(step: int) -> Batch:
        return sharding.global_batch(run.mesh, reader(step), shape[-1])

    # 3. Loop.
    held_out = held_out_records(run, records)
    is_writer, (sheet, rows) = jax.process_index() == 0, sheets(run, held_out or records)

    def draw(state: TrainState, step: int) -> None:
        if sheet is None:
            return
        drawn = sheet(state)
        if is_writer:
            write_sheet(workdir / "samples" / f"{step:08d}.png", drawn)

    if not start:
        draw(state, 0)
    nothing = contextlib.nullcontext(lambda: None)
    writer = None
    if is_writer:
        writer = MetricsWriter(workdir, start, open_trackers(config, workdir), row_names(run))
    refresher = Refresher(workdir) if is_writer else nothing
    whole, pending, logged, stopped, good = Counter(), [], start, False, None
    step, profile = start, Profile(workdir / "profile", profiled)
    compiled, metrics = set(), {}

    def lap(name: str = "other") -> dict[str, float]:
        """Return the seconds since the last lap by activity, the rest of them under `name`."""
        spent = clock.lap()
        spent[name] = spent.pop("other")
        if writer is not None:
            writer.lap(logged, step, spent)
        return spent

    lap("starting")
    with (
        refresher as refresh,
        writer or nothing,
        reader,
        prefetch(read, start) as batches,
        profile,
        stopping(stop, start + 1) as is_stopped_after,
    ):
        for step in range(start + 1, last + 1):
            clock.step = step
            profile.before(step, state)
            with clock("input"):
                batch = next(batches)
            compute, before = step_number(step), metrics
            is_new = compute not in compiled
            compiled.add(compute)
            with (
                clock("compile" if is_new else "step"),
                jax.profiler.StepTraceAnnotation("train", step_num=step),
            ):
                state, metrics = compute(state, batch)
                # With several processes, the host is at most one step ahead of its devices: so a
                # step at which all can stop is near, and heartbeats are accurate.
                if is_new or jax.process_count() > 1:
                    jax.block_until_ready(metrics if is_new else before)
            pending.append(metrics)
            say.started(step, metrics)
            if profile.after(step, state):
                say(f"recorded {len(profiled)} steps: xprof {workdir}/profile")
            log, sample, save = (
                step == last or step % config[f"{name}_every"] == 0
                for name in ("log", "sample", "checkpoint")
            )
            if step == start + 1:
                say(f"compiled, first step done after {clock.elapsed():.0f}s")
                if not log:  # rate and goodput exclude the compilation
                    lap()
                    logged = step
            look = run.config.watch.every and step % run.config.watch.every == 0
            # A stop saves but does not log, so that the log equals an uninterrupted run's.
            stopped = step < last and is_stopped_after(step)
            if not (log or sample or save or look or stopped):
                continue

            with clock("step"):
                history = jax.device_get(pending)  # waits for the steps
            pending.clear()
            good = non_finite.refuse_gradients(history, step, state, good, players)
            window.add(history)
            now = {name: float(v) for name, v in history[-1].items()}
            if log:
                values = window.close() | scheduled(run.config, step)
                spent = lap()
                whole.update(spent)
                elapsed = sum(spent.values())
                rate = (step - logged) * images / elapsed
                line = progress_line(step, last, images, rate, spent, values, word)
                say.logged(line, values)
                if writer is not None:
                    shares = {f"time/{name}": t / elapsed for name, t in spent.items()}
                    bad = {"bad_records": len(reader.bad_records)}
                    writer.write("metrics", step, values)
                    line = {"images_per_second": rate, **shares, **memory(), **bad}
                    writer.write("timing", step, line)
                logged = step
            if sample:
                with clock("samples"):
                    draw(state, step)
            if look:
                with clock("watch"):
                    norms = {name: v for name, v in now.items() if name.endswith("grad_norm")}
                    seen.append({"step": step, **watch(state), **norms})
                if writer is not None:
                    writer.write("watch", step, seen[-1], tag="watch/")
                found = signs.signs(seen, run.config.watch.patience)
                for warning in signs.warnings(seen, found):
                    say(warning)
                refuse_collapse(seen, found, run.config.watch)
            if sample or look:
                refresh()
            # Last: a checkpoint implies that everything else of its step has been written.
            if save or stopped:
                with clock("checkpoint"):
                    non_finite.refuse_state(state, step, good, players)
                    snapshots.write(run, state, step)
                    checkpoints.save(step, state, now | watch_numbers(seen), window.sums)
            if stopped:
                break
    with clock("checkpoint"):
        checkpoints.finish()
    whole.update(lap())

    # 4. Report.
    if stopped:
        say(f"stopped at step {step}, saved; the same command continues")
        return INTERRUPTED
    newest = workdir / "samples" / f"{last:08d}.png"
    if sheet is not None:
        say.picture(newest)
    say(f"done: {last} steps, {last * images / 1000:.0f}k {word}, {goodput(whole)}. Look at:")
    if sheet is not None:
        say(f"  {newest}" + f"  rows: {', '.join(rows)}" * bool(rows))
    say(f"  {workdir}/report.html  curves, samples over time, settings")
    say(f"  {workdir}/metrics.jsonl, or `tensorboard --logdir {workdir}`")
    say("Next:")
    for line in next_commands(workdir, made_by(run)):
        say(f"  {line}")
    return 0


def sheets(
    run: Run, records: Records
) -> tuple[Callable[[TrainState], Any] | None, tuple[str, ...]]:
    """Return a function that draws the sheet of a state, and the names of its rows.

    The function is None for a game that makes no samples.

    records: the examples that a run which translates draws from.
    """
    if not sampling.makes_samples(run.game.players["generator"].side):
        return None, ()
    if takes_text(run.config, run.medium.spec):
        return text_sheets(run, records)
    if isinstance(run.medium.spec.condition, Number):
        sampler = Sampler(run)
        of_numbers = lambda state: number_sheet(sampler, sampler.prepare(state), run)
        return of_numbers, row_names(run)
    if not isinstance(run.medium.spec.condition, Label):
        return translation_sheets(run, records), ROWS
    sampler = Sampler(run)
    of_classes = lambda state: class_sheet(sampler, sampler.prepare(state), run)
    return of_classes, row_names(run)


def made_by(run: Run) -> str:
    """Return what a run's generator makes, as next_commands names it."""
    if not sampling.makes_samples(run.game.players["generator"].side):
        return "episodes" if run.config.data.medium == "transitions" else ""
    if takes_text(run.config, run.medium.spec):
        return "drawings"
    if run.config.data.medium == "speech":
        return "speech"
    condition = run.medium.spec.condition
    if isinstance(condition, Number):
        return "samples of numbers"
    return "samples" if condition == () or isinstance(condition, Label) else "translations"


def describe(run: Run, records: Records) -> str:
    """Return a few lines on what is about to be trained."""
    config, train, word = run.config, run.config.train, noun(run.config.data.medium)
    shapes = ", ".join(
        "x".join(map(str, x.shape)) for x in jax.tree.leaves(run.medium.stored.sample) if x.shape
    )
    players = abstract_state(run).players.items()
    classes = len(config.data.class_names)
    sizes = [f"{n} {sum(x.size for x in jax.tree.leaves(p.params)):,}" for n, p in players]
    return (
        f"{config.model.name} on {config.data.name}: {len(records)} {word} "
        f"{shapes}, {classes} class{'es' * (classes != 1)}\n"
        f"parameters: {', '.join(sizes)}\n"
        f"{train.steps} steps of {run.game.num_batches} x {train.batch} {word} "
        f"({train.microbatches} microbatches), {run.mesh.size} devices "
        f"(data {run.mesh.shape['data']}, fsdp {run.mesh.shape['fsdp']}), "
        f"{jax.process_count()} processes"
    )


def stop_flag() -> threading.Event:
    """Return an event that SIGTERM, SIGINT or SIGHUP sets; a second SIGINT stops at once.

    An ignored SIGHUP, as under nohup, stays ignored.
    """
    stop = threading.Event()

    def handle(number: int, _) -> None:
        if stop.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handle)
    return stop
