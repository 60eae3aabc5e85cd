"""Attention in blocks of queries: numpy, derivatives of two orders, and no matrix of all pairs."""

import jax
import jax.numpy as jnp
import jax.test_util
import numpy as np
import pytest
from jax._src.cudnn import fused_attention_stablehlo

from jaxgan.models import attention
from jaxgan.planning.hlo import Program

QUERIES, KEYS = 24, 6


def inputs(queries=QUERIES, keys=KEYS):
    rng = np.random.default_rng(0)
    shapes = (2, queries, 3), (2, keys, 3), (2, keys, 5)
    return [jnp.asarray(rng.normal(size=s), jnp.float32) for s in shapes]


def by_numpy(q, k, v):
    scores = np.asarray(q, np.float64) @ np.asarray(k, np.float64).transpose(0, 2, 1)
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True) @ np.asarray(v, np.float64)


# 144 pairs: in one piece, in pieces of 12, 8 (7 does not divide 24) and 1 queries.
@pytest.mark.parametrize(("pairs", "pieces"), [(144, 1), (72, 2), (47, 4), (6, 24), (1, 24)])
def test_blocks_of_queries_are_the_whole(monkeypatch, pairs, pieces):
    q, k, v = inputs()
    attend = lambda *a: attention.attend(*a)
    whole = lambda *a: jax.jacrev(jax.grad(lambda *a: jnp.sin(attend(*a)).sum(), (0, 1, 2)), 2)(*a)
    monkeypatch.setattr(attention, "PAIRS", QUERIES * KEYS)
    second = whole(q, k, v)
    monkeypatch.setattr(attention, "PAIRS", pairs)
    np.testing.assert_allclose(attention.attend(q, k, v), by_numpy(q, k, v), rtol=2e-6, atol=1e-6)
    jax.test_util.check_grads(attention.attend, (q, k, v), order=2, modes=["rev"], rtol=0.02)
    for a, b in zip(whole(q, k, v), second, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=2e-6)
    program = Program(jax.jit(lambda *a: attention.attend(*a)).lower(q, k, v).compile().as_text())
    assert max(program.executions.values()) == pieces


def test_all_pairs_are_never_held():
    """Neither forward nor backward: no array of the program has as many elements as there are."""
    q, k, v = inputs(4096, 1024)
    gradient = jax.jit(jax.grad(lambda *a: jnp.square(attention.attend(*a)).sum(), (0, 1, 2)))
    program = Program(gradient.lower(q, k, v).compile().as_text())
    largest = max(i.elements for body in program.computations.values() for i in body.values())
    assert largest < 2 * 4096 * 1024 / 8


def test_the_fused_form_is_the_same(monkeypatch):
    """Value, log of the sums and gradient of what a card gets, here with JAX's own attention."""

    def plain(*inputs, scale, return_residual):
        found, log_sums = jax.nn.dot_product_attention(
            *inputs, scale=scale, return_residual=return_residual
        )
        return found, log_sums.swapaxes(1, 2)

    monkeypatch.setattr(fused_attention_stablehlo, "dot_product_attention", plain)
    q, k, v = inputs()
    q = q.swapaxes(1, 2)
    found, log_sums = attention._forward_fused(q, k, v, pairs=KEYS)
    expected = attention._forward_by_blocks(q, k, v, pairs=KEYS)
    for a, b in zip((found, log_sums), expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-6, atol=1e-6)
    operands = (q, k, v, *expected, jnp.cos(found))
    fused = attention._gradient_fused(*operands, pairs=KEYS)
    in_blocks = attention._gradient_of_result(*operands, pairs=KEYS)
    for a, b in zip(fused, in_blocks, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=2e-6)


def test_vmap_of_a_gradient():
    q, k, v = inputs()
    gradient = jax.grad(lambda *a: jnp.sin(attention.attend(*a)).sum(), (0, 1, 2))
    mapped = jax.vmap(gradient, (0, None, 0))(jnp.stack((q, 2 * q)), k, jnp.stack((v, -v)))
    alone = [gradient(q, k, v), gradient(2 * q, k, -v)]
    for a, b in zip(mapped, map(jnp.stack, zip(*alone, strict=True)), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_bfloat16_is_the_same_up_to_its_rounding():
    """Scores, sums and what is summed over blocks are float32: errors stay a few units of 2^-8."""
    narrow = [x.astype(jnp.bfloat16) for x in inputs(64, 32)]
    both = lambda *a: jax.value_and_grad(
        lambda *a: jnp.sin(attention.attend(*a).astype(jnp.float32)).sum(), (0, 1, 2)
    )(*a)
    exact = both(*(x.astype(jnp.float32) for x in narrow))
    for a, b in zip(jax.tree.leaves(both(*narrow)), jax.tree.leaves(exact), strict=True):
        a = np.asarray(a, np.float32)
        assert np.abs(a - b).max() < 0.015 * np.abs(b).max()
