"""BigBiGAN (arXiv 1907.02544): a game on pairs of image and latent.

    (x, E(x)) with y = +1, (G(z), z) with y = -1, z from the prior; h(t) = max(0, 1 - t)

    discriminator:  mean h(y s_x) + h(y s_z) + h(y s_xz)      each score clipped on its own
    generator, E:   mean y (s_x + s_z + s_xz)                 not clipped

A score that does not depend on a network (s_x on E, s_z on G) gives it no gradient. D sees x at the
size of G(z), pooled from what E sees. `scores` selects some of them: ("xz",) is BiGAN with a hinge
loss, ("x", "z", "xz") is the paper's. Labels are never used. Needs models/bigbigan.py.

Deviation: the published code takes the mean of the three scores instead of their sum, to which Adam
is invariant up to its epsilon.
"""

from functools import partial, reduce
from operator import add
from typing import Any

import jax
from ml_collections import ConfigDict

from jaxgan.game.game import Batch, Drawn, Game, Nets, Objective, Outcome
from jaxgan.game.keys import Keys
from jaxgan.game.losses import hinge
from jaxgan.game.objectives.draw import generated, pair, unpair

NEEDS = {"generator": ("call", "draw_code"), "discriminator": ("call", "score_pair", "pooled")}
SCORES = ("x", "z", "xz")  # of models/bigbigan.py


def judge(game: Game, nets: Nets, batch: Batch, keys: Keys) -> tuple[Any, Any, Drawn]:
    """Return the scores of (x, E(x)) and of (G(z), z), from one pass, and what was drawn."""
    x = batch.sample
    z, fake = generated(game, nets, batch, keys)
    codes = nets.generator.draw_code(x, jax.random.normal(keys["code"], z.shape))
    real = batch._replace(sample=nets.discriminator.pooled(x))
    images, latents = pair(real.sample, fake.sample), pair(codes, z)
    real_scores, fake_scores = unpair(nets.discriminator.score_pair(images, latents))
    return real_scores, fake_scores, Drawn(real, fake, z, (real_scores.x, fake_scores.x))


def chosen(scores: Any, names: tuple[str, ...]) -> list[jax.Array]:
    """Return the scores with these names."""
    return [getattr(scores, name) for name in names]


def discriminator_objective(
    game: Game, nets: Nets, stats, batch: Batch, keys: Keys, *, scores: tuple[str, ...]
) -> tuple[jax.Array, Outcome]:
    real, fake, drawn = judge(game, nets, batch, keys)
    reals, fakes = chosen(real, scores), chosen(fake, scores)
    loss = reduce(add, map(hinge.discriminator, reals, fakes))
    metrics = {"real_logits": reduce(add, reals).mean(), "fake_logits": reduce(add, fakes).mean()}
    metrics |= {f"real_{name}": s.mean() for name, s in real._asdict().items()}
    metrics |= {f"fake_{name}": s.mean() for name, s in fake._asdict().items()}
    return loss.mean(), Outcome(stats, metrics, drawn)


def generator_objective(
    game: Game, nets: Nets, stats, batch: Batch, keys: Keys, *, scores: tuple[str, ...]
) -> tuple[jax.Array, Outcome]:
    real, fake, drawn = judge(game, nets, batch, keys)
    loss = reduce(add, chosen(real, scores)) - reduce(add, chosen(fake, scores))
    return loss.mean(), Outcome(stats, {}, drawn)


def default_config() -> ConfigDict:
    return ConfigDict({"name": "bigbigan", "scores": SCORES})


def objectives(config: ConfigDict) -> dict[str, Objective]:
    """Return each player's objective."""
    scores = tuple(config.scores)
    if not scores or not set(scores) <= set(SCORES):
        raise ValueError(f"objective.scores = {scores}: write some of {SCORES}")
    return {
        "generator": partial(generator_objective, scores=scores),
        "discriminator": partial(discriminator_objective, scores=scores),
    }
