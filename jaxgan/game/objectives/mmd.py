"""MMD-GAN (arXiv 1705.08584): two samples are compared by a kernel on learned codes.

    MMD^2 = mean k(f(x), f(x')) - 2 mean k(f(x), f(G(z))) + mean k(f(G(z)), f(G(z')))
    k(a, b) = sum over s of exp(-|a - b|^2 / (2 s^2)),   s = 1, 2, 4, 8, 16
    discriminator:  -MMD^2 + weight mean |y - decode(f(y))|^2 over real and generated y
    generator:       MMD^2

with means over pairs of different examples: unbiased, so the estimate may be negative. f encodes;
the reconstruction keeps it injective, so that MMD^2 = 0 only at the data. Needs
models/autoencoder.py. The paper clips f's weights (`discriminator.clip_weights`); the default here
is spectral norm.

Deviation: the paper's one-sided rank penalty, which its text does not state, is left out.
"""

from functools import partial, reduce
from operator import add

import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from jaxgan.game.game import Batch, Drawn, Game, Nets, Objective, Outcome
from jaxgan.game.keys import Keys
from jaxgan.game.objectives.draw import generated, pair, unpair

NEEDS = {"generator": ("call",), "discriminator": ("call", "encode", "decode")}
TAKES_AUGMENTATION = False  # it would be asked to decode the image as it was before

BANDWIDTHS = (1.0, 2.0, 4.0, 8.0, 16.0)


def kernel(a: jax.Array, b: jax.Array) -> jax.Array:
    """Return k of all pairs: a [n, d], b [m, d] -> [n, m]."""
    with jax.default_matmul_precision("highest"):
        products = a @ b.T
    squares = (a * a).sum(-1)[:, None] + (b * b).sum(-1)[None, :] - 2.0 * products
    squares = jnp.maximum(squares, 0.0)
    return reduce(add, (jnp.exp(-squares / (2.0 * s * s)) for s in BANDWIDTHS))


def squared_mmd(x: jax.Array, y: jax.Array) -> jax.Array:
    """Return the unbiased estimate of MMD^2 from codes x [n, d] and y [m, d].

    Raises ValueError unless n and m are at least 2.
    """

    if min(len(x), len(y)) < 2:
        raise ValueError(
            "objective 'mmd' compares pairs of different examples: write train.batch = 2 or more "
            "for each microbatch"
        )

    def others(a: jax.Array) -> jax.Array:  # the mean over pairs of different examples
        n = len(a)
        return (kernel(a, a).sum() - n * len(BANDWIDTHS)) / (n * (n - 1))  # k(a, a) = 5

    return others(x) + others(y) - 2.0 * kernel(x, y).mean()


def codes_of(game: Game, nets: Nets, batch: Batch, keys: Keys):
    """Return real and generated images, paired, their codes, and what was drawn."""
    noise, fake = generated(game, nets, batch, keys)
    images = pair(batch.sample, fake.sample)
    codes = nets.discriminator.encode(images)
    logits = nets.discriminator.call(*batch), nets.discriminator.call(*fake)  # for terms
    return images, codes, Drawn(batch, fake, noise, logits)


def discriminator_objective(
    game: Game, nets: Nets, stats, batch: Batch, keys: Keys, *, weight: float
):
    images, codes, drawn = codes_of(game, nets, batch, keys)
    distance = squared_mmd(*unpair(codes))
    error = jnp.square(images - nets.discriminator.decode(codes)).mean()
    metrics = {"mmd": distance, "reconstruction": error}
    return weight * error - distance, Outcome(stats, metrics, drawn)


def generator_objective(game: Game, nets: Nets, stats, batch: Batch, keys: Keys):
    _, codes, drawn = codes_of(game, nets, batch, keys)
    return squared_mmd(*unpair(codes)), Outcome(stats, {}, drawn._replace(logits=None))


def default_config() -> ConfigDict:
    return ConfigDict({"name": "mmd", "weight": 8.0})


def objectives(config: ConfigDict) -> dict[str, Objective]:
    """Return each player's objective."""
    discriminator = partial(discriminator_objective, weight=config.weight)
    return {"generator": generator_objective, "discriminator": discriminator}
