"""The adversarial game with style mixing (StyleGAN, arXiv 1812.04948).

With probability `mixing`, an image takes its styles from two draws: one up to a random layer, drawn
uniformly, the other from there on, so that neighbouring layers cannot rely on each other.
Everything else is as in objectives/adversarial.py. R1 and path length come on top, as in any game
(penalty, path_length). Needs models/stylegan.py.
"""

import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from jaxgan.game.game import Batch, Game, Nets, Objective, Outcome
from jaxgan.game.keys import Keys
from jaxgan.game.objectives import adversarial

NEEDS = {"generator": ("call", "styles", "synthesise"), "discriminator": ("call",)}
TAKES_LATENT_STEP = True
TAKES_NEARBY_LATENTS = False  # the terms would compare images with mixed styles and without


def mixed_styles(
    first: jax.Array, second: jax.Array, key: jax.Array, probability: float
) -> jax.Array:
    """Return styles [b, layers, n]: from `first` up to a random layer, from `second` from there
    on."""
    n, layers, _ = first.shape
    layer_key, is_mixed_key = jax.random.split(key)
    crossover = jax.random.randint(layer_key, (n, 1), 1, layers)
    is_mixed = jax.random.bernoulli(is_mixed_key, probability, (n, 1))
    taken = is_mixed & (jnp.arange(layers)[None] >= crossover)
    return jnp.where(taken[..., None], second, first)


def with_mixing(objective: Objective, probability: float) -> Objective:
    """Return an objective whose generated images have mixed styles."""

    def mixing(
        game: Game, nets: Nets, stats, batch: Batch, keys: Keys
    ) -> tuple[jax.Array, Outcome]:
        def generate(latents: jax.Array, labels: jax.Array) -> jax.Array:
            others, _ = game.source(keys["mixing_source"], batch)
            first, second = (nets.generator.styles(z, labels) for z in (latents, others))
            styles = mixed_styles(first, second, keys["mixing"], probability)
            return nets.generator.synthesise(styles, latents)

        mixed = nets.replace(generator=nets.generator.replace(call=generate))
        return objective(game, mixed, stats, batch, keys)

    return mixing


def default_config() -> ConfigDict:
    config = adversarial.default_config()
    config.update(name="style", loss="non_saturating", one_pass=False)
    config.mixing = 0.9
    return config


def objectives(config: ConfigDict) -> dict[str, Objective]:
    """Return each player's objective."""
    if not 0 <= config.mixing <= 1:
        raise ValueError(f"objective.mixing = {config.mixing}: write a probability, such as 0.9")
    plain = adversarial.objectives(config)
    return {player: with_mixing(o, config.mixing) for player, o in plain.items()}
