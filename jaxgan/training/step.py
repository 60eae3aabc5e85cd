"""The compiled training step of a run, and the shapes of its batches."""

import dataclasses
from collections.abc import Callable

import jax

from jaxgan.build import build
from jaxgan.devices import compiler, sharding
from jaxgan.game import steps
from jaxgan.game.game import TrainState
from jaxgan.game.keys import Keys
from jaxgan.media.medium import Batch
from jaxgan.training.run import Run, abstract_state


def training_step(run: Run):
    """Return the compiled step: (state, stored batch) -> (state, metrics). The state is donated."""

    def step(state: TrainState, batch: Batch):
        keys = Keys(jax.random.fold_in(state.key, state.step))
        real = run.medium.augment(keys, run.medium.to_float(batch))
        return steps.train_step(run.game, state, real)

    shardings = jax.tree.map(lambda x: x.sharding, abstract_state(run))
    ours = next(d for d in run.mesh.devices.flat if d.process_index == jax.process_index())
    return jax.jit(
        step,
        donate_argnums=0,
        out_shardings=(shardings, sharding.replicated(run.mesh)),
        compiler_options=compiler.compiler_options(ours, run.config.train.deterministic),
    )


def steps_by_number(run: Run) -> Callable[[int], Callable]:
    """Return a function from a step's number to its compiled step.

    With a lazy penalty there are two compiled steps, of two games with the same state: one with the
    penalty, and one for the steps in between.
    """
    full, every = training_step(run), run.config.penalty.every
    if every == 1:
        return lambda number: full
    without = build(run.config, run.medium.spec, run.mesh, with_lazy_terms=False)
    between = training_step(dataclasses.replace(run, game=without))
    return lambda number: between if number % every else full


def batch_shape(run: Run) -> tuple[int, int, int]:
    """Return (batches per step, microbatches per batch, examples per microbatch)."""
    train = run.config.train
    return run.game.num_batches, train.microbatches, train.batch // train.microbatches


def abstract_batch(run: Run) -> Batch:
    """Return the shapes, dtypes and shardings of a step's batch, as stored."""
    split = sharding.rows(run.mesh, leading=2)

    def leaf(x: jax.ShapeDtypeStruct) -> jax.ShapeDtypeStruct:
        return jax.ShapeDtypeStruct((*batch_shape(run), *x.shape), x.dtype, sharding=split)

    return jax.tree.map(leaf, run.medium.stored)
