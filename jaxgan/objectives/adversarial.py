"""The adversarial game of SN-GAN, SAGAN, BigGAN and LOGAN: one pair of objectives.

    discriminator:  mean loss.discriminator(D(x, y), D(G(z', y'), y'))
    generator:      mean loss.generator(D(G(z', y'), y')) + cost_weight * mean |z' - z|^2

with z, y' from the prior and z' the latents after the game's latent step (z itself without one).
"""

from functools import partial

import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from jaxgan import losses
from jaxgan.gan import GAN, Batch, Nets, Objective


def pair(real: jax.Array, fake: jax.Array) -> jax.Array:
    """Join two batches [n, ...] to one of [2 n, ...] for a single pass through the network.

    Interleaved, not concatenated: along a sharded batch axis that needs no communication.
    """
    return jnp.stack([real, fake], axis=1).reshape(-1, *real.shape[1:])


def unpair(logits: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Undo `pair`: [2 n, ...] to real [n, ...] and fake [n, ...]."""
    logits = logits.reshape(-1, 2, *logits.shape[1:])
    return logits[:, 0], logits[:, 1]


def draw(gan: GAN, nets: Nets, n: int, key: jax.Array):
    """Return n latents after the latent step, their labels and the step's cost [n]."""
    prior_key, step_key = jax.random.split(key)
    latents, labels = gan.prior(prior_key, n)
    energy = lambda z: nets.discriminate(nets.generate(z, labels), labels)  # noqa: E731
    latents, cost = gan.latent_step(energy, latents, step_key)
    return latents, labels, cost


def discriminator_objective(
    gan: GAN, nets: Nets, stats, batch: Batch, key: jax.Array, *, loss: losses.Loss
):
    images, labels = batch["images"], batch["labels"]
    latents, fake_labels, cost = draw(gan, nets, len(images), key)
    fakes = nets.generate(latents, fake_labels)
    logits = nets.discriminate(pair(images, fakes), pair(labels, fake_labels))
    real_logits, fake_logits = unpair(logits)
    metrics = {"real_logits": real_logits.mean(), "fake_logits": fake_logits.mean()}
    return loss.discriminator(real_logits, fake_logits).mean(), (stats, metrics)


def generator_objective(
    gan: GAN, nets: Nets, stats, batch: Batch, key: jax.Array, *, loss: losses.Loss
):
    latents, labels, cost = draw(gan, nets, len(batch["images"]), key)
    logits = nets.discriminate(nets.generate(latents, labels), labels)
    return loss.generator(logits).mean(), (stats, {"latent_cost": cost.mean()})


def default_config() -> ConfigDict:
    return ConfigDict({"name": "adversarial", "loss": "hinge"})


def objectives(config: ConfigDict) -> tuple[Objective, Objective]:
    """Return the generator's and the discriminator's objective."""
    loss = getattr(losses, config.loss, None)
    if not isinstance(loss, losses.Loss):
        known = sorted(n for n, v in vars(losses).items() if isinstance(v, losses.Loss))
        raise ValueError(f"objective.loss = {config.loss!r}: write one of {', '.join(known)}")
    return partial(generator_objective, loss=loss), partial(discriminator_objective, loss=loss)
