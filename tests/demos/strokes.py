"""SPIRAL on digits: how many canvases of strokes does a classifier take for a digit?

    python tests/data/real_data.py mnist data/mnist
    jaxgan prepare data/mnist data/digits16 --size=16
    taskset -c 0 python -m tests.demos.strokes data/digits16 [FOLDER [STEPS [SEED]]]    minutes

Trains configs/spiral_digits.py, and a classifier on the same digits and, as an eleventh class, on
canvases of random strokes, as many as digits: half of them drawn as the untrained policy's odds say
and half with even odds. A canvas is accepted where the classifier gives its likeliest digit a
probability of 0.9 or more. Printed are the shares of 1,000 canvases of each kind that were not
trained on, of real digits that were held out, and how many digits are among those accepted. FOLDER
gets the canvases as they grow.
"""

import sys
import time
from functools import partial
from importlib import import_module
from pathlib import Path

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax

from jaxgan.build import build, medium_of, sampling_prior
from jaxgan.data.reader import Reader
from jaxgan.data.records import open_records
from jaxgan.game import sampling
from jaxgan.game.game import Batch, init_state
from jaxgan.game.steps import train_step
from jaxgan.media.pictures import enlarge, grid, save_film, save_picture
from jaxgan.models.spiral import Painter
from jaxgan.training.run import resolve

SAMPLES, SURE = 1000, 0.9
CLASSIFIER_STEPS, BATCH = 1500, 128


class Classifier(nn.Module):
    """Two convolutions and a hidden layer: [b, h, w, 1] to logits of ten digits and of strokes."""

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        for width in (16, 32):
            x = nn.relu(nn.Conv(width, (3, 3), strides=(2, 2))(x))
        return nn.Dense(11)(nn.relu(nn.Dense(64)(x.reshape(x.shape[0], -1))))


def classifier(images: np.ndarray, labels: np.ndarray):
    """Return a function of canvases [n, h, w, 1] in [-1, 1] to probabilities [n, 11]."""
    net, optimizer = Classifier(), optax.adam(1e-3)
    params = net.init(jax.random.key(0), jnp.asarray(images[:2]))

    @jax.jit
    def step(params, state, x, y):
        def loss(params):
            logits = net.apply(params, x)
            return optax.softmax_cross_entropy_with_integer_labels(logits, y).mean()

        updates, state = optimizer.update(jax.grad(loss)(params), state)
        return optax.apply_updates(params, updates), state

    rng, state = np.random.default_rng(0), optimizer.init(params)
    for _ in range(CLASSIFIER_STEPS):
        places = rng.integers(0, len(images), BATCH)
        params, state = step(params, state, images[places], labels[places])
    return jax.jit(lambda x: jax.nn.softmax(net.apply(params, x)))


def even(painter: Painter, count: int, seed: int) -> np.ndarray:
    """Return canvases [count, h, w, c] in [-1, 1] of strokes whose parts are drawn evenly."""
    from jaxgan.environments.strokes import blank, painted

    rng = np.random.default_rng(seed)
    canvas = jax.tree.map(
        lambda x: jnp.repeat(x[None], count, 0), blank(*painter.shape, painter.ground)
    )
    as_stroke = partial(Painter.as_stroke, painter)
    paint = jax.jit(lambda canvas, actions: jax.vmap(painted)(canvas, as_stroke(actions)))
    for _ in range(painter.strokes):
        actions = {n: rng.integers(0, k, count).astype(np.int32) for n, k in painter.parts}
        canvas = paint(canvas, actions)
    return np.asarray(2.0 * canvas.pixels - 1.0)


def main(data: str, folder: str = "", steps: int = 0, seed: int = 0) -> None:
    config = import_module("configs.spiral_digits").get_config()
    config.data.name = data
    config.train.steps = int(steps) or config.train.steps
    records = open_records(data)
    config = resolve(config, records, 1)
    medium = medium_of(config)
    game = build(config, medium.spec)
    with Reader(records, medium) as reader:
        stored = reader.read(np.arange(len(records)))
    images, labels = np.asarray(medium.to_float(stored).sample), np.asarray(stored.condition)
    images, labels, held_out = images[:-SAMPLES], labels[:-SAMPLES], images[-SAMPLES:]
    state = jax.jit(partial(init_state, game, int(seed)))()
    side, prior = game.players["generator"].side, sampling_prior(config)
    painter = side.module
    assert isinstance(painter, Painter)
    call = jax.jit(partial(sampling.generate, side))

    def painted(params, first: int, count: int) -> np.ndarray:
        drawn = [sampling.draw(prior, 0, np.arange(i, i + 500)) for i in range(first, count, 500)]
        return np.concatenate([np.asarray(call({"params": params}, *x)) for x in drawn])

    untrained = state.averages["generator"]
    half = len(images) // 2
    strokes = np.concatenate([painted(untrained, SAMPLES, SAMPLES + half), even(painter, half, 1)])
    told = classifier(
        np.concatenate([images, strokes]),
        np.concatenate([labels, np.full(len(strokes), 10, np.int32)]),
    )
    print(f"classifier: {time.process_time():.0f} CPU s", flush=True)
    print("| | accepted as digits | digits among them | ink |\n|---|---|---|---|")

    def show(name: str, canvases: np.ndarray) -> None:
        odds = np.asarray(told(canvases[:SAMPLES]))
        digit, sure = odds[:, :10].argmax(1), odds[:, :10].max(1) >= SURE
        ink = (canvases[:SAMPLES] + 1).mean() / 2
        kinds = len(set(digit[sure].tolist()))
        print(f"| {name} | {sure.mean():.3f} | {kinds} | {ink:.3f} |", flush=True)

    show("real digits that were held out", held_out)
    show("strokes of even odds", even(painter, SAMPLES, 2))
    show("the untrained policy", painted(untrained, 0, SAMPLES))
    step = jax.jit(partial(train_step, game), donate_argnums=0)
    rng = np.random.default_rng(int(seed))
    begun = time.process_time()
    for i in range(config.train.steps):
        places = rng.integers(0, len(images), config.train.batch)
        batch = Batch(jnp.asarray(images[places]), jnp.asarray(labels[places]))
        state, metrics = step(state, jax.tree.map(lambda x: x[None, None], batch))
        if (i + 1) % (config.train.steps // 8) == 0:
            spent = time.process_time() - begun
            show(
                f"after {i + 1} steps, {spent:.0f} s",
                painted(state.averages["generator"], 0, SAMPLES),
            )
            names = ("g/reward", "g/entropy", "g/value_error", "d/real_logits", "d/fake_logits")
            print(", ".join(f"{n} {float(metrics[n]):.2f}" for n in names), file=sys.stderr)
    if folder:
        place = Path(folder)
        noise, _ = sampling.draw(prior, 0, np.arange(20))
        seen = jax.jit(side.calls["act"])({"params": state.averages["generator"]}, noise)
        stored = medium.to_stored(np.asarray(seen.canvas))
        frames = [grid(enlarge(x), 10) for x in np.moveaxis(stored, 1, 0)]
        save_film(place / "strokes.gif", np.stack([*frames, *6 * frames[-1:]]), 4)
        real = medium.to_stored(images[:10])
        save_picture(
            place / "strokes.png", grid(enlarge(np.concatenate([stored[:, -1], real])), 10)
        )
    print(f"{time.process_time():.0f} CPU s with everything")


if __name__ == "__main__":
    jax.config.update("jax_platforms", "cpu")
    main(*sys.argv[1:])
