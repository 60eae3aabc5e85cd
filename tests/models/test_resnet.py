"""ResNet and RevNet against numpy, their published sizes, and what reversing saves."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.models.resnet import Bottleneck, ResNet
from jaxgan.models.revnet import RevNet, forward, reversible
from tests.models.numpy_layers import conv

EPS = 1e-4


def params_of(network, size=32):
    images = jax.ShapeDtypeStruct((2, size, size, 3), jnp.float32)
    init = partial(network.init, mutable=["params"])
    return jax.eval_shape(init, jax.eval_shape(lambda: jax.random.key(0)), images)["params"]


def count(tree):
    return sum(leaf.size for leaf in jax.tree.leaves(tree))


def resnet_count(width, depths=(3, 4, 6, 3)):
    """Convolutions, two numbers for each channel of a batch norm, and nothing else."""
    total, inputs = 7 * 7 * 3 * width, width
    for i, depth in enumerate(depths):
        inner = width << i
        for j in range(depth):
            total += inputs * inner + 9 * inner * inner + 4 * inner * inner
            total += 2 * (inputs + 2 * inner) + (4 * inner * inputs if j == 0 else 0)
            inputs = 4 * inner
    return total + 2 * inputs


def revnet_count(width, depths=(3, 4, 6, 3)):
    total = 7 * 7 * 3 * 4 * width
    for i, depth in enumerate(depths):
        half = 2 * width << i
        inner = half // 4
        total += depth * (2 * half * inner + 9 * inner * inner + 2 * (half + 2 * inner))
    return total + 2 * (4 * width << len(depths) - 1)


@pytest.mark.parametrize("multiple", [1, 2, 4])
def test_counts(multiple):
    """ResNet-50's number is that of a port of the published encoder; RevNet-50 x4 is "86M"."""
    width = 64 * multiple
    resnet, revnet = count(params_of(ResNet(width))), count(params_of(RevNet(width)))
    assert (resnet, revnet) == (resnet_count(width), revnet_count(width))
    if multiple == 1:
        assert resnet == 23_500_352
    if multiple == 4:
        assert revnet == 85_765_632


@pytest.mark.parametrize(("network", "size"), [(ResNet, 256), (ResNet, 75), (RevNet, 50)])
def test_any_size_gives_the_features(network, size):
    net = network(8, (1, 2, 1))
    images = jax.ShapeDtypeStruct((2, size, size, 1), jnp.float32)
    features = jax.eval_shape(lambda x: net.init_with_output(jax.random.key(0), x)[0], images)
    assert (features.shape, features.dtype) == ((2, 4 * 8 * 4), jnp.float32)


def drawn(shapes, seed=0):
    rng = np.random.default_rng(seed)
    draw = lambda x: rng.normal(size=x.shape).astype("f4") / np.sqrt(max(x.size, 1))
    tree = jax.tree.map(draw, shapes)
    name = jax.tree_util.keystr
    return jax.tree_util.tree_map_with_path(lambda p, x: x + ("gain" in name(p)), tree)


def activate(p, x):
    mean, var = x.mean((0, 1, 2)), x.var((0, 1, 2))
    return np.maximum((x - mean) / np.sqrt(var + EPS) * p["gain"] + p["bias"], 0)


@pytest.mark.parametrize(("features", "stride"), [(8, False), (16, False), (16, True)])
def test_block_against_numpy(features, stride):
    block = Bottleneck(features, stride, eps=EPS)
    x = np.random.default_rng(1).normal(size=(2, 6, 6, 8)).astype("f4")
    p = drawn(jax.eval_shape(block.init, jax.random.key(0), x)["params"])
    p = jax.tree.map(np.float64, p)
    every = 2 if stride else 1
    h = first = activate(p["norm_0"], np.float64(x))
    h = activate(p["norm_1"], conv(h, p["conv_0"]))
    h = conv(h, p["conv_1"])[:, ::every, ::every]
    h = conv(activate(p["norm_2"], h), p["conv_2"])
    skip = x
    if features != 8 or stride:
        skip = conv(first[:, ::every, ::every], p["skip"])
    ours = block.apply({"params": jax.tree.map(jnp.float32, p)}, x)
    np.testing.assert_allclose(ours, h + skip, rtol=2e-4, atol=2e-5)


