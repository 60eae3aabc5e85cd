"""Fine-tuning: a run that starts from the networks of another (`train.start_from`, a directory).

Parameters, power iterations and the average are the newest of the other run; optimisers, stats and
the step count start afresh. The other run may have been trained on another mesh.
`discriminator.freeze` then freezes what should not change: freeze-D (arXiv 2002.10964) freezes the
discriminator's first blocks.

With `train.start_part`, only the other run's generator is taken, as that part of this one's:
StackGAN's second stage (models/stackgan.py) has the first as its part "stage_1". All else is new.
"""

from pathlib import Path

import jax

from jaxgan.files.desk import local
from jaxgan.game.averaging import averaged_player
from jaxgan.game.game import TrainState
from jaxgan.training.checkpoints import Checkpoints
from jaxgan.training.run import Run, abstract_state, open_run, saved


def refuse_start_from(run: Run) -> None:
    """Raise FileNotFoundError or ValueError if train.start_from has no networks for this run.

    Nothing is checked if the run has begun already: it then continues from its own checkpoint.
    """
    if not run.config.train.start_from or (run.workdir / "config.json").exists():
        return
    ours = abstract_state(run)
    _check(run, ours, _taken(run, ours, abstract_state(_source(run))))
    with Checkpoints(_folder(run) / "checkpoints") as checkpoints:
        if checkpoints.newest_good() is None:
            raise FileNotFoundError(
                f"train.start_from = {str(_folder(run))!r} holds no checkpoint yet: train it first"
            )


def with_networks_of(run: Run, state: TrainState) -> TrainState:
    """Return the first state of a run with the networks of the run that it starts from.

    Raises what `refuse_start_from` raises.
    """
    with Checkpoints(_folder(run) / "checkpoints") as checkpoints:
        found = checkpoints.restore_newest(abstract_state(_source(run)))
    new = _taken(run, state, found)
    _check(run, state, new)
    return jax.device_put(new, jax.tree.map(lambda x: x.sharding, abstract_state(run)))


def _folder(run: Run) -> Path:
    return local(run.config.train.start_from)


def _source(run: Run) -> Run:
    """Return the other run, opened on the mesh of this one."""
    return open_run(_folder(run), saved(_folder(run)), run.mesh)


def _taken(run: Run, state: TrainState, other: TrainState) -> TrainState:
    """Return the state with the other's networks."""
    if run.config.train.start_part:
        return _with_part(state, other, run.config.train.start_part)
    players = {
        name: mine.replace(
            params=other.players[name].params, transform_state=other.players[name].transform_state
        )
        for name, mine in state.players.items()
    }
    averages = {
        name: other.averages.get(name, players[averaged_player(name)].params)
        for name in state.averages
    }
    return state.replace(players=players, averages=averages)


def _with_part(state: TrainState, other: TrainState, part: str) -> TrainState:
    """Return the state with the other's generator as a part of this one."""
    mine, theirs = state.players["generator"], other.players["generator"]
    if part not in mine.params:
        raise ValueError(
            f"train.start_part = {part!r}: the generator has {', '.join(map(repr, mine.params))}"
        )
    players = {
        **state.players,
        "generator": mine.replace(params={**mine.params, part: theirs.params}),
    }
    averages = {
        name: {**tree, part: other.averages.get(name, theirs.params)}
        if averaged_player(name) == "generator"
        else tree
        for name, tree in state.averages.items()
    }
    return state.replace(players=players, averages=averages)


def _check(run: Run, state: TrainState, new: TrainState) -> None:
    ours, theirs = (
        {jax.tree_util.keystr(path, simple=True, separator="/"): x.shape for path, x in leaves}
        for leaves in (jax.tree_util.tree_flatten_with_path(s)[0] for s in (state, new))
    )
    for name in sorted(ours.keys() | theirs.keys()):
        if ours.get(name) != theirs.get(name):
            raise ValueError(
                f"train.start_from = {run.config.train.start_from!r} has another network: {name} "
                f"is {theirs.get(name)} there, {ours.get(name)} here"
            )
