"""ConvGRU, TSRUs and ConvLSTM against numpy; the warp; the paper's count of parameters."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.models import recurrent
from jaxgan.models.recurrent import TAPS, ConvLSTM, Recurrent
from tests.models.networks import count
from tests.models.numpy_layers import conv, float64, relu

B, T, H, W, C, F = 2, 3, 5, 4, 2, 3
FAST = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def warped(h, logits):
    """Sum over the neighbours of each pixel, one by one."""
    reach, found = TAPS // 2, np.zeros(h.shape)
    kernels = np.exp(logits.reshape(*logits.shape[:3], 2, TAPS))
    kernels /= kernels.sum(-1, keepdims=True)
    rows = lambda i: min(max(i, 0), h.shape[1] - 1)
    columns = lambda j: min(max(j, 0), h.shape[2] - 1)
    across = np.zeros(h.shape)
    for b, i, j in np.ndindex(h.shape[:3]):
        for n in range(TAPS):
            across[b, i, j] += kernels[b, i, j, 1, n] * h[b, i, columns(j + n - reach)]
    for b, i, j in np.ndindex(h.shape[:3]):
        for n in range(TAPS):
            found[b, i, j] += kernels[b, i, j, 0, n] * across[b, rows(i + n - reach), j]
    return found


def states(unit, p, frames):
    """Return the states of a unit, [b, t, h, w, f], from the formulas."""
    gate = lambda name, *maps: conv(np.concatenate(maps, -1), p[name])
    h, found = np.zeros((*frames.shape[:1], *frames.shape[2:4], F)), []
    for x in np.moveaxis(frames, 1, 0):
        if unit == "conv_gru":
            r, u = sigmoid(gate("reset", h, x)), sigmoid(gate("update", h, x))
            c = relu(gate("candidate", r * h, x))
        else:
            w = warped(h, gate("motion", h, x))
            c = relu(gate("candidate", h if unit == "tsru_p" else w, x))
            u = sigmoid(gate("update", w, c) if unit == "tsru_s" else gate("update", h, x))
            h = w
        h = u * h + (1 - u) * c
        found.append(h)
    return np.stack(found, 1)


def drawn(module, frames):
    shapes = jax.eval_shape(module.init, jax.random.key(0), frames)["params"]
    rng = np.random.default_rng(3)
    return jax.tree.map(lambda x: jnp.asarray(0.3 * rng.normal(size=x.shape), x.dtype), shapes)


SLOW = [pytest.param(unit, marks=pytest.mark.slow) for unit in ("tsru_c", "tsru_p")]


@pytest.mark.parametrize("unit", ["conv_gru", "tsru_s", *SLOW])
def test_units_are_numpys(unit):
    frames, module = normal(B, T, H, W, C), Recurrent(unit, F, T)
    params = drawn(module, frames)
    made = jax.jit(module.apply, compiler_options=FAST)({"params": params}, frames)
    np.testing.assert_allclose(made, states(unit, float64(params), frames), atol=1e-5)


def test_one_frame_is_the_same_at_every_step():
    frame, module = normal(B, 1, H, W, C), Recurrent("conv_gru", F, T)
    again = Recurrent("conv_gru", F, T, remat=True)
    params = drawn(module, frame)

    def both():
        made = module.apply({"params": params}, frame)
        return made, again.apply({"params": params}, jnp.repeat(frame, T, 1))

    made, each = jax.jit(both, compiler_options=FAST)()
    np.testing.assert_allclose(made, each, atol=1e-6)
    assert np.ptp(np.asarray(made), axis=1).max() > 0.1  # the state goes on


@pytest.mark.parametrize("features,channels", [(F, C), (128, 96)])
def test_the_papers_count(features, channels):
    """3 kernels of 3 x 3 from [h, x] to h, and their biases."""
    frames = jax.ShapeDtypeStruct((B, T, H, W, channels), jnp.float32)
    shapes = jax.eval_shape(Recurrent("conv_gru", features, T).init, jax.random.key(0), frames)
    expected = 3 * 9 * (channels + features) * features + 3 * features
    assert count(shapes["params"]) == expected


def test_warps():
    """An identity leaves a state, a shift moves it, equal weights average; numpy agrees on any."""
    h = normal(B, H, W, C, seed=1)
    sure = lambda down, across: (
        np.float32(40.0 * np.eye(TAPS)[[TAPS // 2 + down, TAPS // 2 + across]].reshape(-1))
        * np.ones((B, H, W, 1), np.float32)
    )
    warp = jax.jit(recurrent.warp, compiler_options=FAST)
    np.testing.assert_allclose(warp(h, sure(0, 0)), h, atol=1e-6)
    moved = np.asarray(warp(h, sure(1, -2)))
    np.testing.assert_allclose(moved[:, :-1, 2:], h[:, 1:, :-2], atol=1e-6)
    np.testing.assert_allclose(moved[:, -1, 0], h[:, -1, 0], atol=1e-6)  # outside is the edge
    ones = np.ones_like(h)
    logits = normal(B, H, W, 2 * TAPS, seed=2)
    np.testing.assert_allclose(warp(ones, logits), ones, atol=1e-6)
    np.testing.assert_allclose(warp(h, logits), warped(h, logits), atol=1e-5)


def test_a_conv_lstm_is_numpys():
    x, (h, c), module = normal(B, H, W, C), normal(2, B, H, W, F, seed=1), ConvLSTM(F)
    shapes = jax.eval_shape(module.init, jax.random.key(0), (h, c), x)["params"]
    assert count(shapes) == 9 * (C + F) * 4 * F + 4 * F
    params = jax.tree.map(lambda p: jnp.asarray(0.3 * normal(*p.shape, seed=2)), shapes)
    gates = conv(np.concatenate([x, h], -1), float64(params)["gates"])
    i, j, f, o = np.split(gates, 4, -1)
    cell = c * sigmoid(f + 1) + sigmoid(i) * np.tanh(j)
    output, found = jax.jit(module.apply, compiler_options=FAST)({"params": params}, (h, c), x)
    np.testing.assert_allclose(found, cell, atol=1e-5)
    np.testing.assert_allclose(output, np.tanh(cell) * sigmoid(o), atol=1e-5)
