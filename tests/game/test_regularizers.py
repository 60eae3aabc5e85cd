"""Orthogonal regularisation against numpy and against the derivative of the stated penalty."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.game.regularizers import (
    clip_weights,
    freeze,
    orthogonal_gradient,
    orthogonal_regularization,
)


def penalty(m):
    """|| W W^T * (1 - I) ||^2 with a row of W for each output, m = W^T [inputs, outputs]."""
    gram = m.T @ m
    return ((gram * (1.0 - jnp.eye(len(gram)))) ** 2).sum()


# Both ways through the Gram matrix: [inputs, outputs] with fewer inputs, and with fewer outputs.
@pytest.mark.parametrize("shape", [(3, 11), (11, 3), (5, 5)])
def test_gradient_is_the_derivative_of_the_penalty(shape):
    m = jax.random.normal(jax.random.key(0), shape)
    w = np.asarray(m, np.float64).T
    by_hand = 4.0 * ((w @ w.T) * (1.0 - np.eye(len(w)))) @ w
    np.testing.assert_allclose(orthogonal_gradient(m), by_hand.T, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(jax.grad(penalty)(m), by_hand.T, rtol=1e-4, atol=1e-4)


def test_orthogonal_rows_of_any_length_are_left_alone():
    m = jnp.diag(jnp.array([1.0, 2.0, 3.0]))
    np.testing.assert_array_equal(orthogonal_gradient(m), np.zeros((3, 3)))


def test_what_is_added_and_to_which_leaves():
    keys = jax.random.split(jax.random.key(1), 4)
    params = {
        "conv": {"kernel": jax.random.normal(keys[0], (3, 3, 2, 5)), "bias": jnp.ones(5)},
        "head": {"projection": {"embedding": jax.random.normal(keys[1], (6, 4))}},
        "shared_embedding": {"embedding": jax.random.normal(keys[2], (6, 4))},
        "encoder": {"linear": {"kernel": jax.random.normal(keys[3], (6, 4))}},
    }
    grads = jax.tree.map(jnp.ones_like, params)
    regularizer = orthogonal_regularization(0.5)
    new, _ = regularizer.update(grads, regularizer.init(params), params)
    kernel = params["conv"]["kernel"]
    extra = jax.grad(lambda k: penalty(k.reshape(-1, 5)))(kernel)
    np.testing.assert_allclose(new["conv"]["kernel"], 1.0 + 0.5 * extra, rtol=1e-4, atol=1e-4)
    table = params["head"]["projection"]["embedding"]
    extra = jax.grad(lambda t: penalty(t.T))(table)
    added = new["head"]["projection"]["embedding"]
    np.testing.assert_allclose(added, 1.0 + 0.5 * extra, rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(new["conv"]["bias"], grads["conv"]["bias"])
    for name in ("shared_embedding", "encoder"):
        jax.tree.map(np.testing.assert_array_equal, new[name], grads[name])


def test_clip_lands_parameters_within_the_limit():
    params = {"a": jnp.array([0.0, 0.9, -3.0])}
    updates, _ = clip_weights(1.0).update({"a": jnp.array([0.5, 0.5, 0.5])}, (), params)
    np.testing.assert_allclose(params["a"] + updates["a"], [0.5, 1.0, -1.0], rtol=1e-6)


def test_clipping_leaves_how_far_a_network_has_grown():
    params = {"progress": jnp.float32(2.0), "deep": {"progress": jnp.float32(2.0)}}
    updates, _ = clip_weights(0.01).update(jax.tree.map(jnp.zeros_like, params), (), params)
    assert float(updates["progress"]) == 0.0 and float(updates["deep"]["progress"]) < -1.9


def test_gains_are_lengths_which_orthogonality_leaves_free():
    params = {"gain": jnp.ones((1, 1, 4)), "kernel": jnp.ones((3, 2, 4))}
    zeros = jax.tree.map(jnp.zeros_like, params)
    updates, _ = orthogonal_regularization(1.0).update(zeros, (), params)
    assert not updates["gain"].any() and updates["kernel"].all()


def test_frozen_parameters_stay_and_a_wrong_path_is_refused():
    params = {"trunk": {"block_0": jnp.ones(3), "block_1": jnp.ones(2)}, "head": jnp.ones(2)}
    link = freeze(("trunk/block_0", "head"))
    updates, _ = link.update(jax.tree.map(lambda p: 0.1 * p, params), link.init(params), params)
    np.testing.assert_array_equal(updates["trunk"]["block_0"], 0.0)
    np.testing.assert_array_equal(updates["head"], 0.0)
    np.testing.assert_allclose(updates["trunk"]["block_1"], 0.1)
    with pytest.raises(ValueError, match="freeze has 'block_0', no path here: write some of"):
        freeze(("block_0",)).init(params)


def test_a_frozen_path_is_matched_part_by_part():
    """block_1 is not block_10; a path may name a single leaf, or end with a slash."""
    params = {"trunk": {"block_1": {"bias": jnp.ones(2)}, "block_10": {"bias": jnp.ones(2)}}}
    for prefix in ("trunk/block_1", "trunk/block_1/", "trunk/block_1/bias"):
        link = freeze((prefix,))
        updates, _ = link.update(params, link.init(params), params)
        np.testing.assert_array_equal(updates["trunk"]["block_1"]["bias"], 0.0)
        np.testing.assert_array_equal(updates["trunk"]["block_10"]["bias"], 1.0)
