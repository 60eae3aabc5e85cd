"""From a config to what it puts on top of a game, whichever that is.

The fields are sections of every config (config/sections.py). The mechanics are in wrappers.py, the
methods in penalties.py, consistency.py, lecam.py, augmentations.py and ada.py.
"""

from collections.abc import Callable
from functools import partial

from ml_collections import ConfigDict

from jaxgan.game.game import Objective
from jaxgan.game.terms import ada, augmentations, consistency, penalties, wrappers
from jaxgan.game.terms.lecam import lecam
from jaxgan.game.terms.path_length import path_length

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


def with_terms(
    config: ConfigDict, generator: Objective, discriminator: Objective, with_lazy_terms: bool = True
) -> tuple[Objective, Objective, Callable, Callable]:
    """Return both objectives with what the config puts on top, and what both players' stats are.

    with_lazy_terms: False leaves out what is lazy, in a step between; the stats are the same.
    """
    c, every = config.consistency, config.penalty.every
    g_terms, d_terms = {}, {}
    if config.penalty.name != "none":
        weight = config.penalty.weight * every
        d_terms["penalty"] = wrappers.penalised(penalties.weighted(config.penalty.name, weight))
    if c.real or c.fake or c.latents:
        d_terms["consistency"] = consistency.discriminator_term(c.real, c.fake, c.latents, c.noise)
    if config.lecam.weight:
        d_terms["lecam"] = lecam(**config.lecam)
    if c.spread:
        g_terms["spread"] = consistency.generator_term(c.spread, c.noise)
    if config.path_length.weight:
        weight = config.path_length.weight * every
        g_terms["path_length"] = path_length(weight, config.path_length.decay)
    g_stats, d_stats = ({n: t.init for n, t in ts.items() if t.init()} for ts in (g_terms, d_terms))
    for name, term in g_terms.items():
        if with_lazy_terms or name not in LAZY:
            generator = wrappers.plus(generator, name, term)
    for name, term in d_terms.items():
        if with_lazy_terms or name not in LAZY:
            discriminator = wrappers.plus(discriminator, name, term)
    augment = augmentation(config.augmentation)
    if augment is not None:
        generator = wrappers.augmented_g(generator, augment)
        discriminator = wrappers.augmented_d(discriminator, augment)
        d_stats["augmentation"] = augment.init
    drawn = lambda stats: {name: init() for name, init in stats.items()}
    return generator, discriminator, partial(drawn, g_stats), partial(drawn, d_stats)
