"""The one-dimensional game: the generator finds the data, the discriminator its closed form."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import norm

from jaxgan.game.game import bind, init_state
from tests.demos import density


def test_best_discriminator():
    """It maximises data log D + model log(1 - D) at every point, and is 1/2 for equal densities."""
    x = np.linspace(-0.2, 1.3, 11)
    p, q = norm.pdf(x, density.MEAN, density.DEVIATION), norm.pdf(x, 0.2, 0.4)
    best = density.best_discriminator(x, 0.2, 0.4)
    value = lambda d: p * np.log(d) + q * np.log(1 - d)
    assert (value(best) > value(best + 1e-4)).all() and (value(best) > value(best - 1e-4)).all()
    same = density.best_discriminator(x, density.MEAN, density.DEVIATION)
    np.testing.assert_allclose(same, 0.5)


def test_the_density_moves_onto_the_data():
    game = density.density_game()
    state = density.trained(game, init_state(game, 0), 400)
    mean, deviation = density.moments(state)
    assert density.START[0] + 0.5 < mean < density.MEAN  # under way
    x = np.linspace(mean - deviation, mean + deviation, 101)
    critic = game.players["discriminator"].side
    logits = bind(critic, state.players["discriminator"].params).call(jnp.float32(x)[:, None], None)
    d = jax.nn.sigmoid(logits)
    # 0.1: a network of 32 units that follows a moving target, where its samples are.
    np.testing.assert_allclose(d, density.best_discriminator(x, mean, deviation), atol=0.1)
    state = density.trained(game, state, 2600)
    assert density.moments(state) == (
        pytest.approx(density.MEAN, abs=0.05),
        pytest.approx(density.DEVIATION, abs=0.05),
    )
