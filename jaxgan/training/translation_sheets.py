"""Sheets of a run that translates images: sources, what is made of them, the true images.

For a medium that sounds there is also a file that plays the first column: what was made, then the
truth. The examples are the same at every step: a fair draw from data.held_out if it is set, else
from the data; so is the noise. The weights are averaged, as in every sheet.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import numpy as np

from jaxgan.data.order import fair_draw
from jaxgan.data.reader import Reader
from jaxgan.data.records import Records
from jaxgan.devices import compiler, sharding
from jaxgan.game import sampling
from jaxgan.game.game import TrainState
from jaxgan.game.keys import Keys
from jaxgan.media.medium import Batch
from jaxgan.media.pictures import captioned, in_colour
from jaxgan.media.resize import fit
from jaxgan.training.run import Run
from jaxgan.training.sheets import Played

PyTree = Any
ROWS = ("source", "made", "true")


def translation_sheets(run: Run, records: Records) -> Callable[[TrainState], Any]:
    """Return a function that draws the sheet of a state; it compiles at the first call.

    records: what the examples are drawn from.
    """
    columns, player = run.config.sample.columns, run.game.players["generator"]
    places = fair_draw(columns, len(records), "sheet")
    rows = np.resize(places, -(-columns // run.mesh.size) * run.mesh.size)
    with Reader(records, run.medium, on_bad_record="skip") as reader:
        host = reader.read(rows)
    split = sharding.rows(run.mesh)
    key = Keys(jax.random.key(run.config.seed))["sheet"]

    @partial(compiler.jit, out_shardings=sharding.replicated(run.mesh))
    def make(average: PyTree, transform_state: PyTree, batch: Batch) -> PyTree:
        weights, _ = player.transform.apply(average, transform_state)
        noise, source = run.game.source(key, run.medium.to_float(batch))
        return sampling.generate(player.side, {"params": weights}, noise, source)

    batch = jax.tree.map(
        lambda x: jax.make_array_from_callback(x.shape, split, lambda index: x[index]), host
    )

    def sheet(state: TrainState) -> Any:
        own = state.players["generator"]
        made = make(state.averages["generator"], own.transform_state, batch)
        made = run.medium.to_stored(np.asarray(made))
        count = len(places)
        sources = run.medium.show_condition(host.condition[:count])
        both = made[:count], host.sample[:count]
        picture, reel = side_by_side(sources, *map(run.medium.pictures, both)), run.medium.reel
        if reel is None:
            return picture
        return Played(picture, reel.suffix, reel.encode(np.concatenate(both), count))

    return sheet


def side_by_side(*rows: Sequence[np.ndarray], captions: tuple[str, ...] = ROWS) -> Any:
    """Return a picture with a row per set of stored images [n, h, w, c], all resized to the last's
    size."""
    size = rows[-1][0].shape[:2]
    brought = (np.stack([fit(x, size, "none", "area") for x in images]) for images in rows)
    images = np.concatenate([in_colour(images) for images in brought])
    return captioned(images, len(rows[0]), captions[: len(rows)])
