"""What a divergence wants, and what it cannot see: two pictures.

    python -m tests.demos.divergences [docs/divergences.png]        seconds on a CPU

Above: a Gaussian fitted to a mixture of two, by gradient descent on f-GAN's game (arXiv 1606.00709)
with the best discriminator at every step, known in closed form for densities; integrals over a
grid stand for samples. KL covers both modes: its best Gaussian has the mixture's mean and variance.
Reverse KL seeks a mode. Jensen-Shannon lies between.

Below: two uniform densities of width 1, a distance apart. Without common support Jensen-Shannon is
log 2 whatever the distance, and minimax with the best discriminator has no gradient; Wasserstein's
distance is the distance (arXiv 1701.07875). A discriminator that is learned is smooth, whatever its
loss, so its slope at generated points still says where the data is (arXiv 1701.04862 says why one
should not count on it: the better it gets, the smaller minimax's gradient).
"""

import sys
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.scipy.stats import norm

from jaxgan.game import losses
from jaxgan.media.pictures import save_picture
from tests.demos.plot import COLORS, GRAY, Line, beside, panel

SHARES, CENTRES, WIDTH = (0.6, 0.4), (-2.0, 2.0), 0.6
X = jnp.linspace(-8.0, 8.0, 1601)
DX = float(X[1] - X[0])
LOG_DATA = jnp.logaddexp(
    *(jnp.log(s) + norm.logpdf(X, c, WIDTH) for s, c in zip(SHARES, CENTRES, strict=True))
)
# The best logit for log(data / model).
BEST = {"kl": lambda r: 1.0 + r, "reverse_kl": lambda r: r, "jensen_shannon": lambda r: r}


def fit(name: str, start=(-1.0, 1.0), steps: int = 600) -> tuple[float, float]:
    """Return mean and standard deviation of the Gaussian that a divergence fits to the mixture."""
    generator = getattr(losses, name).generator
    adam = optax.adam(optax.cosine_decay_schedule(0.05, steps))

    def loss(params):
        log_model = norm.logpdf(X, params[0], jnp.exp(params[1]))
        logits = jax.lax.stop_gradient(BEST[name](LOG_DATA - log_model))
        return (jnp.exp(log_model) * generator(logits)).sum() * DX

    def step(carry, _):
        params, state = carry
        with jax.numpy_dtype_promotion("standard"):
            updates, state = adam.update(jax.grad(loss)(params), state)
        return (optax.apply_updates(params, updates), state), None

    params = jnp.array([start[0], np.log(start[1])], jnp.float32)
    (params, _), _ = jax.lax.scan(step, (params, adam.init(params)), length=steps)
    return float(params[0]), float(jnp.exp(params[1]))


# The second picture: data U(0, 1), model U(d, d + 1).


def jensen_shannon(distance: float) -> float:
    """Return the divergence between U(0, 1) and U(d, d + 1): min(d, 1) log 2."""
    return min(distance, 1.0) * float(np.log(2))


@partial(jax.jit, static_argnums=(0, 2))
def learned_slopes(
    loss: losses.Loss, distance: jax.Array, clip: float = 0.0
) -> tuple[jax.Array, jax.Array]:
    """Return the mean slope of a learned discriminator at the model, and that of the generator's
    loss by a shift of the model.

    A small network is trained for 300 steps on a grid of both densities. clip: the limit of its
    weights, 0 for none.
    """
    real = jnp.linspace(0.0, 1.0, 64)
    fake = real + distance
    sizes = ((1, 32), (32, 32), (32, 1))
    keys = jax.random.split(jax.random.key(0), len(sizes))
    weights = [
        (jax.random.normal(k, s) * np.float32(np.sqrt(2 / s[0])), jnp.zeros(s[1]))
        for k, s in zip(keys, sizes, strict=True)
    ]
    adam = optax.adam(0.01)

    def network(weights, x):
        for i, (w, b) in enumerate(weights):
            x = (jnp.tanh(x) if i else x) @ w + b[None]
        return x[:, 0]

    def d_loss(weights):
        logits = (network(weights, points[:, None]) for points in (real, fake))
        return loss.discriminator(*logits).mean()

    def step(carry, _):
        weights, state = carry
        with jax.numpy_dtype_promotion("standard"):
            updates, state = adam.update(jax.grad(d_loss)(weights), state)
        weights = optax.apply_updates(weights, updates)
        if clip:
            weights = jax.tree.map(lambda w: jnp.clip(w, -clip, clip), weights)
        return (weights, state), None

    (weights, _), _ = jax.lax.scan(step, (weights, adam.init(weights)), length=300)
    logits = lambda shift: network(weights, (fake + shift)[:, None])
    return (
        jax.grad(lambda shift: logits(shift).mean())(0.0),
        jax.grad(lambda shift: loss.generator(logits(shift)).mean())(0.0),
    )


def mixture_panels():
    x = np.asarray(X)
    data = Line("the mixture", x, np.exp(np.asarray(LOG_DATA)), GRAY)
    row = []
    titles = {"kl": "KL", "jensen_shannon": "Jensen-Shannon", "reverse_kl": "reverse KL"}
    for (name, title), color in zip(titles.items(), COLORS, strict=False):
        mean, deviation = fit(name)
        model = np.asarray(norm.pdf(X, mean, deviation))
        found = Line(f"{mean:.2f} +- {deviation:.2f}", x, model, color)
        row.append(panel(f"{title}: the Gaussian that it fits", [data, found], y_range=(0, 0.7)))
    return row


def support_panels():
    distances = np.linspace(0.0, 3.0, 13)
    divergence = np.array([jensen_shannon(d) for d in distances])
    first = panel(
        "divergence of U(0, 1) and U(d, d + 1)",
        [
            Line("Wasserstein", distances, distances, COLORS[0]),
            Line("Jensen-Shannon: flat from 1 on", distances, divergence, COLORS[1]),
        ],
        x_label="d",
        y_range=(0, 4),
    )
    clips = {"minimax": 0.0, "non_saturating": 0.0, "wasserstein": 0.2}
    found = {
        name: jax.vmap(lambda d, n=name, c=clip: learned_slopes(getattr(losses, n), d, c))(
            jnp.asarray(distances, jnp.float32)
        )
        for name, clip in clips.items()
    }
    titles = ("slope of the learned D at the model", "gradient of the generator's loss by d")
    colors = dict(zip(clips, (COLORS[2], COLORS[1], COLORS[0]), strict=True))
    others = [
        panel(
            title,
            [
                Line(n.replace("_", "-"), distances, np.asarray(found[n][i]), colors[n])
                for n in shown
            ],
            x_label="d",
            y_range=(-15.0, 5.0) if i == 0 else None,
        )
        # Minimax and non-saturating share their discriminator.
        for i, (title, shown) in enumerate(
            zip(titles, (("minimax", "wasserstein"), clips), strict=True)
        )
    ]
    return [first, *others]


def main(output: str = "divergences.png") -> None:
    save_picture(Path(output), beside([mixture_panels(), support_panels()]))
    print(output)


if __name__ == "__main__":
    main(*sys.argv[1:])
