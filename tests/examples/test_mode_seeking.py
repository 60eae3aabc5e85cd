"""A Gaussian fitted to a mixture of two: what a divergence wants (arXiv 1606.00709, section 4).

The game is that of losses.py with the best discriminator at every step, known in closed form for
densities; integrals over a grid stand for samples. KL covers both modes: its best Gaussian has the
mixture's mean and variance. Reverse KL seeks the mode it starts near; from the middle it rests
on a wide Gaussian, with twice the divergence. Jensen-Shannon lies between.
"""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.scipy.stats import norm

from jaxgan import losses

SHARES, CENTRES, WIDTH = np.array([0.6, 0.4]), np.array([-2.0, 2.0]), 0.6
X = jnp.linspace(-8.0, 8.0, 1601)
DX = float(X[1] - X[0])
LOG_DATA = jnp.logaddexp(
    *(jnp.log(s) + norm.logpdf(X, c, WIDTH) for s, c in zip(SHARES.tolist(), CENTRES, strict=True))
)
# The best logit for log(data / model).
BEST = {"kl": lambda r: 1.0 + r, "reverse_kl": lambda r: r, "jensen_shannon": lambda r: r}


def fit(name: str, start=(-1.0, 1.0), steps: int = 600) -> tuple[float, float]:
    """Return mean and standard deviation of the fitted Gaussian."""
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


MEAN = float((SHARES * CENTRES).sum())
DEVIATION = float(np.sqrt(WIDTH**2 + (SHARES * (CENTRES - MEAN) ** 2).sum()))


def test_kl_covers_the_modes():
    """The closed form: the mixture's moments."""
    # 1e-3: the optimiser's last steps.
    assert fit("kl") == (pytest.approx(MEAN, abs=1e-3), pytest.approx(DEVIATION, rel=1e-3))


@pytest.mark.parametrize(("start", "mode"), [(-1.0, 0), (1.0, 1)])
def test_reverse_kl_seeks_the_mode_where_it_starts(start, mode):
    mean, deviation = fit("reverse_kl", start=(start, 1.0))
    # 0.02: the modes overlap a little.
    assert mean == pytest.approx(CENTRES[mode], abs=0.02)
    assert deviation == pytest.approx(WIDTH, abs=0.02)


def test_jensen_shannon_lies_between():
    widths = [fit(name)[1] for name in ("reverse_kl", "jensen_shannon", "kl")]
    assert widths[0] < widths[1] < widths[2]