def test_reversible_blocks_against_their_plain_form():
    """Values are the same bits, gradients the same to rounding; the inputs come back."""
    f = lambda w, x: jnp.tanh(x @ w)
    rng = np.random.default_rng(0)
    draw = lambda *s: jnp.asarray(rng.normal(size=s), jnp.float32)
    weights, x = [draw(5, 5) for _ in range(4)], (draw(3, 5), draw(3, 5))
    goal, y = (draw(3, 5), draw(3, 5)), forward(f, weights, x)
    for a, b in zip(y, reversible(f, weights, x), strict=True):
        np.testing.assert_array_equal(a, b)

    def loss(apply, weights, x):
        return sum((g * y).sum() for g, y in zip(goal, apply(f, weights, x), strict=True))

    one, other = (jax.grad(partial(loss, a), (0, 1))(weights, x) for a in (forward, reversible))
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
    for w in reversed(weights):
        y = y[1] - f(w, y[0]), y[0]
    np.testing.assert_allclose(y, x, rtol=1e-5, atol=1e-6)


def revnet_step(depth, **fields):
    net = RevNet(8, (depth, 1), small_stem=True, **fields)
    shapes = jax.eval_shape(net.init, jax.random.key(0), jnp.zeros((2, 16, 16, 1)))["params"]
    images = np.random.default_rng(2).normal(size=(8, 16, 16, 1)).astype("f4")
    loss = lambda p, x: (jnp.sin(net.apply({"params": p}, x)) ** 2).mean()
    return net, drawn(shapes), images, jax.jit(jax.value_and_grad(loss))


def test_revnet_has_the_gradients_of_its_plain_form():
    _, params, images, step = revnet_step(3)
    value, gradients = step(params, images)
    expected, plain = revnet_step(3, is_reversible=False)[3](params, images)
    assert value == pytest.approx(float(expected), rel=1e-6)
    largest = max(abs(x).max() for x in jax.tree.leaves(plain))
    for a, b in zip(jax.tree.leaves(gradients), jax.tree.leaves(plain), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-4 * largest)


def test_memory_of_a_reversible_stage_does_not_grow_with_its_depth():
    fast = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}

    def temporary(depth, **fields):
        _, params, images, step = revnet_step(depth, **fields)
        compiled = step.lower(params, images).compile(compiler_options=fast)
        return compiled.memory_analysis().temp_size_in_bytes

    a_half = 8 * 16 * 16 * 16 * 4  # bytes of [8, 16, 16, 16] float32
    reversed_, plain = (temporary(8, is_reversible=r) for r in (True, False))
    print(f"8 blocks: {reversed_ / a_half:.1f} halves of the channels, plain {plain / a_half:.1f}")
    assert reversed_ < 0.6 * plain
    more_reversed, more_plain = (temporary(16, is_reversible=r) for r in (True, False))
    assert more_reversed - reversed_ < a_half < 8 * a_half < more_plain - plain


def test_standing_statistics_give_the_moments_of_the_batch():
    """With the statistics of a batch, that batch gives what it does in training."""
    for network in (ResNet(4, (1, 1), small_stem=True), RevNet(4, (2, 1), small_stem=True)):
        images = np.random.default_rng(3).normal(size=(8, 8, 8, 1)).astype("f4")
        params = drawn(jax.eval_shape(network.init, jax.random.key(0), images)["params"])
        trained = network.apply({"params": params}, images)
        _, stats = network.apply({"params": params}, images, mutable=["batch_stats"])
        norms = sum("gain" in jax.tree_util.keystr(p) for p, _ in flat(params))
        assert len(jax.tree.leaves(stats)) == 2 * norms
        known = {"params": params, **stats}
        np.testing.assert_allclose(network.apply(known, images), trained, rtol=1e-4, atol=1e-5)
        alone = network.apply(known, images[:1])  # and one image depends on no other
        np.testing.assert_allclose(alone, trained[:1], rtol=1e-3, atol=1e-4)


def flat(tree):
    return jax.tree_util.tree_flatten_with_path(tree)[0]
