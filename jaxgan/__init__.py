"""GANs in JAX: train, sample, score, share.

load             a trained generator, from a run's directory or an exported file
default_config   every field of an experiment, with its default
Game, Player     a game and its sides, as data; build.build makes them from a config
Batch            examples: samples with their conditions
TrainState       all arrays of a training; init_state initialises it
train_step       one training step: each player's turns, then the averages; a pure function
d_step, g_step   one turn of the discriminator, or of the generator
TrainedGenerator what `load` returns; Translator for models that turn images into images
"""

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "load": "trained.load",
    "TrainedGenerator": "trained.generator",
    "Translator": "trained.translator",
    "default_config": "config",
    "Batch": "game.game",
    "Game": "game.game",
    "Player": "game.game",
    "TrainState": "game.game",
    "init_state": "game.game",
    "train_step": "game.steps",
    "d_step": "game.steps",
    "g_step": "game.steps",
}
__all__ = [
    "Batch",
    "Game",
    "Player",
    "TrainState",
    "TrainedGenerator",
    "Translator",
    "d_step",
    "default_config",
    "g_step",
    "init_state",
    "load",
    "train_step",
]

if TYPE_CHECKING:
    from jaxgan.config import default_config
    from jaxgan.game.game import Batch, Game, Player, TrainState, init_state
    from jaxgan.game.steps import d_step, g_step, train_step
    from jaxgan.trained.generator import TrainedGenerator
    from jaxgan.trained.load import load
    from jaxgan.trained.translator import Translator


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: a command pays only for what it needs."""
    if name not in _HOMES:
        raise AttributeError(f"jaxgan has no {name!r}: its names are {', '.join(_HOMES)}")
    value = getattr(importlib.import_module(f"jaxgan.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*globals(), *_HOMES]
