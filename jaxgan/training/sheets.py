"""Sample sheets of a run during training: averaged weights with standing statistics.

Image number i depends on (seed, i) alone, on any number of devices. A cell shows the same noise at
every step, so sheets can be compared over time.
"""

from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from jaxgan.build import noise_spec, sampling_prior
from jaxgan.devices import compiler, sharding
from jaxgan.files.atomic import write_bytes
from jaxgan.game import sampling
from jaxgan.game.game import TrainState
from jaxgan.media.medium import Label, Number
from jaxgan.media.pictures import save_picture
from jaxgan.training.run import Run

PyTree = Any


class Played(NamedTuple):
    """The sheet of a medium that moves or sounds: its picture, and the file that plays it.

    suffix: of the file, such as ".gif". data: the file's content.
    """

    picture: Any
    suffix: str
    data: bytes


class Sampler:
    """Samples a run's generator on its mesh. Compiled once; call `prepare` with a state, then
    `samples`."""

    def __init__(self, run: Run):
        config, player = run.config.sample, run.game.players["generator"]
        prior = sampling_prior(run.config)
        batch = -(-config.standing_batch // run.mesh.size) * run.mesh.size
        split = sharding.rows(run.mesh)

        def inputs(key: jax.Array) -> PyTree:
            return jax.lax.with_sharding_constraint(prior(key, batch), split)

        @compiler.jit
        def prepare(average: PyTree, transform_state: PyTree, seed: jax.Array) -> PyTree:
            weights, _ = player.transform.apply(average, transform_state)
            return sampling.variables(player.side, weights, inputs, config.standing_batches, seed)

        # Each device makes its share; then all are replicated, so that every process can read them.
        @partial(compiler.jit, out_shardings=sharding.replicated(run.mesh))
        def generate(variables: PyTree, seed: jax.Array, indices: jax.Array, labels) -> PyTree:
            drawn = sampling.draw(prior, seed, indices)
            z, y = jax.lax.with_sharding_constraint(drawn, split)
            return sampling.generate(player.side, variables, z, y if labels is None else labels)

        spec = run.medium.spec._replace(noise=noise_spec(run.config))
        self.takes_class = sampling.takes_condition(player.side, spec)
        self._prepare, self._generate, self._devices = prepare, generate, run.mesh.size
        self._dtype = spec.condition.dtype

    def prepare(self, state: TrainState, seed: int = 0) -> PyTree:
        """Return the averaged generator's variables for sampling. seed: of its standing
        statistics."""
        own = state.players["generator"]
        return self._prepare(state.averages["generator"], own.transform_state, np.uint32(seed))

    def samples(
        self, variables: PyTree, seed: int, indices: np.ndarray, labels: np.ndarray | None = None
    ) -> PyTree:
        """Return the samples with these indices [n] under a seed, float32 in the networks' range.

        labels: [n] int32, or float32 if conditions are numbers; by default drawn like the noise.
        """
        n = len(indices)
        size = -(-n // self._devices) * self._devices  # the same number on each device
        indices = np.resize(np.asarray(indices, np.int32), size)
        labels = None if labels is None else np.resize(np.asarray(labels, self._dtype), size)
        made = self._generate(variables, np.uint32(seed), indices, labels)
        return jax.tree.map(lambda x: np.asarray(x)[:n], made)


def spread_classes(num_classes: int, most: int = 10) -> np.ndarray:
    """Return the classes that a sheet shows: all, or `most` of them, evenly spread."""
    last = max(num_classes, 1) - 1
    return np.unique(np.linspace(0, last, min(last + 1, most)).round().astype(np.int32))


def row_names(run: Run) -> tuple[str, ...]:
    """Return the names of the rows of a class_sheet or number_sheet: classes, or numbers.

    () if there is no sheet, if it has captions of its own, or if the generator takes no classes.
    """
    spec, side = run.medium.spec, run.game.players["generator"].side
    condition, names = spec.condition, tuple(run.config.data.class_names)
    if not sampling.makes_samples(side):
        return ()
    if isinstance(condition, Number):
        return tuple(f"{number:g}" for number in spread_numbers(run))
    spec = spec._replace(noise=noise_spec(run.config))
    if not (isinstance(condition, Label) and sampling.takes_condition(side, spec)):
        return ()
    return tuple(names[number] for number in spread_classes(len(names))) if names else ()


def class_sheet(sampler: Sampler, variables: PyTree, run: Run, seed: int = 0) -> Any:
    """Return a sheet with a row per class and the same noise down each column. If the generator
    takes no class, each cell has noise of its own. A `Played` if the medium moves or sounds."""
    classes = spread_classes(len(run.config.data.class_names))
    columns = run.config.sample.columns
    indices, labels = np.tile(np.arange(columns), len(classes)), np.repeat(classes, columns)
    if not sampler.takes_class:
        indices = np.arange(len(indices))
    made = sampler.samples(variables, seed, indices, labels)
    stored, reel = run.medium.to_stored(made), run.medium.reel
    picture = run.medium.sheet(stored, columns)
    return Played(picture, reel.suffix, reel.encode(stored, columns)) if reel else picture


def spread_numbers(run: Run, rows: int = 5) -> np.ndarray:
    """Return the numbers that a sheet shows, evenly spread over the range that they are drawn
    from."""
    spec = run.medium.spec.condition
    return np.linspace(spec.least, spec.most, rows).astype(np.float32)


def number_sheet(sampler: Sampler, variables: PyTree, run: Run, seed: int = 0) -> Any:
    """Return a sheet with a row per number and the same noise down each column."""
    numbers, columns = spread_numbers(run), run.config.sample.columns
    indices = np.tile(np.arange(columns), len(numbers))
    made = sampler.samples(variables, seed, indices, np.repeat(numbers, columns))
    return run.medium.sheet(run.medium.to_stored(made), columns)


def write_sheet(path: Path, sheet: Any) -> None:
    """Write a sheet's picture to a path that ends in .png and, if it plays, its file beside it."""
    if isinstance(sheet, Played):
        write_bytes(path.with_suffix(sheet.suffix), sheet.data)
        sheet = sheet.picture
    save_picture(path, sheet)
