"""GAIL: advantages against a loop, rewards in numbers, the policy gradient against the exact one of
a bandit, the judge's loss by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.environments.environment import Environment
from jaxgan.game.game import Batch, Bound, Nets
from jaxgan.game.keys import Keys
from jaxgan.game.objectives import gail
from jaxgan.media.transitions import transitions

PAYS = jnp.array([1.0, 3.0])
LOGITS = jnp.array([0.4, -0.3])
# One state, two actions, one step.
BANDIT = Environment(
    reset=lambda key: jnp.zeros(1),
    step=lambda state, action: (state, PAYS[action]),
    observe=lambda state: state,
    observation=1,
    actions=("low", "high"),
    horizon=1,
    lines=lambda observation: np.zeros((0, 2, 2)),
)


def test_advantages_against_a_loop():
    rng = np.random.default_rng(0)
    rewards, values = rng.normal(size=(3, 7)), rng.normal(size=(3, 8))
    discount, decay = 0.9, 0.7
    expected = np.zeros((3, 7))
    for t in range(7):
        for later in range(t, 7):
            error = rewards[:, later] + discount * values[:, later + 1] - values[:, later]
            expected[:, t] += (discount * decay) ** (later - t) * error
    found = gail.advantages(*map(jnp.float32, (rewards, values)), discount, decay)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_with_a_decay_of_one_an_advantage_is_the_return_minus_the_value():
    rewards, values = jnp.array([[1.0, 2.0, 4.0]]), jnp.array([[0.5, 0.25, 0.0, 8.0]])
    found = gail.advantages(rewards, values, 0.5, 1.0)
    returns = [1 + 1 + 1 + 1, 2 + 2 + 2, 4 + 4]  # with the last state's value
    np.testing.assert_allclose(found[0], np.array(returns) - [0.5, 0.25, 0.0], rtol=1e-6)


def test_rewards_in_numbers():
    """D = s(logit) high for the expert: -log(1 - D) and log D; both rise with the logit."""
    logits = jnp.array([-2.0, 0.0, 3.0])
    share = 1 / (1 + np.exp(-np.float64(logits)))
    np.testing.assert_allclose(gail.REWARDS["softplus"](logits), -np.log(1 - share), rtol=1e-5)
    np.testing.assert_allclose(gail.REWARDS["log"](logits), np.log(share), rtol=1e-5)
    np.testing.assert_allclose(gail.REWARDS["softplus"](logits), [0.126928, 0.693147, 3.048587],
                               rtol=1e-5)  # fmt: skip
    np.testing.assert_array_equal(gail.REWARDS["constant"](logits), np.ones(3))
    for name in ("softplus", "log"):
        assert (np.diff(gail.REWARDS[name](logits)) > 0).all()


def exact_gradient():
    """Return d E[pay] / d logits = p (pay - E pay) of the bandit."""
    odds = np.exp(LOGITS) / np.exp(LOGITS).sum()
    return odds * (PAYS - (odds * PAYS).sum()), odds


def test_the_policy_gradient_is_the_exact_one_on_average():
    """Its mean over the actions, each as often as it is drawn, is minus the slope of E[pay]."""
    exact, odds = exact_gradient()
    one = lambda logits, action: gail.policy_loss(logits[None], jnp.array([action]), PAYS[action])
    slopes = [jax.grad(one)(LOGITS, action) for action in (0, 1)]
    np.testing.assert_allclose(-sum(o * s for o, s in zip(odds, slopes, strict=True)), exact,
                               rtol=1e-5)  # fmt: skip


def test_rollouts_give_the_exact_gradient():
    """Through rollout, judge, reward, advantage and loss: 20,000 plays of the bandit, whose judge
    pays softplus; standardised advantages divide the gradient by the pays' deviation."""
    judge = lambda sample, condition: jnp.log(jnp.expm1(sample[1] @ PAYS))
    objective = gail.objectives(gail.default_config())["generator"].func
    fields = {"environment": BANDIT, "rollouts": 20_000, "reward": gail.REWARDS["softplus"]}
    fields |= {"discount": 0.9, "decay": 0.9, "entropy_weight": 0.0}

    def loss(logits):
        act = lambda seen: jnp.broadcast_to(logits, (len(seen), 2))
        value = lambda seen: jnp.zeros(len(seen))
        nets = Nets({
            "generator": Bound({"act": act, "value": value}),
            "discriminator": Bound({"call": judge}),
        })  # fmt: skip
        return objective(None, nets, {}, Batch(()), Keys(jax.random.key(0)), **fields)

    slope, outcome = jax.jit(jax.grad(loss, has_aux=True))(LOGITS)
    exact, odds = exact_gradient()
    deviation = np.sqrt(odds[0] * odds[1]) * (PAYS[1] - PAYS[0])
    np.testing.assert_allclose(-slope, exact / deviation, rtol=0.05)
    metrics = outcome.metrics
    mean = float((odds * PAYS).sum())
    assert float(metrics["reward"]) == pytest.approx(mean, rel=0.02)
    assert float(metrics["return"]) == pytest.approx(mean, rel=0.02)
    assert float(metrics["entropy"]) == pytest.approx(-(odds * np.log(odds)).sum(), rel=1e-5)


