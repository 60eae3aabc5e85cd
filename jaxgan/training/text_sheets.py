"""Sheets of a run that draws captions: one row per caption, the true picture first.

The captions are the same at every step: a fair draw from data.held_out if it is set, else from the
data. So is the noise, one draw per column. The weights are averaged, with standing statistics over
the newest captions of the training.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import numpy as np

from jaxgan.build import sampling_prior
from jaxgan.data.order import fair_draw
from jaxgan.data.reader import Reader
from jaxgan.data.records import Records
from jaxgan.devices import compiler, sharding
from jaxgan.game import sampling, texts
from jaxgan.game.game import TrainState
from jaxgan.media.pictures import captioned, in_colour
from jaxgan.training.run import Run

PyTree = Any
ROWS = 8


def text_sheets(run: Run, records: Records) -> tuple[Callable[[TrainState], Any], tuple[str, ...]]:
    """Return a function that draws the sheet of a state, and the captions of its rows.

    records: what the captions are drawn from.
    """
    settings, player = run.config.sample, run.game.players["generator"]
    columns, prior = max(settings.columns - 1, 1), sampling_prior(run.config, 0.0)
    places = fair_draw(ROWS, len(records), "sheet")
    with Reader(records, run.medium, on_bad_record="skip") as reader:
        reader.read(places)
        places = np.array([place for place in places if place not in reader.bad_records], np.int64)
        host = reader.read(places)
    captions = tuple(x.texts.captions[0] for x in records.examples(places) if x.texts is not None)
    conditions, numbers = np.repeat(host.condition, columns, 0), np.arange(columns)
    count, numbers = len(conditions), np.tile(numbers, len(places)).astype(np.int32)
    size = -(-count // run.mesh.size) * run.mesh.size  # the same number on each device
    split = sharding.rows(run.mesh)

    @partial(compiler.jit, out_shardings=sharding.replicated(run.mesh))
    def make(average: PyTree, own: PyTree, condition: jax.Array, indices: jax.Array) -> jax.Array:
        weights, _ = player.transform.apply(average, own.transform_state)
        sizes = settings.standing_batches, settings.standing_batch
        kept = own.stats[texts.NAME]
        variables = texts.variables(player.side, weights, prior, kept, *sizes)
        noise, _ = sampling.draw(prior, run.config.seed, indices)
        noise = jax.lax.with_sharding_constraint(noise, split)
        return sampling.generate(player.side, variables, noise, condition)

    rows = [np.resize(x, (size, *x.shape[1:])) for x in (conditions, numbers)]
    rows = [jax.make_array_from_callback(x.shape, split, lambda i, x=x: x[i]) for x in rows]

    def sheet(state: TrainState) -> Any:
        made = make(state.averages["generator"], state.players["generator"], *rows)
        made = run.medium.to_stored(np.asarray(made)[:count])
        made = made.reshape(len(places), columns, *made.shape[1:])
        images = np.concatenate([host.sample[:, None], made], 1)
        images = in_colour(images.reshape(-1, *images.shape[2:]))
        return captioned(images, columns + 1, captions, ("true", *[""] * columns))

    return sheet, captions
