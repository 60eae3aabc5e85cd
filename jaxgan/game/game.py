"""The vocabulary: a GAN is a game between players, and a game is data.

A `Player` is static: which networks it has, what it minimises, how it learns. A `PlayerState` holds
its arrays. The algorithm that connects them is in steps.py; no class here has behaviour of its own.

batch      real examples: samples with their conditions (media/medium.py)
params     what the optimiser updates (float32, possibly sharded)
weights    what the networks are applied with: `transform(params)`, computed once per turn
stats      a player's arrays without gradient (ADA's probability, path-length mean, image pool)
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
from flax.struct import PyTreeNode

from jaxgan.game.averaging import Average, averaged_player
from jaxgan.game.keys import Keys
from jaxgan.game.latent_steps import LatentStep, no_latent_step
from jaxgan.game.transforms import ParamTransform, identity
from jaxgan.media.medium import Batch, Label, Spec

__all__ = ["Batch", "Game", "Label", "Player", "Side", "Spec", "TrainState", "init_state"]

PyTree = Any
Metrics = dict[str, jax.Array]


class Side(NamedTuple):
    """A player's networks: one tree of parameters, and pure functions of it by name.

    init: key -> params.
    calls: {name: (variables, *inputs) -> outputs}; variables are {"params": weights} and, when
      sampling from a network with batch norm, {"batch_stats": moments}.
    moments: (name of a call, variables, *inputs) -> each batch norm's moments over these inputs; {}
      for a network without batch norm.
    module: the Linen module behind the calls, for code that looks inside (directions).
    looks: whether the calls draw random numbers in training (phase shuffle, models/wavegan.py).
      Then variables also hold {"looks": {"key": key}}; without it, nothing is drawn.
    smooth: whether nearby noise gives nearby samples; False where noise is only the seed of random
      draws (dropout, models/pix2pix.py).
    """

    init: Callable[[jax.Array], PyTree]
    calls: Mapping[str, Callable]
    moments: Callable[..., PyTree] = lambda name, variables, *inputs: {}
    module: nn.Module | None = None
    looks: bool = False
    smooth: bool = True


class Bound:
    """A player's calls with its weights bound: nets.generator.call(noise, condition)."""

    def __init__(self, calls: Mapping[str, Callable], stats: PyTree = ()):
        self._calls, self.stats = dict(calls), stats

    def __getattr__(self, name: str) -> Callable:
        try:
            return self.__dict__["_calls"][name]
        except KeyError:
            known = ", ".join(self.__dict__.get("_calls", ()))
            raise AttributeError(f"no call {name!r}: these networks have {known}") from None

    def replace(self, **calls: Callable) -> "Bound":
        """Return a copy in which some of the calls are replaced."""
        return Bound({**self._calls, **calls}, self.stats)

    def wrapped(self, wrap: Callable[[str, Callable], Callable]) -> "Bound":
        """Return a copy in which every call is replaced by wrap(name, call)."""
        return Bound({name: wrap(name, call) for name, call in self._calls.items()}, self.stats)


class Nets:
    """All players' networks with weights bound, by name: nets.discriminator.

    step: index of the training step, from 0, for values that follow a schedule (schedules.py).
    """

    def __init__(self, players: Mapping[str, Bound], step: jax.Array | int = 0):
        self._players, self.step = dict(players), step

    def __getattr__(self, name: str) -> Bound:
        try:
            return self.__dict__["_players"][name]
        except KeyError:
            raise AttributeError(f"this game has no player {name!r}") from None

    def replace(self, **players: Bound) -> "Nets":
        """Return a copy in which the networks of some players are replaced."""
        return Nets({**self._players, **players}, self.step)


class Drawn(NamedTuple):
    """What an objective drew, handed to the terms on top of it, so that nothing is drawn twice.

    logits: of the real and of the generated samples, if the objective is the discriminator's.
    """

    real: Batch
    fake: Batch
    noise: PyTree
    logits: tuple[PyTree, PyTree] | None = None


class Outcome(NamedTuple):
    """What an objective returns besides its loss: the player's new stats, scalars to log, and what
    it drew."""

    stats: PyTree
    metrics: Metrics
    drawn: Drawn


class Objective(Protocol):
    """What a player minimises."""

    def __call__(
        self, game: "Game", nets: Nets, stats: PyTree, batch: Batch, keys: Keys
    ) -> tuple[jax.Array, Outcome]:
        """Return the loss on one microbatch.

         Args:
           game: the whole game; its `source` draws noise and conditions.
           nets: all networks; gradients flow to the player's own weights.
           stats: the player's own arrays, without gradient.
           batch: real examples, leaves [n, ...].
           keys: named streams of randomness; use each name once.
        Returns:
          The loss, a float32 scalar, and the Outcome.
        """
        ...


