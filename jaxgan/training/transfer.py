"""Fine-tuning: a run that starts with the networks of another (`train.start_from`, a directory).

Parameters, power iterations and the average are the other run's newest; optimisers, stats and the
count of steps begin anew. `discriminator.freeze` then holds what should not change: freeze-D
(arXiv 2002.10964) holds the discriminator's first blocks.
"""

from pathlib import Path

import jax

from jaxgan.game.game import TrainState
from jaxgan.training.checkpoints import Checkpoints
from jaxgan.training.run import Run, abstract_state, load_run


def with_networks_of(workdir: Path, run: Run, state: TrainState) -> TrainState:
    """Return the first state of a run with another run's networks.

    Raises FileNotFoundError or ValueError where there are none, or other ones.
    """
    source = load_run(workdir)
    with Checkpoints(workdir / "checkpoints") as checkpoints:
        found = checkpoints.restore_newest(abstract_state(source))
    players = {
        name: mine.replace(
            params=found.players[name].params, transform_state=found.players[name].transform_state
        )
        for name, mine in state.players.items()
    }
    new = state.replace(players=players, averages=found.averages)
    _check(workdir, state, new)
    return jax.device_put(new, jax.tree.map(lambda x: x.sharding, abstract_state(run)))


def _check(workdir: Path, state: TrainState, new: TrainState) -> None:
    ours, theirs = (
        {jax.tree_util.keystr(path, simple=True, separator="/"): x.shape for path, x in leaves}
        for leaves in (jax.tree_util.tree_flatten_with_path(s)[0] for s in (state, new))
    )
    for name in sorted(ours.keys() | theirs.keys()):
        if ours.get(name) != theirs.get(name):
            raise ValueError(
                f"train.start_from = '{workdir}' has another network: {name} is "
                f"{theirs.get(name)} there, {ours.get(name)} here"
            )
