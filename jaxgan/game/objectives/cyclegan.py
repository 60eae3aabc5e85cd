"""The game of CycleGAN (arXiv 1703.10593): two domains without pairs, G: a -> b and F: b -> a.

    generator:      mean loss(D_b(G(a))) + mean loss(D_a(F(b)))
                    + cycle (mean d(F(G(a)), a) + mean d(G(F(b)), b))
                    + identity (mean |G(b) - b| + mean |F(a) - a|)
    discriminator:  mean loss(D_a(a), D_a(old F(b))) + mean loss(D_b(b), D_b(old G(a)))

with d the absolute difference, or its square (`cycle_loss`). Without the cycles, a translator could
map a domain onto one image, or any image onto any other.

The discriminators see a history of translations (arXiv 1612.07828): for each domain a pool of
`pool` images, in the discriminator's stats. It is filled first. Then, with probability 1/2, a new
image replaces a random one in the pool, and the replaced one is shown instead. If the batch does
not divide the pool, only the largest multiple of the batch is used.

`adversarial` is the weight of G's losses. losses.least_squares has a factor of 1/2 in both players,
the paper in D's alone, so the weight is 2. Terms on top see domain b only. Deviation: D steps
first, with translations of the G that steps after it; the authors' code steps G first.
"""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from jaxgan.game import losses
from jaxgan.game.game import Batch, Drawn, Game, Nets, Objective, Outcome, Spec
from jaxgan.game.keys import Keys
from jaxgan.game.losses import each
from jaxgan.game.objectives.adversarial import logit_metrics, named_loss
from jaxgan.game.objectives.draw import pair, unpair
from jaxgan.game.objectives.weights import weights_of

NEEDS = {
    "generator": ("call", "translate", "to_a", "to_b"),
    "discriminator": ("call", "judge_a", "judge_b"),
}
DISTANCES: dict[str, Callable[[jax.Array, jax.Array], jax.Array]] = {
    "absolute": lambda x, y: jnp.abs(x - y).mean(),
    "square": lambda x, y: jnp.square(x - y).mean(),
}
POOL = "pool"


def empty_pool(size: int, spec: Spec) -> dict[str, jax.Array]:
    """Return an empty pool with room for `size` images of each domain, and its count, 0."""
    places = lambda x: jnp.zeros((size, *x.shape), x.dtype)
    return {
        "a": places(spec.condition),
        "b": places(spec.sample),
        "count": jnp.zeros((), jnp.int32),
    }


def from_pool(
    pool: jax.Array, count: jax.Array, images: jax.Array, key: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """Return the new pool, and what is shown instead of the images [n, ...]; see the module."""
    n = len(images)
    size, keys, filling = used(len(pool), n), Keys(key), count < used(len(pool), n)
    drawn = jax.random.permutation(keys["places"], size)[:n]
    places = jnp.where(filling, count + jnp.arange(n), drawn)
    swapped = jax.random.bernoulli(keys["swap"], shape=(n,)) & ~filling
    of_images = lambda x: x.reshape(n, *(1,) * (images.ndim - 1))
    old = pool[places]
    kept = jnp.where(of_images(swapped | filling), images, old)
    return pool.at[places].set(kept), jnp.where(of_images(swapped), old, images)


def used(size: int, n: int) -> int:
    """Return how many places of a pool batches of n use. ValueError for a pool smaller than n."""
    if n > size:
        raise ValueError(
            f"objective.pool = {size} with {n} images at once: write 0, or {n} or more"
        )
    return size // n * n


def discriminator_objective(
    game: Game, nets: Nets, stats, batch: Batch, keys: Keys, *, loss: losses.Loss
) -> tuple[jax.Array, Outcome]:
    b, a = batch
    made = {"a": nets.generator.to_a(b), "b": nets.generator.to_b(a)}
    if POOL in stats:
        pool, new = stats[POOL], {}
        swaps = {"a": keys["pool a"], "b": keys["pool b"]}
        for side, images in made.items():
            images = jax.lax.stop_gradient(images)
            new[side], made[side] = from_pool(pool[side], pool["count"], images, swaps[side])
        n, size = len(a), len(pool["a"])
        count = jnp.minimum(pool["count"] + n, used(size, n))
        stats = {**stats, POOL: {**new, "count": count}}
    real_a, fake_a = unpair(nets.discriminator.judge_a(pair(a, made["a"])))
    real_b, fake_b = unpair(nets.discriminator.judge_b(pair(b, made["b"])))
    logits = (real_a, real_b), (fake_a, fake_b)
    drawn = Drawn(batch, Batch(made["b"], a), (), (real_b, fake_b))
    return each(loss.discriminator, *logits).mean(), Outcome(stats, logit_metrics(*logits), drawn)


def generator_objective(
    game: Game,
    nets: Nets,
    stats,
    batch: Batch,
    keys: Keys,
    *,
    loss: losses.Loss,
    adversarial: float,
    cycle: float,
    cycle_loss: str,
    identity: float,
) -> tuple[jax.Array, Outcome]:
    (b, a), (to_a, to_b) = batch, (nets.generator.to_a, nets.generator.to_b)
    made_a, made_b = to_a(b), to_b(a)
    judged = nets.discriminator.judge_a(made_a), nets.discriminator.judge_b(made_b)
    distance = DISTANCES[cycle_loss]
    parts = {
        "adversarial": each(loss.generator, judged).mean(),
        "cycle": distance(to_a(made_b), a) + distance(to_b(made_a), b),
    }
    total = adversarial * parts["adversarial"] + cycle * parts["cycle"]
    if identity:
        if a.shape != b.shape:
            raise ValueError(
                f"objective.identity = {identity:g} with images of {a.shape[-1]} and {b.shape[-1]} "
                "channels: write 0.0, since no image is of both domains"
            )
        parts["identity"] = jnp.abs(to_b(b) - b).mean() + jnp.abs(to_a(a) - a).mean()
        total = total + identity * parts["identity"]
    if a.shape == b.shape:  # how far a translation is from its source: 0 if nothing is changed
        parts["change"] = jnp.abs(made_b - a).mean()
    return total, Outcome(stats, parts, Drawn(batch, Batch(made_b, a), ()))


def default_config() -> ConfigDict:
    return ConfigDict(
        {
            "name": "cyclegan",
            "loss": "least_squares",
            "adversarial": 2.0,  # weight of G's adversarial losses
            "cycle": 10.0,
            "cycle_loss": "absolute",  # or square
            "identity": 5.0,  # the authors' code: half of the cycle's; 0: none
            "pool": 50,  # translations into each domain that are kept for D; 0: none
        }
    )


def objectives(config: ConfigDict) -> dict[str, Objective]:
    """Return each player's objective."""
    loss = named_loss(config.loss)
    weights_of(config, "pool")
    weights = weights_of(config, "adversarial", "cycle", "identity")
    if config.cycle_loss not in DISTANCES:
        known = " or ".join(map(repr, DISTANCES))
        raise ValueError(f"objective.cycle_loss = {config.cycle_loss!r}: write {known}")
    cycle_loss = config.cycle_loss
    return {
        "generator": partial(generator_objective, loss=loss, cycle_loss=cycle_loss, **weights),
        "discriminator": partial(discriminator_objective, loss=loss),
    }


def init_stats(config: ConfigDict, spec: Spec) -> dict[str, dict[str, Callable]]:
    """Return what the objective keeps in the players' stats: {player: {name: () -> arrays}}."""
    if not config.pool:
        return {}
    return {"discriminator": {POOL: partial(empty_pool, config.pool, spec)}}
