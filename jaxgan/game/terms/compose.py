"""From a config to what it adds to a game, whichever game that is.

The fields are sections of every config (config/sections.py). The mechanics are in wrappers.py, the
methods in penalties.py, consistency.py, lecam.py, path_length.py, augmentations.py and ada.py.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from ml_collections import ConfigDict

from jaxgan.game.game import Objective
from jaxgan.game.schedules import of_steps
from jaxgan.game.terms import ada, augmentations, consistency, penalties, wrappers
from jaxgan.game.terms.lecam import lecam
from jaxgan.game.terms.path_length import path_length
from jaxgan.game.terms.wrappers import Term

PyTree = Any

LAZY = ("penalty", "path_length")  # applied only every penalty.every steps


def augmentation(config: ConfigDict, images_a_step: int) -> wrappers.Augmentation | None:
    """Return the augmentation of what the discriminator sees; None without one.

    config: the section `augmentation`. images_a_step: images that schedules count per training
      step.
    Raises ValueError for an unknown name, or a field that another augmentation reads.
    """
    for name, unset in (("probability", None), ("cutout", False), ("color", 1.0)):
        if config.name != "ada" and config[name] != unset:
            raise ValueError(
                f"augmentation.{name} = {config[name]!r} with augmentation.name = "
                f"{config.name!r}: write {unset!r}, or augmentation.name = 'ada'"
            )
    if config.name == "none":
        return None
    if config.name == "diff_augment":
        return augmentations.diff_augment(tuple(config.policy))
    if config.name == "ada":
        pipe = {"color": config.color, "cutout": config.cutout}
        if config.probability is not None:
            return ada.scheduled(of_steps(config.probability, images_a_step), **pipe)
        return ada.ada(config.target, config.images, **pipe)
    if config.name == "instance_noise":
        return augmentations.instance_noise(of_steps(config.std, images_a_step))
    raise ValueError(
        f"augmentation.name = {config.name!r}: write 'none', 'diff_augment', 'ada' or "
        "'instance_noise'"
    )


Terms = dict[str, dict[str, Term]]  # by player and name


def terms_of(config: ConfigDict, images_a_step: int, own: Terms | None = None) -> Terms:
    """Return the terms that the config asks for, and the user's `own`, by player and name.

    Raises ValueError for an own term with the name of another.
    """
    c, every = config.consistency, config.penalty.every
    weight = partial(of_steps, images=images_a_step)
    # A moving average moves with each microbatch.
    a_turn = lambda decay: decay ** (1 / config.train.microbatches)
    terms: Terms = {"generator": {}, "discriminator": {}}
    if config.penalty.name != "none":
        term = wrappers.penalised(penalties.named(config.penalty.name))
        of_penalty = weight(config.penalty.weight, factor=every)
        terms["discriminator"]["penalty"] = wrappers.weighed(term, of_penalty)
    if c.real or c.fake or c.latents:
        real, fake, latents = map(weight, (c.real, c.fake, c.latents))
        term = consistency.discriminator_term(real, fake, latents, c.noise)
        terms["discriminator"]["consistency"] = term
    if config.lecam.weight:
        term = wrappers.weighed(lecam(a_turn(config.lecam.decay)), weight(config.lecam.weight))
        terms["discriminator"]["lecam"] = term
    if c.spread:
        term = wrappers.weighed(consistency.generator_term(c.noise), weight(c.spread))
        terms["generator"]["spread"] = term
    if config.path_length.weight:
        of_length = weight(config.path_length.weight, factor=every)
        term = wrappers.weighed(path_length(a_turn(config.path_length.decay)), of_length)
        terms["generator"]["path_length"] = term
    for player, named in (own or {}).items():
        for name, term in named.items():
            if name in (*LAZY, *terms.setdefault(player, {})):
                raise ValueError(
                    f"terms has a module {name!r} for the {player}, which already has a term of "
                    "that name: rename the file"
                )
            terms[player][name] = term
    return terms


def with_terms(
    config: ConfigDict,
    objectives: Mapping[str, Objective],
    terms: Terms,
    images_a_step: int,
    with_lazy_terms: bool = True,
    own_stats: Mapping[str, Mapping[str, Callable[[], PyTree]]] | None = None,
) -> tuple[dict[str, Objective], dict[str, Callable[[], PyTree]]]:
    """Return the objectives with what the config adds to them, and each player's initial stats.

    terms: all that the config asks for (terms_of).
    images_a_step: images that schedules count per training step.
    with_lazy_terms: False leaves the lazy terms out, for the steps in between; the stats are the
      same.
    own_stats: what the objectives themselves keep: {player: {name: () -> arrays}}.
    """
    composed = dict(objectives)
    inits = {player: dict((own_stats or {}).get(player, {})) for player in objectives}
    for player, named in terms.items():
        for name, term in named.items():
            if with_lazy_terms or name not in LAZY:
                composed[player] = wrappers.plus(composed[player], name, term)
            if term.init():
                inits[player][name] = term.init
    augment = augmentation(config.augmentation, images_a_step)
    if augment is not None:
        composed["generator"] = wrappers.augmented_g(composed["generator"], augment)
        composed["discriminator"] = wrappers.augmented_d(composed["discriminator"], augment)
        inits["discriminator"]["augmentation"] = augment.init
    return composed, {player: partial(_first, fields) for player, fields in inits.items()}


def _first(inits: Mapping[str, Callable]) -> PyTree:
    return {name: init() for name, init in inits.items()}