def test_the_value_error_is_that_of_a_step_on_average():
    """V (1 - gamma) is what the network says: 0.7 here, for a pay of 2 for ever."""
    even = jnp.array([2.0, 2.0])
    world = BANDIT._replace(step=lambda state, action: (state, even[action]), horizon=3)
    judge = lambda sample, condition: jnp.full(len(sample[0]), 5.0)
    nets = Nets({
        "generator": Bound({
            "act": lambda seen: jnp.zeros((len(seen), 2)),
            "value": lambda seen: jnp.full(len(seen), 0.7),
        }),
        "discriminator": Bound({"call": judge}),
    })  # fmt: skip
    objective = gail.objectives(gail.default_config())["generator"].func
    fields = {"environment": world, "rollouts": 4, "reward": lambda x: jnp.full_like(x, 2.0)}
    fields |= {"discount": 0.8, "decay": 0.0, "entropy_weight": 0.0}
    run = lambda: objective(None, nets, {}, Batch(()), Keys(jax.random.key(0)), **fields)[1].metrics
    metrics = jax.jit(run)()
    # One step: 2 + 0.8 V - V with V = 0.7 / 0.2 = 3.5 is 1.3, times 0.2.
    assert float(metrics["value_error"]) == pytest.approx((0.2 * 1.3) ** 2, rel=1e-4)


def judge_loss(expert, policy, weight):
    """Return the judge's loss where it gives these logits to the pairs of expert and policy."""
    judge = lambda sample, condition: jnp.where(sample[0][:, 0] > 0, expert, policy)
    nets = Nets({
        "generator": Bound({"act": lambda seen: jnp.zeros((len(seen), 2))}),
        "discriminator": Bound({"call": judge}),
    })  # fmt: skip
    batch = Batch((jnp.ones((4, 1)), jnp.eye(2)[jnp.array([0, 1, 0, 1])]))
    objective = gail.objectives(gail.default_config())["discriminator"].func
    fields = {"environment": BANDIT, "rollouts": 3, "judge_entropy": weight}
    return jax.jit(lambda: objective(None, nets, {}, batch, Keys(jax.random.key(0)), **fields))()


def test_the_judge_calls_the_expert_high():
    loss, outcome = judge_loss(1.5, -0.5, 0.25)
    right = 1 / (1 + np.exp(-1.5)), 1 / (1 + np.exp(0.5))
    spread = [-(p * np.log(p) + (1 - p) * np.log(1 - p)) for p in right]
    expected = -np.log(right[0]) - np.log(1 - right[1]) - 0.25 * np.mean(spread)
    assert float(loss) == pytest.approx(expected, rel=1e-5)
    real, fake = outcome.drawn.logits
    assert (real == 1.5).all() and (fake == -0.5).all()
    assert outcome.drawn.fake.sample[1].shape == (4, 2)  # as many as of the expert


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"reward": "airl"}, "objective.reward = 'airl': write one of 'softplus', 'log', 'const"),
        ({"rollouts": 0}, "objective.rollouts = 0: write 1 or more"),
        ({"discount": 1.0}, "objective.discount = 1.0: write 0 or more, below 1"),
        ({"advantage_decay": 1.5}, "objective.advantage_decay = 1.5: write 0 to 1"),
        ({"entropy": -1.0}, "objective.entropy = -1.0: write 0 or more"),
        ({"environment": "pole"}, "objective.environment = 'pole': write 'pendulum' or"),
    ],
)
def test_refused(fields, message):
    config = gail.default_config()
    config.update(fields)
    with pytest.raises(ValueError, match=message):
        gail.objectives(config)


def test_data_of_another_environment_are_refused():
    gail.init_stats(gail.default_config(), transitions(3, 3).spec)
    with pytest.raises(
        ValueError, match="3 observed numbers and 3 actions, but the data have 4 and 2"
    ):
        gail.init_stats(gail.default_config(), transitions(4, 2).spec)
