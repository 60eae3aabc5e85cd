"""The adversarial game with style mixing (StyleGAN, arXiv 1812.04948).

With probability `mixing` an image takes its styles from two draws, one up to a layer that is drawn
uniformly, the other from there on, so that neighbouring layers cannot rely on each other. Otherwise
objectives/adversarial.py. R1 and path length come on top as for any game (penalty, path_length).
Needs models/stylegan.py.
"""

import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from jaxgan.game.game import GAN, Batch, Nets, Objective
from jaxgan.game.objectives import adversarial


def mixed_styles(
    first: jax.Array, second: jax.Array, key: jax.Array, probability: float
) -> jax.Array:
    """Return styles [b, layers, n]: of `first` up to a random layer, of `second` from there on."""
    n, layers, _ = first.shape
    layer_key, is_mixed_key = jax.random.split(key)
    crossover = jax.random.randint(layer_key, (n, 1), 1, layers)
    is_mixed = jax.random.bernoulli(is_mixed_key, probability, (n, 1))
    taken = is_mixed & (jnp.arange(layers)[None] >= crossover)
    return jnp.where(taken[..., None], second, first)


def with_mixing(objective: Objective, probability: float) -> Objective:
    """Return an objective whose generated images have mixed styles."""

    def mixing(gan: GAN, nets: Nets, stats, batch: Batch, key: jax.Array):
        other_key, mixing_key = jax.random.split(jax.random.fold_in(key, 3))

        def generate(latents: jax.Array, labels: jax.Array) -> jax.Array:
            others, _ = gan.prior(other_key, len(latents))
            first, second = (nets.generate(z, labels, method="styles") for z in (latents, others))
            styles = mixed_styles(first, second, mixing_key, probability)
            return nets.generate(styles, latents, method="synthesise")

        return objective(gan, nets._replace(generate=generate), stats, batch, key)

    return mixing


def default_config() -> ConfigDict:
    config = adversarial.default_config()
    config.update(name="style", loss="non_saturating", one_pass=False)
    config.mixing = 0.9
    return config


def objectives(config: ConfigDict) -> tuple[Objective, Objective]:
    """Return the generator's and the discriminator's objective."""
    if not 0 <= config.mixing <= 1:
        raise ValueError(f"objective.mixing = {config.mixing}: write a probability, such as 0.9")
    return tuple(with_mixing(o, config.mixing) for o in adversarial.objectives(config))
