"""The Inception-V3 of December 2015 that defines FID and IS (arXiv 1512.00567, 1706.08500).

It differs from the paper's network, and every score depends on the differences:

    average pools divide by the number of pixels inside the image, not by nine
    the last block uses max pooling where the others use average pooling
    images are resized to 299 by TensorFlow 1's bilinear: no half-pixel centres, no antialiasing
    1008 outputs; IS uses the logits without their bias

The weights are not part of jaxgan. Without a file of yours, torch-fidelity's is downloaded once
(91 MB, Apache-2.0; pytorch-fid's pt_inception-2015-12-05-6726825d.pth is the same file) and refused
if its SHA-256 differs. Tensors keep the names of that file; batch norm is folded in when it is
read.
"""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.devices.compiler import cache_folder
from jaxgan.evaluate.extractors.extractor import Extractor, rgb_bytes
from jaxgan.files.downloads import check_sha256, downloaded
from jaxgan.files.torch_files import read_torch_file

SHA256 = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"
URL = (
    "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/"
    "weights-inception-2015-12-05-6726825d.pth"
)
SIZE = 299
BATCH_NORM_EPSILON = 1e-3


def inception(weights_file: str | Path | None) -> Extractor:
    """Return the extractor: 2048 features (pool3) and 1008 logits without bias.

    Args:
      weights_file: None downloads it into the user's cache.

    Raises:
      ValueError: a file with another SHA-256. OSError: it cannot be downloaded.
    """
    weights_file = weights_file or downloaded(URL, SHA256, cache_folder() / "weights")
    sha256 = check_sha256(Path(weights_file), SHA256)
    return Extractor(
        name="inception",
        weights=folded_weights(read_torch_file(weights_file)),
        apply=lambda weights, images: inception_features(weights, resized(images)),
        sha256=sha256,
        protocol={
            "network": "Inception-V3, 2015-12-05",
            "input_size": SIZE,
            "resize": "bilinear as TensorFlow 1: corners not aligned, no half-pixel centres",
            "quantization": "8 bit, rounded",
            "logits": "1008, without bias",
        },
    )


def resized(images: jax.Array) -> jax.Array:
    """Return images as the network's input: [n, 299, 299, 3], (byte - 128) / 128."""
    return (tensorflow_bilinear(rgb_bytes(images), SIZE) - 128.0) / 128.0


def tensorflow_bilinear(images: jax.Array, size: int) -> jax.Array:
    """Resize [n, height, width, c] to size x size: output i samples input i * height / size."""

    def along(x: jax.Array, axis: int) -> jax.Array:
        length = x.shape[axis]
        position = np.arange(size, dtype=np.float32) * np.float32(length / size)
        low = position.astype(np.int32)
        high = np.minimum(low + 1, length - 1)
        weight = (
            (position - low).astype(np.float32).reshape([-1 if a == axis else 1 for a in range(4)])
        )
        below, above = jnp.take(x, low, axis=axis), jnp.take(x, high, axis=axis)
        return below + (above - below) * weight

    return along(along(images, 2), 1)


def folded_weights(tensors: dict[str, np.ndarray]) -> dict[str, dict[str, np.ndarray]]:
    """Return {layer: {kernel [h, w, in, out], bias [out]}} with batch norm folded in (float64).

    Args:
      tensors: <layer>.conv.weight [out, in, h, w], <layer>.bn.{weight, bias, running_mean,
        running_var} [out], fc.weight [1008, 2048].
    """
    weights: dict[str, dict[str, np.ndarray]] = {}
    for name in tensors:
        if name.endswith(".conv.weight"):
            layer = name.removesuffix(".conv.weight")
            variance = tensors[f"{layer}.bn.running_var"].astype(np.float64)
            gain = tensors[f"{layer}.bn.weight"] / np.sqrt(variance + BATCH_NORM_EPSILON)
            bias = tensors[f"{layer}.bn.bias"] - tensors[f"{layer}.bn.running_mean"] * gain
            kernel = (tensors[name] * gain[:, None, None, None]).transpose(2, 3, 1, 0)
            weights[layer] = {"kernel": kernel.astype(np.float32), "bias": bias.astype(np.float32)}
    weights["fc"] = {"kernel": tensors["fc.weight"].T.copy()}
    return weights


