"""From a config to what it puts on top of a game, whichever that is.

The fields are sections of every config (config/sections.py). The mechanics are in wrappers.py, the
methods in penalties.py, consistency.py, lecam.py, augmentations.py and ada.py.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from ml_collections import ConfigDict

from jaxgan.game.game import Objective
from jaxgan.game.terms import ada, augmentations, consistency, penalties, wrappers
from jaxgan.game.terms.lecam import lecam
from jaxgan.game.terms.path_length import path_length
from jaxgan.game.terms.wrappers import Term

PyTree = Any

LAZY = ("penalty", "path_length")  # taken in every penalty.every-th step


def augmentation(config: ConfigDict) -> wrappers.Augmentation | None:
    """Return what the discriminator sees images through."""
    if config.name == "none":
        return None
    if config.images <= 0:
        raise ValueError(f"augmentation.images = {config.images}: write a number above 0")
    if config.name == "diff_augment":
        return augmentations.diff_augment(tuple(config.policy))
    if config.name == "ada":
        return ada.ada(config.target, config.images)
    if config.name == "instance_noise":
        return augmentations.instance_noise(config.std, config.images)
    raise ValueError(
        f"augmentation.name = {config.name!r}: write 'none', 'diff_augment', 'ada' or "
        "'instance_noise'"
    )


Terms = dict[str, dict[str, Term]]  # by player and name


def terms_of(config: ConfigDict, own: Terms | None = None) -> Terms:
    """Return the terms that the config asks for, and one's own, by player and name."""
    c, every = config.consistency, config.penalty.every
    terms: Terms = {"generator": {}, "discriminator": {}}
    if config.penalty.name != "none":
        penalty = penalties.weighted(config.penalty.name, config.penalty.weight * every)
        terms["discriminator"]["penalty"] = wrappers.penalised(penalty)
    if c.real or c.fake or c.latents:
        consistent = consistency.discriminator_term(c.real, c.fake, c.latents, c.noise)
        terms["discriminator"]["consistency"] = consistent
    if config.lecam.weight:
        terms["discriminator"]["lecam"] = lecam(**config.lecam)
    if c.spread:
        terms["generator"]["spread"] = consistency.generator_term(c.spread, c.noise)
    if config.path_length.weight:
        weight = config.path_length.weight * every
        terms["generator"]["path_length"] = path_length(weight, config.path_length.decay)
    for player, named in (own or {}).items():
        terms.setdefault(player, {}).update(named)
    return terms


def with_terms(
    config: ConfigDict,
    objectives: Mapping[str, Objective],
    with_lazy_terms: bool = True,
    own: Terms | None = None,
) -> tuple[dict[str, Objective], dict[str, Callable[[], PyTree]]]:
    """Return the objectives with what the config puts on top, and what the players' stats are.

    with_lazy_terms: False leaves out what is lazy, in a step between; the stats are the same.
    own: the user's own terms, in addition to the config's.
    """
    composed = dict(objectives)
    inits: dict[str, dict[str, Callable]] = {player: {} for player in objectives}
    for player, terms in terms_of(config, own).items():
        for name, term in terms.items():
            if with_lazy_terms or name not in LAZY:
                composed[player] = wrappers.plus(composed[player], name, term)
            if term.init():
                inits[player][name] = term.init
    augment = augmentation(config.augmentation)
    if augment is not None:
        composed["generator"] = wrappers.augmented_g(composed["generator"], augment)
        composed["discriminator"] = wrappers.augmented_d(composed["discriminator"], augment)
        inits["discriminator"]["augmentation"] = augment.init
    return composed, {player: partial(_first, fields) for player, fields in inits.items()}


def _first(inits: Mapping[str, Callable]) -> PyTree:
    return {name: init() for name, init in inits.items()}
