"""REINFORCE against exact gradients; rewards of every stroke; refusals."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.game.objectives import spiral
from jaxgan.models.spiral import met


def test_reinforce_is_the_exact_gradient_of_a_two_action_bandit():
    """Over an even grid of places that decide the draws; with any baseline."""
    pays = jnp.array([1.0, 4.0])
    places = (jnp.arange(20_000, dtype=jnp.float32) + 0.5) / 20_000
    logits = jnp.array([0.3, -0.5])
    exact = jax.grad(lambda x: (jax.nn.softmax(x) * pays).sum())(logits)

    def loss(x, baseline):
        rows = jnp.broadcast_to(x[None], (len(places), 2))
        chosen = met(rows, places)
        odds = jnp.take_along_axis(jax.nn.log_softmax(rows), chosen[:, None], -1)
        return spiral.reinforce(odds, pays[chosen][:, None] - baseline)

    for baseline in (0.0, 2.5):
        np.testing.assert_allclose(-jax.grad(loss)(logits, baseline), exact, atol=2e-4)


def test_reinforce_over_two_steps_sums_what_every_step_earns():
    odds = jnp.array([[-0.5, -1.0], [-2.0, -0.1]])
    advantage = jnp.array([[3.0, 1.0], [-1.0, 2.0]])
    expected = -((3 * -0.5 + 1 * -1.0) + (-1 * -2.0 + 2 * -0.1)) / 2
    assert float(spiral.reinforce(odds, advantage)) == pytest.approx(expected)


@pytest.mark.parametrize("differences", [False, True])
def test_rewards_sum_to_what_the_judge_says_at_the_end(differences):
    rng = np.random.default_rng(0)
    canvases = jnp.asarray(rng.normal(size=(5, 4, 2, 2, 1)), jnp.float32)
    labels = jnp.arange(5)
    judge = lambda x, y: x.sum((1, 2, 3)) + 10.0 * y.astype(jnp.float32)
    found = np.asarray(spiral.rewards_of(judge, canvases, labels, differences))
    assert found.shape == (5, 3)
    last, first = judge(canvases[:, -1], labels), judge(canvases[:, 0], labels)
    np.testing.assert_allclose(found.sum(1), last - first if differences else last, rtol=1e-5)
    if differences:
        middle = judge(canvases[:, 2], labels) - judge(canvases[:, 1], labels)
        np.testing.assert_allclose(found[:, 1], middle, rtol=1e-4, atol=1e-5)
    else:
        assert not found[:, :-1].any()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"rewards": "both"}, "objective.rewards = 'both': write 'final' or 'differences'"),
        ({"advantage_decay": 1.5}, "objective.advantage_decay = 1.5: write 0 to 1"),
        ({"entropy": -1.0}, "objective.entropy = -1.0: write 0 or more"),
    ],
)
def test_refusals(fields, words):
    config = spiral.default_config()
    config.update(fields)
    with pytest.raises(ValueError, match=words):
        spiral.objectives(config)
