"""LOGAN's natural-gradient step against none, on a ring of Gaussians and on small images.

    python -m tests.experiments.logan [--ring-steps=N] [--image-steps=N]

Three seeds, at equal steps, and at equal time: the plain game gets as many more steps as a step of
the other takes longer (CPU time of the process, over a hundred of each). The values are those of
small networks (alpha 0.9, beta 0.1, 80% of the elements, cost 0.1). Writes a section of
docs/family.md.

What is measured. Ring: the share of samples within four deviations of a centre, and how many of the
eight centres have at least 2% of the samples. Images: the Frechet distance of 4,000 samples to
8,000 images of Fashion-MNIST in their 8 x 8 means (64 numbers): comparable within this table alone,
it is no FID. Averaged weights; images with standing statistics.
"""

import argparse
import time
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan import build
from jaxgan.config import default_config
from jaxgan.data.records import open_records
from jaxgan.devices.compiler import compiler_options
from jaxgan.evaluate.evaluation import joined
from jaxgan.evaluate.images import record_images
from jaxgan.evaluate.metrics.frechet import frechet_distance
from jaxgan.game import latents, sampling
from jaxgan.game.game import Batch, bind, init_state
from jaxgan.game.latent_steps import latent_step, natural_gradient
from jaxgan.game.steps import train_step
from jaxgan.models.convolution import average_pool
from tests import rings
from tests.experiments.page import table, write_section
from tests.tiny import spec_of

SEEDS, WARM = 3, 100
STEP = latent_step(natural_gradient(0.9, 0.1), fraction=0.8, cost=0.1)


def ring():
    """Return {name: game}, (key) -> batch, and (game, state) -> {measure: value}."""
    games = {"plain": rings.game(), "LOGAN": rings.game(latent_step=STEP)}

    @partial(jax.jit, static_argnums=0)
    def points(game, state):
        generator = bind(game.players["generator"].side, state.averages["generator"])
        return generator.call(*rings.prior(jax.random.key(7), 5000))

    def measure(game, state):
        x = np.asarray(points(game, state))
        distance = np.linalg.norm(x[:, None] - rings.centres()[None], axis=-1)
        good = distance.min(1) < 4 * rings.SPREAD
        each = np.bincount(distance.argmin(1)[good], minlength=8) / len(x)
        return {"good": good.mean(), "centres": (each > 0.02).sum()}

    return games, lambda key: rings.batch(key, (1, 1, 256)), measure


def images():
    """Return the same for 16 x 16 Fashion-MNIST and a narrow BigGAN."""
    records = open_records("fashion_mnist", "train[:80%]")
    x, y = joined(record_images(records, (16, 16)).batches(100))
    x, y = jnp.asarray(x), jnp.asarray(y.astype(np.int32))
    small = lambda x: np.asarray(average_pool(x)).reshape(len(x), -1)
    moments = lambda x: (x.mean(0, dtype=np.float64), np.cov(x.T.astype(np.float64)))
    real = moments(small(x))
    games = {}
    for name in ("plain", "LOGAN"):
        config = default_config()
        config.model.update(width=8, latent_dim=24, embedding_dim=16)
        config.average.decay = 0.99
        for side in (config.generator, config.discriminator):
            side.learning_rate = 1e-3
        if name == "LOGAN":
            config.latent_step.update(name="natural_gradient", alpha=0.9, beta=0.1)
            config.latent_step.update(fraction=0.8, cost=0.1)
        config.train.num_d_steps = 1
        games[name] = build.build(config, spec_of((16, 16, 1), 10))
    prior = latents.class_conditional(latents.normal, config.model.latent_dim, 10)

    @jax.jit
    def batch(key):
        rows = jax.random.randint(key, (1, 1, 64), 0, len(x))
        return Batch(x[rows], y[rows])

    @partial(jax.jit, static_argnums=0)
    def samples(game, state):
        player = game.players["generator"]
        weights, _ = player.transform.apply(
            state.averages["generator"], state.players["generator"].transform_state
        )
        known = sampling.variables(player.side, weights, lambda key: prior(key, 100), 20, seed=1)

        def part(key):
            return sampling.generate(player.side, known, *prior(key, 200))

        return jax.lax.map(part, jax.random.split(jax.random.key(2), 20))

    def measure(game, state):
        fakes = jnp.asarray(samples(game, state)).reshape(-1, 16, 16, 1)
        return {"distance": frechet_distance(*moments(small(fakes)), *real)}

    return games, batch, measure


def compare(task, steps):
    """Return {(name, "steps" or "time"): {measure: values}} and the ratio of times of a step."""
    games, batch, measure = task
    options = compiler_options(jax.devices()[0])
    take = {
        name: jax.jit(partial(train_step, game), donate_argnums=0, compiler_options=options)
        for name, game in games.items()
    }
    start = {name: jax.jit(partial(init_state, game)) for name, game in games.items()}

    def train(name, seed, count, state=None):
        begin = 0 if state is None else int(state.step)
        state = start[name](seed) if state is None else state
        for i in range(begin, count):
            state, _ = take[name](state, batch(jax.random.fold_in(jax.random.key(seed), i)))
        return jax.block_until_ready(state)

    seconds = {}
    for name in games:
        state = train(name, 0, 2)  # compiles
        began = time.process_time()
        train(name, 0, 2 + WARM, state)
        seconds[name] = (time.process_time() - began) / WARM
    ratio = seconds["LOGAN"] / seconds["plain"]
    longer, found = round(steps * ratio), {}
    for seed in range(SEEDS):
        logan = measure(games["LOGAN"], train("LOGAN", seed, steps))
        plain = train("plain", seed, steps)
        for name, numbers in (
            ("plain", measure(games["plain"], plain)),
            ("LOGAN", logan),
            ("plain, equal time", measure(games["plain"], train("plain", seed, longer, plain))),
        ):
            for what, value in numbers.items():
                found.setdefault((name, what), []).append(float(value))
        print(seed, {k: round(v[-1], 4) for k, v in found.items()}, flush=True)
    return found, ratio, seconds, longer


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ring-steps", type=int, default=2000)
    parser.add_argument("--image-steps", type=int, default=400)
    args = parser.parse_args()
    rows, notes = [], []
    for name, task, steps in (
        ("ring", ring(), args.ring_steps),
        ("images", images(), args.image_steps),
    ):
        found, ratio, seconds, longer = compare(task, steps)
        for who in ("plain", "LOGAN", "plain, equal time"):
            each = [f"{what} {shown(v)}" for (n, what), v in found.items() if n == who]
            count = longer if "time" in who else steps
            rows.append((name, who, count, "; ".join(each)))
        plain, logan = (f"{1e3 * seconds[n]:.1f}" for n in ("plain", "LOGAN"))
        notes.append(f"{name} {plain} and {logan} ms ({ratio:.2f} times)")
    write_section(
        "LOGAN",
        f"""`python -m tests.experiments.logan`: the natural-gradient latent step against none, over
{SEEDS} seeds: mean, minimum and maximum.

{table(("task", "game", "steps", "measured"), rows)}
Time per step, without and with the latent step: {"; ".join(notes)}.

`good`: the fraction of the ring's samples within four standard deviations of a centre; `centres`:
how many of the eight have at least 2% of the samples (higher is better for both). `distance`: a
Fréchet distance of 8 x 8 means (lower is better), not an FID. `equal time`: the plain game trained
for as long as LOGAN took.
""",
    )


def shown(values):
    return f"{np.mean(values):.3f} ({min(values):.3f} to {max(values):.3f})"


if __name__ == "__main__":
    main()
