"""Training, top to bottom: build, start or continue, loop, leave everything behind."""

import signal
import threading
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from jaxgan import compiler, sharding, steps
from jaxgan.checkpoints import Checkpoints
from jaxgan.data import augment
from jaxgan.data.reader import Reader, prefetch
from jaxgan.data.records import Records
from jaxgan.gan import TrainState, init_state
from jaxgan.metrics import MetricsWriter, Stopwatch, progress_line
from jaxgan.run import Run, abstract_state, claim, new_run
from jaxgan.sample import Sampler, class_sheet, save_png

ROLES = ("generator", "discriminator")
INTERRUPTED = 75  # exit code: stopped by a signal, all saved; the same command continues


class NonFiniteError(RuntimeError):
    """A gradient that is not finite."""


def train(config: ConfigDict, workdir: Path) -> int:
    """Train until config.train.steps; return the exit code. The same call continues a run."""
    run, records = new_run(workdir, config)
    train_step = training_step(run)
    jax.eval_shape(train_step, abstract_state(run), abstract_batch(run))  # refuse what cannot run
    claim(run)
    return loop(run, records, train_step)


def training_step(run: Run):
    """Return the compiled step: (state, batch of stored integers) -> (state, metrics)."""

    def step(state: TrainState, batch: dict[str, jax.Array]):
        images = augment.to_float(batch["images"])
        if run.config.data.flip:
            key = jax.random.fold_in(jax.random.fold_in(state.key, state.step), 1)
            images = augment.random_flip(key, images)
        return steps.train_step(run.gan, state, {**batch, "images": images})

    options = compiler.compiler_options(jax.default_backend())
    return jax.jit(step, donate_argnums=0, compiler_options=options)


def first_state(run: Run, checkpoints: Checkpoints) -> TrainState:
    """Return the newest checkpoint's state or, without one, the initial state; born sharded."""
    abstract = abstract_state(run)
    if checkpoints.latest_step() is not None:
        return checkpoints.restore(abstract)
    shardings = jax.tree.map(lambda x: x.sharding, abstract)
    return jax.jit(partial(init_state, run.gan, run.config.seed), out_shardings=shardings)()


