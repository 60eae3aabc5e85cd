"""The adversarial game, from the GAN of 2014 to DCGAN, WGAN-GP, SN-GAN, SAGAN, BigGAN and LOGAN.

    discriminator:  mean loss.discriminator(D(x, y), D(G(z', y'), y')) + w_d mean cost
    generator:      mean loss.generator(D(G(z', y'), y')) + w_g mean cost

with z, y' from the prior and z' the latents after the game's latent step, which also says what the
step costs and whom (latent_steps.py); z itself, at no cost, without one. The losses are those of
losses.py. Penalties and other regularisers come on top, for this game as for any (extras/).

`one_pass` sends real and fake images through the discriminator together; False is for one with
batch norm, where each of the two batches has moments of its own, as in DCGAN (arXiv 1511.06434).
"""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from jaxgan.game import losses
from jaxgan.game.game import GAN, Batch, Examples, Nets, Objective


def pair(real: jax.Array, fake: jax.Array) -> jax.Array:
    """Join two batches [n, ...] to one of [2 n, ...] for a single pass through the network.

    Interleaved, not concatenated: along a sharded batch axis that needs no communication.
    """
    return jnp.stack([real, fake], axis=1).reshape(-1, *real.shape[1:])


def unpair(logits: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Undo `pair`: [2 n, ...] to real [n, ...] and fake [n, ...]."""
    logits = logits.reshape(len(logits) // 2, 2, *logits.shape[1:])
    return logits[:, 0], logits[:, 1]


def together(nets: Nets, real: Examples, fake: Examples) -> tuple[jax.Array, jax.Array]:
    """Return the logits of real and fake images from one pass of the discriminator."""
    return unpair(nets.discriminate(*(pair(r, f) for r, f in zip(real, fake, strict=True))))


def apart(nets: Nets, real: Examples, fake: Examples) -> tuple[jax.Array, jax.Array]:
    """Return the same from a pass for each."""
    return nets.discriminate(*real), nets.discriminate(*fake)


def draw(gan: GAN, nets: Nets, n: int, key: jax.Array):
    """Return n latents after the latent step, their labels and the step's cost [n]."""
    prior_key, step_key = jax.random.split(key)
    latents, labels = gan.prior(prior_key, n)
    energy = lambda z: nets.discriminate(nets.generate(z, labels), labels)
    latents, cost = gan.latent_step.improve(energy, latents, step_key)
    return latents, labels, cost


def discriminator_objective(
    gan: GAN,
    nets: Nets,
    stats,
    batch: Batch,
    key: jax.Array,
    *,
    loss: losses.Loss,
    logits: Callable = together,
):
    real = batch["images"], batch["labels"]
    latents, fake_labels, cost = draw(gan, nets, len(batch["images"]), key)
    fake = nets.generate(latents, fake_labels), fake_labels
    real_logits, fake_logits = logits(nets, real, fake)
    metrics = {"real_logits": real_logits.mean(), "fake_logits": fake_logits.mean()}
    total = loss.discriminator(real_logits, fake_logits).mean()
    return total + gan.latent_step.discriminator_cost * cost.mean(), (stats, metrics)


def generator_objective(
    gan: GAN, nets: Nets, stats, batch: Batch, key: jax.Array, *, loss: losses.Loss
):
    latents, labels, cost = draw(gan, nets, len(batch["images"]), key)
    logits = nets.discriminate(nets.generate(latents, labels), labels)
    total = loss.generator(logits).mean() + gan.latent_step.generator_cost * cost.mean()
    return total, (stats, {"latent_cost": cost.mean()})


def default_config() -> ConfigDict:
    return ConfigDict({"name": "adversarial", "loss": "hinge", "top_k": 1.0, "one_pass": True})


def named_loss(name: str, top_k: float = 1.0) -> losses.Loss:
    """Return a loss of losses.py. top_k: the share of its fakes that the generator learns from."""
    loss = getattr(losses, name, None)
    if not isinstance(loss, losses.Loss):
        known = sorted(n for n, v in vars(losses).items() if isinstance(v, losses.Loss))
        raise ValueError(f"objective.loss = {name!r}: write one of {', '.join(known)}")
    if not 0 < top_k <= 1:
        raise ValueError(f"objective.top_k = {top_k}: write a share in (0, 1]; 1 is all")
    return loss if top_k == 1 else losses.top_k(loss, top_k)


def objectives(config: ConfigDict) -> tuple[Objective, Objective]:
    """Return the generator's and the discriminator's objective."""
    loss = named_loss(config.loss, config.top_k)
    logits = together if config.one_pass else apart
    discriminator = partial(discriminator_objective, loss=loss, logits=logits)
    return partial(generator_objective, loss=loss), discriminator
