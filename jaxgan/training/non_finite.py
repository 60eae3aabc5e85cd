"""Values that are not finite: found in every step, named, never replaced.

The step itself finds them (steps.gradient_health): the sums of squares from which the gradient's
norm is computed also show, for each leaf, whether all of it is finite. The host reads them when it
logs. Before a checkpoint the whole state is checked: a finite gradient may still make it overflow.
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp

from jaxgan.game.game import TrainState
from jaxgan.game.steps import prefix
from jaxgan.training.checkpoints import describe_leaves
from jaxgan.training.roll_backs import TrainingFailedError

HELP = "Lower the learning rates, or write on_non_finite.policy = 'roll_back'"


class NonFiniteError(TrainingFailedError):
    """A gradient or a state that is not finite."""

    section = "on_non_finite"


def refuse_gradients(
    history: list[dict],
    step: int,
    state: TrainState,
    finite: tuple[int, dict] | None,
    players: Sequence[str],
) -> tuple[int, dict] | None:
    """Return (step, metrics) of the last step, or raise NonFiniteError for the first bad one.

    With an empty history it returns `finite`.

    Args:
      history: metrics of all steps since the last call, up to `step`.
      finite: what the last call returned.
      players: in the order of their turns. A bad player spoils those that follow it.
    """
    for number, metrics in enumerate(history, step - len(history) + 1):
        for player in players:
            leaf = int(metrics.get(f"{prefix(state.players, player)}/bad_leaf", -1))
            if leaf >= 0:
                name = list(describe_leaves(state.players[player].params))[leaf]
                raise NonFiniteError(
                    f"step {number}: the {player}'s gradient of {name} is not finite; "
                    f"{_last(finite)}. {HELP}",
                    number,
                )
        finite = number, metrics
    return finite


def refuse_state(
    state: TrainState, step: int, finite: tuple[int, dict] | None, players: Sequence[str]
) -> None:
    """Raise NonFiniteError if a state that is about to be saved is not finite."""
    floats = {
        name: leaf
        for name, leaf in zip(describe_leaves(state), jax.tree.leaves(state), strict=True)
        if jnp.issubdtype(leaf.dtype, jnp.floating)
    }
    good = jax.device_get(_are_finite(list(floats.values())))
    bad = [name for name, is_good in zip(floats, good.tolist(), strict=True) if not is_good]
    if bad:
        name = min(bad, key=lambda name: _place(name, players))
        raise NonFiniteError(f"step {step}: {name} is not finite; {_last(finite)}. {HELP}", step)


def _place(leaf: str, players: Sequence[str]) -> int:
    """Return the place in `players` of the player that a leaf belongs to; other leaves come
    last."""
    owner = leaf.split("/")[1] if leaf.startswith("players/") else ""
    return players.index(owner) if owner in players else len(players)


@jax.jit
def _are_finite(leaves: list[jax.Array]) -> jax.Array:
    return jnp.stack([jnp.isfinite(leaf).all() for leaf in leaves])


def _last(finite: tuple[int, dict] | None) -> str:
    if finite is None:
        return "no step before it was finite"
    step, metrics = finite
    values = ", ".join(f"{n} {float(v):.4g}" for n, v in metrics.items() if "bad_leaf" not in n)
    return f"the last finite metrics, of step {step}: {values}"
