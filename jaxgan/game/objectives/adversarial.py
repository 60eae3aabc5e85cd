"""The adversarial game, from the GAN of 2014 to DCGAN, WGAN-GP, SN-GAN, SAGAN, BigGAN and LOGAN.

    discriminator:  mean loss.discriminator(D(x, y), D(G(z', y'), y')) + w_d mean cost
    generator:      mean loss.generator(D(G(z', y'), y')) + w_g mean cost

where z, y' are from the game's source and z' are the latents after its latent step, which also sets
the weights of its cost (latent_steps.py); without one, z' is z and the cost is 0. The losses are in
losses.py. Penalties and other regularisers are added on top, as in any game (terms/).

`one_pass` sends real and fake samples through the discriminator together. False is for one with
batch norm, so that each of the two batches has its own moments, as in DCGAN (arXiv 1511.06434).
"""

from functools import partial

import jax
from ml_collections import ConfigDict

from jaxgan.game import losses
from jaxgan.game.game import Batch, Drawn, Game, Nets, Objective, Outcome
from jaxgan.game.keys import Keys
from jaxgan.game.losses import each, score
from jaxgan.game.objectives.draw import generated_after_step, judged

NEEDS = {"generator": ("call",), "discriminator": ("call",)}
TAKES_LATENT_STEP = True


def discriminator_objective(
    game: Game,
    nets: Nets,
    stats,
    batch: Batch,
    keys: Keys,
    *,
    loss: losses.Loss,
    one_pass: bool = True,
) -> tuple[jax.Array, Outcome]:
    noise, fake, cost = generated_after_step(game, nets, batch, keys)
    logits = judged(nets, batch, fake, one_pass)
    total = each(loss.discriminator, *logits).mean()
    total = total + game.latent_step.discriminator_cost * cost.mean()
    return total, Outcome(stats, logit_metrics(*logits), Drawn(batch, fake, noise, logits))


def generator_objective(
    game: Game, nets: Nets, stats, batch: Batch, keys: Keys, *, loss: losses.Loss
) -> tuple[jax.Array, Outcome]:
    noise, fake, cost = generated_after_step(game, nets, batch, keys)
    total = each(loss.generator, nets.discriminator.call(*fake)).mean()
    total = total + game.latent_step.generator_cost * cost.mean()
    return total, Outcome(stats, {"latent_cost": cost.mean()}, Drawn(batch, fake, noise))


def logit_metrics(real, fake) -> dict[str, jax.Array]:
    """Return the mean logits of real and generated samples, for the log."""
    return {"real_logits": score(real).mean(), "fake_logits": score(fake).mean()}


def default_config() -> ConfigDict:
    return ConfigDict({"name": "adversarial", "loss": "hinge", "top_k": 1.0, "one_pass": True})


def named_loss(name: str, top_k: float = 1.0) -> losses.Loss:
    """Return a loss of losses.py. top_k: the share of its fakes that the generator learns from.

    Raises ValueError for an unknown name, or a share outside (0, 1].
    """
    loss = getattr(losses, name, None)
    if not isinstance(loss, losses.Loss):
        known = sorted(n for n, v in vars(losses).items() if isinstance(v, losses.Loss))
        raise ValueError(f"objective.loss = {name!r}: write one of {', '.join(known)}")
    if not 0 < top_k <= 1:
        raise ValueError(f"objective.top_k = {top_k}: write a share in (0, 1]; 1 is all")
    return loss if top_k == 1 else losses.top_k(loss, top_k)


def objectives(config: ConfigDict) -> dict[str, Objective]:
    """Return each player's objective."""
    loss = named_loss(config.loss, config.top_k)
    discriminator = partial(discriminator_objective, loss=loss, one_pass=config.one_pass)
    return {"generator": partial(generator_objective, loss=loss), "discriminator": discriminator}
