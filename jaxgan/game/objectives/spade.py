"""The game of GauGAN (arXiv 1903.07291): adversarial, feature matching, and the KL of a style.

    discriminator:  mean loss.discriminator(D(x, m), D(G(z, m), m))
    generator:      mean loss.generator(D(G(z, m), m))
                    + features (mean over scales of the sum over layers of mean |f(x, m) - f(G, m)|)
                    + kl mean KL(N(mean, variance) | N(0, 1))

for an image x and its label map m, where f are D's layers before its logits; those of the real
image are held constant (arXiv 1711.11585). With `kl` above 0, the latents in training come from the
image itself through the generator's encoder, mean(x) + deviation(x) noise; in sampling they are
noise, or come from another image. D's loss is summed over its scales.

Deviation: the paper also matches features of a VGG network; no such network comes with the library.
The paper does not state all weights; those here are 10 and 0.05.
"""

from functools import partial

import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from jaxgan.game import losses
from jaxgan.game.game import Batch, Drawn, Game, Nets, Objective, Outcome
from jaxgan.game.keys import Keys
from jaxgan.game.losses import each
from jaxgan.game.objectives.adversarial import logit_metrics, named_loss
from jaxgan.game.objectives.draw import judged, pair, unpair
from jaxgan.game.objectives.weights import weights_of

NEEDS = {"generator": ("call",), "discriminator": ("call", "activations")}


def made(
    game: Game, nets: Nets, batch: Batch, keys: Keys, kl: float
) -> tuple[jax.Array, Batch, jax.Array]:
    """Return latents, the images generated from them and the maps, and each image's KL, [b]."""
    noise, maps = game.source(keys["source"], batch)
    cost = jnp.zeros(len(batch.sample))
    if kl:
        mean, log_variance = encoder(nets)(batch.sample)
        noise = mean + jnp.exp(0.5 * log_variance) * noise
        cost = divergence(mean, log_variance)
    return noise, Batch(nets.generator.call(noise, maps), maps), cost


def encoder(nets: Nets):
    """Return the generator's encoder; ValueError for a network without one."""
    try:
        return nets.generator.encode
    except AttributeError:
        raise ValueError(
            "objective.kl is above 0, but the model has no encoder: write model.style=True, or "
            "objective.kl=0"
        ) from None


def divergence(mean: jax.Array, log_variance: jax.Array) -> jax.Array:
    """Return KL(N(mean, variance) | N(0, 1)) for each row of [b, n], [b]."""
    return 0.5 * (jnp.exp(log_variance) + mean**2 - 1.0 - log_variance).sum(-1)


def feature_distance(real: tuple, fake: tuple) -> jax.Array:
    """Return the mean over scales of the sum over layers of mean |real - fake|.

    real, fake: for each scale the features of its layers and, last, its logits, which are ignored.
    """
    scales = []
    for of_real, of_fake in zip(real, fake, strict=True):
        layers = zip(of_real[:-1], of_fake[:-1], strict=True)
        means = [jnp.abs(jax.lax.stop_gradient(r) - f).mean() for r, f in layers]
        scales.append(jnp.stack(means).sum())
    return jnp.stack(scales).mean()


def discriminator_objective(
    game: Game, nets: Nets, stats, batch: Batch, keys: Keys, *, loss: losses.Loss, kl: float
) -> tuple[jax.Array, Outcome]:
    noise, fake, _ = made(game, nets, batch, keys, kl)
    logits = judged(nets, batch, fake)
    total = each(loss.discriminator, *logits).mean()
    return total, Outcome(stats, logit_metrics(*logits), Drawn(batch, fake, noise, logits))


def generator_objective(
    game: Game,
    nets: Nets,
    stats,
    batch: Batch,
    keys: Keys,
    *,
    loss: losses.Loss,
    features: float,
    kl: float,
) -> tuple[jax.Array, Outcome]:
    noise, fake, cost = made(game, nets, batch, keys, kl)
    real, found = unpair(nets.discriminator.activations(*pair(batch, fake)))
    metrics = {
        "adversarial": each(loss.generator, tuple(scale[-1] for scale in found)).mean(),
        "features": feature_distance(real, found),
        "l1": jnp.abs(batch.sample - fake.sample).mean(),
    }
    total = metrics["adversarial"] + features * metrics["features"]
    if kl:
        metrics["kl"] = cost.mean()
        total = total + kl * metrics["kl"]
    return total, Outcome(stats, metrics, Drawn(batch, fake, noise))


def default_config() -> ConfigDict:
    return ConfigDict(
        {
            "name": "spade",
            "loss": "hinge",
            "features": 10.0,  # weight of feature matching; 0: none
            "kl": 0.0,  # weight of the style's KL; 0.05 for a model with style
        }
    )


def objectives(config: ConfigDict) -> dict[str, Objective]:
    """Return each player's objective."""
    loss = named_loss(config.loss)
    weights = weights_of(config, "features", "kl")
    return {
        "generator": partial(generator_objective, loss=loss, **weights),
        "discriminator": partial(discriminator_objective, loss=loss, kl=config.kl),
    }