class Source(Protocol):
    """Where the generator's inputs come from: a prior, or the batch's own condition."""

    def __call__(self, key: jax.Array, batch: Batch) -> tuple[PyTree, PyTree]:
        """Return noise and condition, one of each per example of the batch."""
        ...


class Step(Protocol):
    """How a player is updated in its turn: steps.gradient_step, or a rule of its own (a policy)."""

    def __call__(
        self, game: "Game", name: str, state: "TrainState", batch: Batch, key: jax.Array
    ) -> tuple["TrainState", Metrics]:
        """Return the state with this player's part updated, and its metrics."""
        ...


@dataclasses.dataclass(frozen=True, eq=False)
class Player:
    """One side of the game.

    step: how it is updated in its turn; None means steps.gradient_step.
    """

    side: Side
    objective: Objective
    optimizer: optax.GradientTransformation
    transform: ParamTransform = identity()  # noqa: RUF009 (a pair of functions, immutable)
    init_stats: Callable[[], PyTree] = dict
    step: Step | None = None


class Turn(NamedTuple):
    """Which player moves, and on which of the step's batches."""

    player: str
    batch: int = 0


def alternate(num_d_steps: int = 1, fresh: bool = False) -> tuple[Turn, ...]:
    """Return the turns of one training step: D once on each of its batches, then G once.

    fresh: give G's turn a batch of its own; otherwise it reuses D's last one.
    """
    d_turns = tuple(Turn("discriminator", i) for i in range(num_d_steps))
    return (*d_turns, Turn("generator", num_d_steps if fresh else num_d_steps - 1))


@dataclasses.dataclass(frozen=True, eq=False)
class Game:
    """The game. Build it once: it is hashed by identity, so a rebuilt game is compiled again.

    Args:
      averages: averages of parameters, by the player's name; further averages of the same player
        are named like "generator/0.05".
      spec: shapes and dtypes of the examples, so that others are refused early; None accepts any.
    """

    players: Mapping[str, Player]
    source: Source
    turns: tuple[Turn, ...] = alternate()
    averages: Mapping[str, Average] = dataclasses.field(default_factory=dict)
    latent_step: LatentStep = no_latent_step
    spec: Spec | None = None

    @property
    def num_batches(self) -> int:
        """Number of batches that one training step takes."""
        return 1 + max(turn.batch for turn in self.turns)


class PlayerState(PyTreeNode):
    """A player's arrays."""

    params: PyTree
    transform_state: PyTree
    stats: PyTree
    opt_state: PyTree


class TrainState(PyTreeNode):
    """All arrays of a training. `key` is the root of all randomness and never changes."""

    step: jax.Array
    key: jax.Array
    players: dict[str, PlayerState]
    averages: dict[str, PyTree]  # of params; sampled through the player's transform


def init_player(player: Player, key: jax.Array) -> PlayerState:
    """Initialise a player's state."""
    keys = Keys(key)
    params = player.side.init(keys["params"])
    return PlayerState(
        params=params,
        transform_state=player.transform.init(params, keys["transform"]),
        stats=player.init_stats(),
        opt_state=player.optimizer.init(params),
    )


def init_state(game: Game, seed: int) -> TrainState:
    """Initialise the training state. Jit it with `out_shardings`, so that arrays are born
    sharded."""
    root = jax.random.key(seed)
    players = {name: init_player(p, Keys(root)[name]) for name, p in game.players.items()}
    return TrainState(
        step=jnp.zeros((), jnp.int32),
        key=Keys(root)["training"],
        players=players,
        averages={
            name: jax.tree.map(jnp.copy, players[averaged_player(name)].params)
            for name in game.averages
        },
    )


def bind(side: Side, weights: PyTree, stats: PyTree = (), key: jax.Array | None = None) -> Bound:
    """Return a side's calls as functions of their inputs alone.

    key: for calls that draw random numbers (`Side.looks`); each call draws the same ones.
    """
    variables = {"params": weights}
    if side.looks and key is not None:
        variables["looks"] = {"key": key}

    def bound(call: Callable) -> Callable:
        return lambda *inputs: call(variables, *inputs)

    return Bound({name: bound(call) for name, call in side.calls.items()}, stats)
