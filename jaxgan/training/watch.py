"""The watch: looks at a run for collapse, memorisation and blow-up; report/signs.py judges it.

Each look runs on the devices, on the live networks (not their average: they collapse first), with
the same latents, labels and real images every time:

    diversity      mean distance of two samples of a class / of two real images of that class, in
                   pixels; 1 is as varied as the data, 0 is the same image whatever the latents
    duplicates     share of samples that have another of their class nearer than a tenth of the
                   mean distance of real images
    real, held_out, fake   mean logits; logit_gap = real - fake
    real_accuracy, held_out_accuracy   share of logits above 0
    overfit        (real - held_out) / (real - fake): 0 if D treats images that it was not trained
                   on like those that it was, 1 if it treats them like fakes (r_v of arXiv
                   2006.06676)
    sigmas         the three largest singular values of every kernel before normalisation: in G's
                   first layers they rise sharply as BigGAN collapses (arXiv 1809.11096)

Singular values come from orthogonal (block power) iteration: all at once, with a few spare vectors.
Power iteration with deflation needs a pass for each value and stalls on equal ones.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from flax.traverse_util import flatten_dict
from ml_collections import ConfigDict

from jaxgan.config.noun import noun
from jaxgan.data.labels import class_sizes
from jaxgan.data.order import fair_draw, places_in_classes
from jaxgan.data.reader import Reader
from jaxgan.data.records import Records, open_records
from jaxgan.devices import compiler, sharding
from jaxgan.game.game import Batch, Bound, Game, TrainState, bind
from jaxgan.game.keys import Keys
from jaxgan.game.losses import score
from jaxgan.game.sampling import makes_samples
from jaxgan.game.steps import prefix
from jaxgan.game.transforms import as_matrix, is_normalised
from jaxgan.training.run import Run

PyTree = Any
Numbers: TypeAlias = "float | list[Numbers]"
ITERATIONS, SPARE = 20, 5  # for singular values within 1 % on a Gaussian matrix, see the test
NEAR = 0.1  # times the mean distance of real images: a nearer sample is a duplicate
NUMBERS = ("diversity", "duplicates", "logit_gap", "overfit")  # by which one can be the best


def check_best_metric(config: ConfigDict, metrics: dict) -> None:
    """Raise ValueError for a train.best_metric that no checkpoint will have."""
    known = [*metrics, *(f"watch/{name}" for name in NUMBERS if config.watch.every)]
    if config.train.best_metric not in ("", *known):
        raise ValueError(
            f"train.best_metric = {config.train.best_metric!r}: write one of {', '.join(known)}"
        )


class Watch:
    """Looks at a run's state. The first look reads its images and compiles."""

    def __init__(self, run: Run, records: Records):
        """Raises ValueError if the held-out split overlaps the training data, if no class has two
        examples in both, or if the game makes no samples to look at."""
        if run.config.watch.every and not makes_samples(run.game.players["generator"].side):
            raise ValueError(
                f"watch.every = {run.config.watch.every}: this game makes no samples to look at; "
                "write 0"
            )
        self._run, self._splits = run, {"real": records}
        held_out = held_out_records(run, records)
        if held_out is not None:
            self._splits["held_out"] = held_out
        if run.config.watch.every:
            count = len(run.config.data.class_names)
            self._sizes = {
                name: class_sizes(split.stored_labels(), count)
                for name, split in self._splits.items()
            }
            self._classes = shared_classes(list(self._sizes.values()), run.config.watch.classes)
        self._look: Callable[[TrainState], dict] | None = None

    def __call__(self, state: TrainState) -> dict[str, Any]:
        """Return what is seen in a state, as plain numbers and lists."""
        if self._look is None:
            self._look = self._prepared()
        seen = jax.device_get(self._look(state))
        return jax.tree.map(short, seen)

    def _prepared(self) -> Callable[[TrainState], dict]:
        run, config = self._run, self._run.config.watch
        self.classes = [run.config.data.class_names[c] for c in self._classes]
        # Every device and every group of batch norm gets the same number of rows.
        unit = int(np.lcm(run.mesh.size, run.config.model.get("batch_norm_groups", 1)))
        count = -(-config.images // unit) * unit
        places = {
            name: drawn(
                records, {c: int(self._sizes[name][c]) for c in self._classes.tolist()}, count
            )
            for name, records in self._splits.items()
        }
        batches = {}
        for name, records in self._splits.items():
            with Reader(records, run.medium, on_bad_record="skip") as reader:
                host = reader.read(places[name].ravel())
            batches[name] = jax.tree.map(lambda x: spread(run, x), host)
        # Pairs of different images: in a small class, images are repeated.
        pairs = places["real"][:, :, None] != places["real"][:, None, :]
        split = sharding.rows(run.mesh)
        sources = Keys(jax.random.key(run.config.seed))

        # Replicated, so that every process can read the result.
        @partial(compiler.jit, out_shardings=sharding.replicated(run.mesh))
        def look(state: TrainState, batches: dict[str, Batch]) -> dict:
            g, d = (network(run.game, state, name) for name in ("generator", "discriminator"))
            real = {name: run.medium.to_float(batch) for name, batch in batches.items()}
            condition = real["real"].condition
            z, _ = run.game.source(sources["watch"], real["real"])
            z = jax.lax.with_sharding_constraint(z, split)
            fakes = Batch(g.call(z, condition), condition)
            logits = {n: score(d.call(*x)) for n, x in {**real, "fake": fakes}.items()}
            return {
                **variety(run.medium.distances, fakes.sample, real["real"].sample, pairs),
                **judgement(logits),
                "sigmas": {
                    f"{prefix(state.players, name)}/{path}": largest_singular_values(
                        sharding.replicate(run.mesh, as_matrix(path, leaf))
                    )
                    for name, player in state.players.items()
                    for path, leaf in flatten_dict(player.params, sep="/").items()
                    if is_normalised(path, leaf)
                },
            }

        return lambda state: look(state, batches)


def drawn(records: Records, sizes: Mapping[int, int], count: int) -> np.ndarray:
    """Return the places of `count` images of each class, [classes, count] int64: a fair draw,
    repeated in a class that has fewer.

    sizes: {class: number of its images}.
    """
    ranks = {label: fair_draw(count, size, "watch") for label, size in sizes.items()}
    places = places_in_classes(records.label_chunks(), ranks)
    return np.stack([np.resize(places[label], count) for label in sizes])


def watch_numbers(lines: list[dict[str, Any]]) -> dict[str, float]:
    """Return the single numbers of the last line, as metrics of a checkpoint."""
    last = lines[-1] if lines else {}
    return {f"watch/{name}": last[name] for name in NUMBERS if name in last}


def short(x: np.ndarray) -> Numbers:
    """Round numbers to six digits: people read these lines too."""
    return float(f"{x:.6g}") if x.ndim == 0 else [short(part) for part in x]


def network(game: Game, state: TrainState, name: str) -> Bound:
    """Return a player's networks, bound to the weights of a state."""
    player, own = game.players[name], state.players[name]
    weights, _ = player.transform.apply(own.params, own.transform_state)
    return bind(player.side, weights, own.stats)


def spread(run: Run, rows: np.ndarray) -> jax.Array:
    """Shard rows, which every process holds in full, over the devices."""
    split = sharding.rows(run.mesh)
    return jax.make_array_from_callback(rows.shape, split, lambda index: rows[index])


def variety(
    distances: Callable, fakes: PyTree, real: PyTree, real_pairs: np.ndarray
) -> dict[str, jax.Array]:
    """Return the diversity, its value for each class, and the share of duplicates.

    Args:
      distances: of the medium: (samples, classes) -> distances of all pairs, [classes, n, n].
      fakes, real: samples [classes * n, ...], class by class.
      real_pairs: [classes, n, n] bool, True for pairs of different real samples.
    """
    classes, n, _ = real_pairs.shape
    real_distance = distances(real, classes).mean((1, 2), where=real_pairs)
    fake_distances = distances(fakes, classes)
    others = ~np.eye(n, dtype=bool)[None]
    by_class = fake_distances.mean((1, 2), where=others) / real_distance
    nearest = jnp.where(others, fake_distances, jnp.inf).min(2)
    return {
        "diversity": by_class.mean(),
        "class_diversity": by_class,
        "duplicates": (nearest < NEAR * real_distance[:, None]).mean(),
    }


def judgement(logits: dict[str, jax.Array]) -> dict[str, jax.Array]:
    """Return how the discriminator judges "real" (trained on), "held_out" and "fake" images.

    logits: {one of these names: [n] float32}.
    """
    means = {name: x.mean() for name, x in logits.items()}
    right = {f"{n}_accuracy": (x > 0).mean() for n, x in logits.items() if n != "fake"}
    gap = means["real"] - means["fake"]
    seen = {**means, **right, "logit_gap": gap}
    if "held_out" in means:
        # Undefined if D tells nothing apart: the gap counts as at least one logit.
        seen["overfit"] = (means["real"] - means["held_out"]) / jnp.maximum(gap, 1.0)
    return seen


def largest_singular_values(matrix: jax.Array, count: int = 3) -> jax.Array:
    """Return the largest singular values of a matrix, descending: [count], 0 beyond its rank."""
    matrix = matrix.astype(jnp.float32)
    if matrix.shape[0] < matrix.shape[1]:
        matrix = matrix.T
    size = min(count + SPARE, matrix.shape[1])
    with jax.default_matmul_precision("highest"):

        def iterate(_, basis: jax.Array) -> jax.Array:
            return jnp.linalg.qr(matrix.T @ (matrix @ basis))[0]

        start = jax.random.normal(jax.random.key(0), (matrix.shape[1], size))
        basis = jax.lax.fori_loop(0, ITERATIONS, iterate, jnp.linalg.qr(start)[0])
        image = matrix @ basis
        squared = jnp.linalg.eigvalsh(image.T @ image)[::-1][:count]
    return jnp.pad(jnp.sqrt(jnp.maximum(squared, 0.0)), (0, count - len(squared)))


def shared_classes(sizes: list[np.ndarray], most: int) -> np.ndarray:
    """Return at most `most` classes, evenly spread, that have two images or more in every split.

    sizes: for each split, the number of images in each class. Raises ValueError if there is none.
    """
    (usable,) = np.nonzero(np.stack(sizes).min(0) >= 2)
    if not len(usable):
        raise ValueError(
            "watch.every: no class has two examples in data.split, and two in data.held_out if "
            "there is one; write larger splits, or watch.every = 0"
        )
    return usable[np.unique(np.linspace(0, len(usable) - 1, min(len(usable), most)).astype(int))]


def held_out_records(run: Run, records: Records) -> Records | None:
    """Open data.held_out; None if it is empty. Raises ValueError if it overlaps data.split."""
    config = run.config.data
    if not config.held_out:
        return None
    held_out = open_records(config.name, config.held_out)
    shared = records.overlap(held_out)
    if shared:
        raise ValueError(
            f"data.held_out = {config.held_out!r} shares {shared} {noun(config.medium)} with "
            f"data.split = {config.split!r}: write data.split='train[:95%]', "
            "data.held_out='train[95%:]'"
        )
    return held_out
