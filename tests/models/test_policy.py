"""Policy, value and judge: parameters by arithmetic, and how they begin."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.media.transitions import transitions
from jaxgan.models import policy
from tests.tiny import spec_of


def sides(observation=3, actions=3):
    return policy.networks(policy.default_config(), transitions(observation, actions).spec)


def count(inputs, outputs, width=100):
    return inputs * width + width + width * width + width + width * outputs + outputs


@pytest.mark.parametrize(("observation", "actions"), [(3, 3), (4, 2)])
def test_two_layers_of_100_units(observation, actions):
    found = sides(observation, actions)
    params = {n: jax.eval_shape(s.init, jax.random.key(0)) for n, s in found.items()}
    size = lambda tree: sum(x.size for x in jax.tree.leaves(tree))
    assert size(params["generator"]["policy"]) == count(observation, actions)
    assert size(params["generator"]["critic"]) == count(observation, 1)
    assert size(params["discriminator"]) == count(observation + actions, 1)
    assert params["generator"].keys() == {"policy", "critic"}


def test_at_first_the_judge_knows_nothing_and_every_action_is_tried():
    found, rng = sides(), np.random.default_rng(0)
    seen = jnp.asarray(rng.normal(size=(6, 3)), jnp.float32)
    own = {name: jax.jit(side.init)(jax.random.key(1)) for name, side in found.items()}
    sample = seen, jnp.eye(3)[jnp.array([0, 1, 2, 0, 1, 2])]
    judged = found["discriminator"].calls["call"]({"params": own["discriminator"]}, sample, ())
    np.testing.assert_array_equal(judged, np.zeros(6))
    calls, weights = found["generator"].calls, {"params": own["generator"]}
    assert calls.keys() == {"act", "value"}
    odds = jax.nn.softmax(calls["act"](weights, seen))
    np.testing.assert_allclose(odds, np.full((6, 3), 1 / 3), atol=0.02)
    assert calls["value"](weights, seen).shape == (6,)


def test_a_perceptron_in_numpy():
    found, rng = sides(4, 2)["generator"], np.random.default_rng(0)
    params = jax.jit(found.init)(jax.random.key(2))
    x = seen = rng.normal(size=(5, 4)).astype("float32")
    own = jax.tree.map(np.float64, params["policy"])
    for name in ("layer_0", "layer_1"):
        x = np.tanh(x @ own[name]["kernel"] + own[name]["bias"])
    expected = x @ own["last"]["kernel"] + own["last"]["bias"]
    np.testing.assert_allclose(found.calls["act"]({"params": params}, seen), expected, atol=1e-6)


def test_images_are_refused():
    with pytest.raises(ValueError, match=r"acts on observations.*data.medium = 'transitions'"):
        policy.networks(policy.default_config(), spec_of((8, 8, 1), 3))