def inception_features(weights: dict, x: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Return (features [n, 2048], logits [n, 1008]) of x [n, 299, 299, 3] in [-1, 1]."""

    def conv(x: jax.Array, *layers: str, stride: int = 1, padding: str = "SAME") -> jax.Array:
        """Apply convolution + ReLU layers in turn; stride and padding are of the last one."""
        for layer in layers:
            last = layer == layers[-1]
            y = jax.lax.conv_general_dilated(
                x,
                weights[layer]["kernel"],
                (stride, stride) if last else (1, 1),
                padding if last else "SAME",
                dimension_numbers=("NHWC", "HWIO", "NHWC"),
            )
            x = jax.nn.relu(y + weights[layer]["bias"][None, None, None])
        return x

    def block_a(x: jax.Array, at: str) -> jax.Array:
        return _join(
            conv(x, at + "branch1x1"),
            conv(x, at + "branch5x5_1", at + "branch5x5_2"),
            conv(x, *(f"{at}branch3x3dbl_{i}" for i in (1, 2, 3))),
            conv(average_pool(x), at + "branch_pool"),
        )

    def block_c(x: jax.Array, at: str) -> jax.Array:
        return _join(
            conv(x, at + "branch1x1"),
            conv(x, *(f"{at}branch7x7_{i}" for i in (1, 2, 3))),
            conv(x, *(f"{at}branch7x7dbl_{i}" for i in (1, 2, 3, 4, 5))),
            conv(average_pool(x), at + "branch_pool"),
        )

    def block_e(x: jax.Array, at: str, pooled: jax.Array) -> jax.Array:
        y = conv(x, at + "branch3x3_1")
        z = conv(x, at + "branch3x3dbl_1", at + "branch3x3dbl_2")
        return _join(
            conv(x, at + "branch1x1"),
            *(conv(y, f"{at}branch3x3_2{half}") for half in "ab"),
            *(conv(z, f"{at}branch3x3dbl_3{half}") for half in "ab"),
            conv(pooled, at + "branch_pool"),
        )

    halve = {"stride": 2, "padding": "VALID"}
    x = conv(x, "Conv2d_1a_3x3", **halve)
    x = conv(x, "Conv2d_2a_3x3", padding="VALID")
    x = max_pool(conv(x, "Conv2d_2b_3x3"))
    x = conv(x, "Conv2d_3b_1x1")
    x = max_pool(conv(x, "Conv2d_4a_3x3", padding="VALID"))
    for name in ("Mixed_5b.", "Mixed_5c.", "Mixed_5d."):
        x = block_a(x, name)
    at = "Mixed_6a."
    y = conv(x, *(f"{at}branch3x3dbl_{i}" for i in (1, 2, 3)), **halve)
    x = _join(conv(x, at + "branch3x3", **halve), y, max_pool(x))
    for name in ("Mixed_6b.", "Mixed_6c.", "Mixed_6d.", "Mixed_6e."):
        x = block_c(x, name)
    at = "Mixed_7a."
    y = conv(x, at + "branch3x3_1", at + "branch3x3_2", **halve)
    z = conv(x, *(f"{at}branch7x7x3_{i}" for i in (1, 2, 3, 4)), **halve)
    x = _join(y, z, max_pool(x))
    x = block_e(x, "Mixed_7b.", average_pool(x))
    x = block_e(x, "Mixed_7c.", max_pool(x, stride=1, padding="SAME"))
    features = x.mean(axis=(1, 2))
    return features, features @ weights["fc"]["kernel"]


def average_pool(x: jax.Array) -> jax.Array:
    """Average over 3x3 windows, stride 1; at the border, over the pixels that exist."""
    total = jax.lax.reduce_window(x, 0.0, jax.lax.add, (1, 3, 3, 1), (1, 1, 1, 1), "SAME")
    # Counted in NumPy: as a reduce_window over ones, it took minutes of constant folding.
    rows, columns = (np.convolve(np.ones(n), np.ones(3), "same") for n in x.shape[1:3])
    counts = np.outer(rows, columns)[None, :, :, None].astype(np.float32)
    return total / counts


def max_pool(x: jax.Array, stride: int = 2, padding: str = "VALID") -> jax.Array:
    window, strides = (1, 3, 3, 1), (1, stride, stride, 1)
    return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, window, strides, padding)


def _join(*branches: jax.Array) -> jax.Array:
    return jnp.concatenate(branches, axis=-1)
