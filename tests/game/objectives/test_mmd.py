"""The squared maximum mean discrepancy against sums over pairs and a closed form."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from jaxgan.game.game import Batch, Bound, Nets
from jaxgan.game.keys import Keys
from jaxgan.game.objectives import mmd

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(5, 3)), RNG.normal(size=(4, 3)) + 0.5


def k(a, b):
    return sum(np.exp(-((a - b) ** 2).sum() / (2 * s * s)) for s in (1, 2, 4, 8, 16))


def by_pairs(x, y):
    n, m = len(x), len(y)
    within_x = sum(k(x[i], x[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    within_y = sum(k(y[i], y[j]) for i in range(m) for j in range(m) if i != j) / (m * (m - 1))
    return within_x + within_y - 2 * np.mean([k(a, b) for a in x for b in y])


def test_equals_the_sum_over_pairs():
    found = mmd.squared_mmd(jnp.float32(X), jnp.float32(Y))
    assert float(found) == pytest.approx(by_pairs(X, Y), abs=1e-5)  # of terms up to 5, in float32
    check_grads(mmd.squared_mmd, (jnp.float32(X), jnp.float32(Y)), 1, ["rev"], rtol=0.02, atol=0.02)


def test_two_gaussians():
    """Between N(0, I) and N(m, I): E k = sum (s^2 / (s^2 + 2))^(d/2) exp(-|.|^2 / (2 s^2 + 4))."""
    shift, d = np.array([0.9, -0.4]), 2

    def mean_kernel(squared):
        return sum(
            (s * s / (s * s + 2)) ** (d / 2) * np.exp(-squared / (2 * (s * s + 2)))
            for s in mmd.BANDWIDTHS
        )

    expected = 2 * mean_kernel(0.0) - 2 * mean_kernel((shift**2).sum())
    x, y = jax.random.normal(jax.random.key(0), (2, 400, 32, d))
    estimates = np.asarray(jax.vmap(mmd.squared_mmd)(x, y + shift.astype(np.float32)[None, None]))
    error = estimates.std() / np.sqrt(len(estimates))
    assert estimates.mean() == pytest.approx(expected, abs=4 * error)  # unbiased
    assert error < 0.05 * expected
    same = np.asarray(jax.vmap(mmd.squared_mmd)(x, y))
    assert abs(same.mean()) < 4 * same.std() / np.sqrt(len(same)) and same.min() < 0


def test_a_single_example_has_no_pairs():
    with pytest.raises(ValueError, match=r"train\.batch = 2 or more"):
        mmd.squared_mmd(jnp.ones((1, 3)), jnp.ones((1, 3)))


def test_the_two_players():
    class Game:
        source = staticmethod(lambda key, batch: (jnp.float32(Y), jnp.zeros(4, jnp.int32)))

    critic = {"encode": lambda x: 2.0 * x, "decode": lambda x: 0.4 * x}
    critic["call"] = lambda x, y: x.sum(-1)  # for terms on top
    generator = Bound({"call": lambda z, y: z + 1.0})
    nets = Nets({"generator": generator, "discriminator": Bound(critic)})
    batch = Batch(jnp.float32(X[:4]), jnp.zeros(4, jnp.int32))
    keys = Keys(jax.random.key(0))
    distance = by_pairs(2 * X[:4], 2 * (Y + 1))
    loss, outcome = mmd.generator_objective(Game, nets, {}, batch, keys)
    assert float(loss) == pytest.approx(distance, abs=1e-5)
    assert outcome.drawn.logits is None
    loss, outcome = mmd.discriminator_objective(Game, nets, {}, batch, keys, weight=3.0)
    error = (0.2 * np.concatenate([X[:4], Y + 1])) ** 2  # decode(encode(x)) = 0.8 x
    assert float(loss) == pytest.approx(3 * error.mean() - distance, abs=1e-5)
    real, fake = outcome.drawn.logits
    np.testing.assert_allclose(real, X[:4].sum(-1), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(fake, (Y + 1).sum(-1), rtol=1e-5, atol=1e-6)