def abstract_batch(run: Run) -> dict[str, jax.ShapeDtypeStruct]:
    """Return shapes and dtypes of a batch of stored integers."""
    train = run.config.train
    leading = (train.num_d_steps, train.microbatches, train.batch // train.microbatches)
    split = sharding.rows(run.mesh, leading=2)
    return {
        "images": jax.ShapeDtypeStruct((*leading, *run.image_shape), jnp.uint8, sharding=split),
        "labels": jax.ShapeDtypeStruct(leading, jnp.int32, sharding=split),
    }


def loop(run: Run, records: Records, train_step) -> int:
    config, workdir, last = run.config.train, run.workdir, run.config.train.steps
    say = partial(print, flush=True) if jax.process_index() == 0 else lambda *_: None
    images_a_step = config.num_d_steps * config.batch

    with Checkpoints(workdir / "checkpoints", config.keep_checkpoints) as checkpoints:
        # 1. State and step.
        say(describe(run, records))
        state = first_state(run, checkpoints)
        start = int(state.step)
        if start:
            say(f"continuing from the checkpoint of step {start}")
        if start >= last:
            say(f"nothing to do: train.steps = {last}")
            return 0
        sampler = Sampler(run)
        say("compiling the training step ...")

        # 2. Input: this process's rows, read ahead and put on the devices by a thread.
        microbatch = config.batch // config.microbatches
        reader = Reader(
            records,
            (config.num_d_steps, config.microbatches, microbatch),
            run.config.seed,
            run.config.data.size,
            sharding.local_rows(run.mesh, microbatch),
            run.config.data.class_balanced,
            run.config.data.on_bad_record,
        )

        def read(step: int) -> dict[str, jax.Array]:
            return sharding.global_batch(run.mesh, reader(step), microbatch)

        # 3. Loop.
        stop = stop_flag()
        writer = MetricsWriter(workdir, start) if jax.process_index() == 0 else None
        watch, pending = Stopwatch(), []
        with reader, prefetch(read, start) as batches:
            for step in range(start + 1, last + 1):
                with watch("input"):
                    batch = next(batches)
                with watch("step"):
                    state, metrics = train_step(state, batch)
                    pending.append(metrics)
                if step == start + 1:
                    jax.block_until_ready(state)
                    say(f"compiled, first step done after {watch.elapsed():.0f}s")
                    watch.reset()
                    logged = step
                # A stop saves and does not log: the log is that of an uninterrupted run.
                stopped = stop.is_set() and step < last
                log, sample, save = (
                    step == last or step % config[f"{name}_every"] == 0
                    for name in ("log", "sample", "checkpoint")
                )
                if not (log or sample or save or stopped):
                    continue

                with watch("step"):
                    history = jax.device_get(pending)  # waits for the steps
                pending.clear()
                refuse_non_finite(history, step, state)
                if log:
                    elapsed = watch.elapsed()
                    rate = (step - logged) * images_a_step / elapsed
                    values = {name: float(v) for name, v in history[-1].items()}
                    left = (last - step) * images_a_step / rate
                    say(progress_line(step, last, step * images_a_step, rate, values, left))
                    shares = {f"time/{name}": t / elapsed for name, t in watch.seconds.items()}
                    if writer:
                        writer.write(step, values, {"images_per_second": rate, **shares})
                    watch.reset()
                    logged = step
                if save or stopped:
                    with watch("checkpoint"):
                        checkpoints.save(step, state)
                if sample:
                    with watch("samples"):
                        sheet = class_sheet(sampler, sampler.prepare(state), run)
                        if jax.process_index() == 0:
                            save_png(workdir / "samples" / f"{step:08d}.png", sheet)
                if stopped:
                    break
        if writer:
            writer.close()

    # 4. What was reached.
    if stopped:
        say(f"stopped at step {step}, saved; the same command continues")
        return INTERRUPTED
    say(f"done: {last} steps, {last * images_a_step / 1000:.0f} kimg. Look at:")
    say(f"  {workdir}/samples/{last:08d}.png  rows: {', '.join(run.config.data.class_names[:10])}")
    say(f"  {workdir}/metrics.jsonl, or `tensorboard --logdir {workdir}`")
    return 0


def describe(run: Run, records: Records) -> str:
    """Return what is about to be trained, in a few lines."""
    config, (height, width, channels) = run.config, run.image_shape
    shapes = abstract_state(run)
    size = {n: sum(x.size for x in jax.tree.leaves(getattr(shapes, n).params)) for n in ROLES}
    train = config.train
    return (
        f"{config.model.name} on {config.data.name}: {len(records)} images "
        f"{height}x{width}x{channels}, {run.num_classes} classes\n"
        f"parameters: generator {size['generator']:,}, discriminator {size['discriminator']:,}\n"
        f"{train.steps} steps of {train.num_d_steps} x {train.batch} images "
        f"({train.microbatches} microbatches), {run.mesh.size} devices "
        f"(data {run.mesh.shape['data']}, fsdp {run.mesh.shape['fsdp']}), "
        f"{jax.process_count()} processes"
    )


def stop_flag() -> threading.Event:
    """Return an event that SIGTERM or SIGINT sets; a second SIGINT stops at once."""
    stop = threading.Event()

    def handle(number: int, _) -> None:
        if stop.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, handle)
    return stop


def refuse_non_finite(history: list[dict], step: int, state: TrainState) -> None:
    """Raise NonFiniteError for the first step with a gradient that is not finite."""
    for number, metrics in enumerate(history, step - len(history) + 1):
        for role in ROLES:
            leaf = int(metrics[f"{role[0]}/bad_leaf"])
            if leaf >= 0:
                paths = jax.tree_util.tree_flatten_with_path(getattr(state, role).params)[0]
                name = jax.tree_util.keystr(paths[leaf][0], simple=True, separator="/")
                raise NonFiniteError(
                    f"step {number}: the {role}'s gradient of {name} is not finite; the last "
                    "checkpoint is good. Lower the learning rate, or continue with another seed"
                )
