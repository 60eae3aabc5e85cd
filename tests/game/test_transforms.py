"""Spectral norm against the singular value decomposition, and its gradient."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from jaxgan.game.transforms import chain, identity, is_normalised, power_iteration, spectral_norm


def matrix(*shape, seed=0):
    return jax.random.normal(jax.random.key(seed), shape)


def unit(x):
    return x / np.linalg.norm(x)


def test_many_iterations_find_the_largest_singular_value_and_its_vector():
    w = matrix(7, 5)
    sigma, u = power_iteration(w, jnp.ones(5), iterations=200)
    _, s, vt = np.linalg.svd(np.asarray(w))
    np.testing.assert_allclose(sigma, s[0], rtol=1e-5)
    np.testing.assert_allclose(np.abs(vt[0] @ np.asarray(u)), 1.0, rtol=1e-5)


def test_one_iteration_is_the_stated_formula_and_never_above_sigma():
    w, u = np.asarray(matrix(7, 5)), np.asarray(matrix(5, seed=1))
    v = unit(w @ u)
    next_u = unit(v @ w)
    sigma, new = power_iteration(jnp.asarray(w), jnp.asarray(u))
    np.testing.assert_allclose(sigma, v @ w @ next_u, rtol=1e-5)
    np.testing.assert_allclose(new, next_u, rtol=1e-5)
    assert sigma <= np.linalg.svd(w)[1][0] * (1 + 1e-6)


def test_sigma_is_one_at_orthogonal_initialisation_from_the_first_step():
    w = jax.nn.initializers.orthogonal()(jax.random.key(0), (3, 3, 4, 8))
    params = {"conv": {"kernel": w}}
    sn = spectral_norm()
    weights, _ = sn.apply(params, sn.init(params, jax.random.key(1)))
    # Semi-orthogonal: every singular value is 1, so any u gives sigma 1.
    np.testing.assert_allclose(weights["conv"]["kernel"], w, rtol=0, atol=1e-6)


def test_gradient_is_the_stated_formula():
    w, u = matrix(6, 4), matrix(4, seed=1)
    upstream = matrix(6, 4, seed=2)
    params, state = {"kernel": w}, {"kernel": u}
    grads = jax.grad(lambda p: (spectral_norm().apply(p, state)[0]["kernel"] * upstream).sum())(
        params
    )["kernel"]
    a, w, u = (np.asarray(x, np.float64) for x in (upstream, w, u))
    v = unit(w @ u)
    u = unit(v @ w)
    sigma = v @ w @ u
    # W here is [inputs, outputs], the transpose of the formula's: u v^T becomes v u^T.
    expected = (a - (a * w / sigma).sum() * np.outer(v, u)) / sigma
    np.testing.assert_allclose(grads, expected, rtol=2e-5, atol=1e-6)


def test_gradient_with_u_and_v_converged_is_that_of_the_true_norm():
    w = matrix(6, 4)
    _, u = power_iteration(w, jnp.ones(4), iterations=200)
    ours = jax.grad(lambda w: power_iteration(w, u)[0])(w)
    true = jax.grad(lambda w: jnp.linalg.norm(w, 2))(w)
    np.testing.assert_allclose(ours, true, rtol=0, atol=2e-5)
    check_grads(lambda w: power_iteration(w, u)[0], (w,), 1, ["rev"], atol=1e-2, rtol=1e-2)


def test_a_kernel_that_starts_at_zero_is_normalised_once_it_is_not():
    sn, zeros = spectral_norm(), {"kernel": jnp.zeros((8, 6))}
    weights, state = sn.apply(zeros, sn.init(zeros, jax.random.key(0)))
    assert not weights["kernel"].any() and np.isfinite(state["kernel"]).all()
    for _ in range(100):
        weights, state = sn.apply({"kernel": matrix(8, 6)}, state)
    np.testing.assert_allclose(np.linalg.norm(weights["kernel"], 2), 1.0, rtol=1e-4)


@pytest.mark.parametrize(("size", "norm"), [(2e-4, 1.0), (5e-5, 5e-5)])
def test_kernels_below_eps_stay_as_they_are_at_every_step(size, norm):
    sn, params = spectral_norm(eps=1e-4), {"kernel": size * jnp.eye(8)}
    state = sn.init(params, jax.random.key(0))
    for _ in range(30):
        weights, state = sn.apply(params, state)
    np.testing.assert_allclose(np.linalg.norm(weights["kernel"], 2), norm, rtol=1e-4)


@pytest.mark.parametrize("iterations", [1, 3])
def test_state_converges_over_steps(iterations):
    params = {"kernel": matrix(3, 3, 4, 6)}
    sn = spectral_norm(iterations=iterations)
    state = sn.init(params, jax.random.key(0))
    for _ in range(100):
        weights, state = sn.apply(params, state)
    largest = np.linalg.svd(np.asarray(weights["kernel"]).reshape(-1, 6))[1][0]
    np.testing.assert_allclose(largest, 1.0, rtol=1e-4)


def test_which_leaves_are_normalised():
    table = {
        "trunk/conv/kernel": (3, 3, 2, 4),
        "head/projection/embedding": (10, 4),
    }
    others = {"shared_embedding/embedding": (10, 4), "conv/bias": (4,), "attention/gamma": ()}
    others |= {"encoder/network/stem/conv/kernel": (3, 3, 2, 4)}
    assert all(is_normalised(path, jnp.zeros(shape)) for path, shape in table.items())
    assert not any(is_normalised(path, jnp.zeros(shape)) for path, shape in others.items())


def test_an_embeddings_rows_are_its_outputs():
    params = {"head": {"projection": {"embedding": matrix(10, 4)}}}
    sn = spectral_norm(iterations=100)
    state = sn.init(params, jax.random.key(0))
    assert state["head/projection/embedding"].shape == (10,)
    weights, _ = sn.apply(params, state)
    largest = np.linalg.svd(np.asarray(weights["head"]["projection"]["embedding"]))[1][0]
    np.testing.assert_allclose(largest, 1.0, rtol=1e-4)


def test_chain_applies_first_to_last_and_keeps_both_states():
    params = {"kernel": matrix(6, 4)}
    double = identity()._replace(
        apply=lambda p, s: (jax.tree.map(lambda x: 2.0 * x, p), s), init=lambda p, k: "mine"
    )
    both = chain(spectral_norm(), double)
    state = both.init(params, jax.random.key(0))
    assert state[1] == "mine"
    weights, new = both.apply(params, state)
    alone, _ = spectral_norm().apply(params, state[0])
    np.testing.assert_allclose(weights["kernel"], 2.0 * alone["kernel"], rtol=1e-6)
    assert new[1] == "mine"
