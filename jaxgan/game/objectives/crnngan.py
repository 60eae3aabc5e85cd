"""The game of C-RNN-GAN (arXiv 1611.09904): adversarial or feature matching, after pretraining.

    discriminator:  mean loss.discriminator(D(x), D(G(z)))
    generator:      mean loss.generator(D(G(z))), or with `matching`
                    mean over pairs of |f(x) - f(G(z))|^2, f the inputs of D's last layer at each
                    step

In the first `pretraining` steps, the generator minimises mean (G(z, x_1 .. x_(t-1)) - x_t)^2
instead: it predicts each note from the true ones before it, over a share of the tune that grows
from its first note to all of it. D learns meanwhile.

Deviation: the authors' code stops a player whose loss is low. If one rule stops D and another stops
both, nothing moves any more; here both always move.
"""

from functools import partial

import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from jaxgan.game import losses
from jaxgan.game.game import Batch, Drawn, Game, Nets, Objective, Outcome
from jaxgan.game.keys import Keys
from jaxgan.game.losses import each
from jaxgan.game.objectives.adversarial import discriminator_objective, named_loss
from jaxgan.game.objectives.draw import generated, pair, unpair

NEEDS = {"generator": ("call", "predict"), "discriminator": ("call", "features")}


def prediction_error(predicted: jax.Array, events: jax.Array, share: jax.Array) -> jax.Array:
    """Return the mean squared error over the first `share` of the notes [b, t, n], at least one."""
    steps = events.shape[1]
    count = jnp.maximum(share * steps, 1.0)
    weights = (jnp.arange(steps, dtype=jnp.float32) < count).astype(jnp.float32)
    errors = jnp.square(predicted - events).mean((0, 2))
    return (errors * weights).sum() / weights.sum()


def generator_objective(
    game: Game,
    nets: Nets,
    stats,
    batch: Batch,
    keys: Keys,
    *,
    loss: losses.Loss,
    matching: bool,
    pretraining: int,
) -> tuple[jax.Array, Outcome]:
    noise, fake = generated(game, nets, batch, keys)

    def played() -> jax.Array:
        if not matching:
            return each(loss.generator, nets.discriminator.call(*fake)).mean()
        real_features, fake_features = unpair(nets.discriminator.features(*pair(batch, fake)))
        return jnp.square(real_features - fake_features).sum(-1).mean()

    def rehearsed() -> jax.Array:
        predicted = nets.generator.predict(noise, batch.sample)
        share = (nets.step + 1) / max(pretraining, 1)
        return prediction_error(predicted, batch.sample, jnp.asarray(share, jnp.float32))

    total = jax.lax.cond(nets.step < pretraining, rehearsed, played) if pretraining else played()
    return total, Outcome(stats, {}, Drawn(batch, fake, noise))


def default_config() -> ConfigDict:
    return ConfigDict(
        {
            "name": "crnngan",
            "loss": "non_saturating",
            "matching": False,  # feature matching instead of the loss
            "pretraining": 0,  # steps
        }
    )


def objectives(config: ConfigDict) -> dict[str, Objective]:
    """Return each player's objective."""
    loss, pretraining = named_loss(config.loss), config.pretraining
    if pretraining < 0:
        raise ValueError(f"objective.pretraining = {pretraining}: write 0 or more steps")
    fields = {"loss": loss, "matching": config.matching, "pretraining": pretraining}
    return {
        "generator": partial(generator_objective, **fields),
        "discriminator": partial(discriminator_objective, loss=loss),
    }
