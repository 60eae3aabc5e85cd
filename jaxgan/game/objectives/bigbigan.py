"""BigBiGAN (arXiv 1907.02544): a game over pairs of image and latent.

    (x, E(x)) with y = +1, (G(z), z) with y = -1, z from the prior; h(t) = max(0, 1 - t)

    discriminator:  mean h(y s_x) + h(y s_z) + h(y s_xz)      each score cut on its own
    generator, E:   mean y (s_x + s_z + s_xz)                 not cut

The scores that do not depend on a network (s_x on E's, s_z on G's pair) have no gradient for it. D
sees x at the size of G(z), pooled from what E sees. `scores` leaves some out: ("xz",) is BiGAN with
a hinge, ("x", "z", "xz") the paper's. Labels are never used. Needs models/bigbigan.py.

Deviation: the published code takes the mean of the three in place of their sum, which Adam does not
see but for its epsilon.
"""

from functools import partial

import jax
from ml_collections import ConfigDict

from jaxgan.game.game import GAN, Batch, Nets, Objective
from jaxgan.game.losses import hinge
from jaxgan.game.objectives.adversarial import pair, unpair
from jaxgan.models.bigbigan import Scores, pooled


def judge(gan: GAN, nets: Nets, batch: Batch, key: jax.Array) -> tuple[Scores, Scores]:
    """Return the scores of (x, E(x)) and of (G(z), z), from one pass."""
    prior_key, noise_key = jax.random.split(key)
    x = batch["images"]
    z, labels = gan.prior(prior_key, len(x))
    fakes = nets.generate(z, labels)
    codes = nets.generate(x, jax.random.normal(noise_key, z.shape), method="encode")
    images = pair(pooled(x, fakes.shape[1]), fakes)
    real, fake = zip(
        *map(unpair, nets.discriminate(images, pair(codes, z), method="judge")), strict=True
    )
    return Scores(*real), Scores(*fake)


def chosen(scores: Scores, names: tuple[str, ...]) -> list[jax.Array]:
    """Return the scores that count."""
    return [getattr(scores, name) for name in names]


def discriminator_objective(
    gan: GAN, nets: Nets, stats, batch: Batch, key: jax.Array, *, scores: tuple[str, ...]
):
    real, fake = judge(gan, nets, batch, key)
    reals, fakes = chosen(real, scores), chosen(fake, scores)
    loss = sum(map(hinge.discriminator, reals, fakes))
    metrics = {"real_logits": sum(reals).mean(), "fake_logits": sum(fakes).mean()}
    metrics |= {f"real_{name}": s.mean() for name, s in real._asdict().items()}
    metrics |= {f"fake_{name}": s.mean() for name, s in fake._asdict().items()}
    return loss.mean(), (stats, metrics)


def generator_objective(
    gan: GAN, nets: Nets, stats, batch: Batch, key: jax.Array, *, scores: tuple[str, ...]
):
    real, fake = judge(gan, nets, batch, key)
    loss = sum(chosen(real, scores)) - sum(chosen(fake, scores))
    return loss.mean(), (stats, {})


def default_config() -> ConfigDict:
    return ConfigDict({"name": "bigbigan", "scores": Scores._fields})


def objectives(config: ConfigDict) -> tuple[Objective, Objective]:
    """Return the generator's and the discriminator's objective."""
    scores = tuple(config.scores)
    if not scores or not set(scores) <= set(Scores._fields):
        raise ValueError(f"objective.scores = {scores}: write some of {Scores._fields}")
    return (
        partial(generator_objective, scores=scores),
        partial(discriminator_objective, scores=scores),
    )
