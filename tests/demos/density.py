"""The figure of the first GAN paper (arXiv 1406.2661): a density moves onto the data, in 1-D.

    python -m tests.demos.density [docs/density.png]        about a minute on a CPU

Gray, the data: N(0.6, 0.25^2). Green, the generator's density. Blue, the discriminator's output,
and dashed the best one for this generator in closed form, D*(x) = data / (data + model). At the end
the generator is the data and D* = 1/2 everywhere. The game is an ordinary one, of two small
networks, with the steps of steps.py; the generator is affine, so its density is known.
"""

import sys
from functools import partial
from pathlib import Path

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
from scipy.stats import norm

from jaxgan.game.game import (
    Batch,
    Game,
    Label,
    Player,
    TrainState,
    alternate,
    bind,
    init_state,
)
from jaxgan.game.keys import Keys
from jaxgan.game.objectives import adversarial
from jaxgan.game.steps import train_step
from jaxgan.media.pictures import save_picture
from jaxgan.models.sides import linen
from tests.demos.plot import COLORS, GRAY, Line, beside, panel

MEAN, DEVIATION = 0.6, 0.25
START = -0.8, 0.5  # the generator's first mean and deviation
SHOWN = 0, 50, 150, 400, 3000


class Affine(nn.Module):
    """Map z ~ N(0, 1) [b, 1] to points mean + exp(log_deviation) z."""

    @nn.compact
    def __call__(self, latents: jax.Array, labels: jax.Array) -> jax.Array:
        mean = self.param("mean", nn.initializers.constant(START[0]), ())
        log = self.param("log_deviation", nn.initializers.constant(np.log(START[1])), ())
        return mean + jnp.exp(log) * latents


class Critic(nn.Module):
    """Map points [b, 1] to logits [b]."""

    @nn.compact
    def __call__(self, points: jax.Array, labels: jax.Array) -> jax.Array:
        x = jnp.tanh(nn.Dense(32)(3.0 * points))
        return nn.Dense(1)(jnp.tanh(nn.Dense(32)(x)))[:, 0]


def density_game() -> Game:
    config = adversarial.default_config()
    config.loss = "non_saturating"
    wanted = adversarial.objectives(config)
    point, label = jax.ShapeDtypeStruct((1,), jnp.float32), Label(1)
    adam = lambda rate: optax.adam(rate, b1=0.0, b2=0.99)
    generator, discriminator = (linen(module, point, label) for module in (Affine(), Critic()))
    return Game(
        {
            "generator": Player(generator, wanted["generator"], adam(2e-3)),
            "discriminator": Player(discriminator, wanted["discriminator"], adam(1e-2)),
        },
        source=lambda key, batch: (jax.random.normal(key, batch.sample.shape), batch.condition),
        turns=alternate(3),
    )


def batch(key: jax.Array) -> Batch:
    """Draw the data for one training step: three batches of 256 for the discriminator."""
    points = MEAN + DEVIATION * jax.random.normal(key, (3, 1, 256, 1))
    return Batch(points, jnp.zeros((3, 1, 256), jnp.int32))


@partial(jax.jit, static_argnums=(0, 2))
def trained(game: Game, state: TrainState, steps: int) -> TrainState:
    """Take training steps."""

    def body(state, _):
        keys = Keys(jax.random.fold_in(state.key, state.step))
        return train_step(game, state, batch(keys["data"]))[0], None

    return jax.lax.scan(body, state, length=steps)[0]


def moments(state: TrainState) -> tuple[float, float]:
    """Return mean and standard deviation of the generator's density."""
    params = state.players["generator"].params
    return float(params["mean"]), float(jnp.exp(params["log_deviation"]))


def best_discriminator(x: np.ndarray, mean: float, deviation: float) -> np.ndarray:
    """Return data / (data + model) at points x."""
    return 1 / (1 + np.exp(norm.logpdf(x, mean, deviation) - norm.logpdf(x, MEAN, DEVIATION)))


def main(output: str = "density.png") -> None:
    game, panels, x = density_game(), [], np.linspace(-2.0, 2.0, 401)
    state, data = init_state(game, 0), norm.pdf(x, MEAN, DEVIATION)
    for step in SHOWN:
        if step > int(state.step):
            state = trained(game, state, step - int(state.step))
        points = jnp.asarray(x, jnp.float32)[:, None]
        critic = game.players["discriminator"].side
        logits = bind(critic, state.players["discriminator"].params).call(points, None)
        mean, deviation = moments(state)
        lines = [
            Line("data", x, data, GRAY),
            Line("generator", x, norm.pdf(x, mean, deviation), COLORS[2]),
            Line("D", x, np.asarray(jax.nn.sigmoid(logits)), COLORS[0]),
            Line("best D", x, best_discriminator(x, mean, deviation), COLORS[1], dash=True),
        ]
        panels.append(panel(f"step {step}: {mean:.2f} +- {deviation:.2f}", lines, (270, 230)))
    save_picture(Path(output), beside([panels]))
    print(output)


if __name__ == "__main__":
    main(*sys.argv[1:])
