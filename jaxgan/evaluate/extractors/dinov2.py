"""DINOv2's vision transformers (arXiv 2304.07193), whose Frechet distance agrees best with people
(arXiv 2306.04675): FD-DINOv2 uses the class token of ViT-L/14 at 224 pixels.

    x_0 = [class, patches of 14 x 14 times W + b] + positions
    x  <- x + g_1 * attention(norm(x)),   x <- x + g_2 * mlp(norm(x)),   features = norm(x)[class]

with layer norm (1e-6), heads of 64 dimensions, and an MLP four times as wide with GELU. Three
choices affect the number; they follow the metric's authors. Images are resized as Pillow did in
2023: bicubic, antialiased, rows first, to 8 bits after each direction (newer versions resize
columns first if an image is taller than wide). The mean and deviation are ImageNet's. The
positions, learned for 37 x 37 patches, are interpolated as in the network's own code: bicubic (a =
-0.75), with a scale of 16.1 / 37 for 16 of them.

The weights are not part of jaxgan: evaluate.weights_file is the model.safetensors of
facebook/dinov2-base or -large (Apache-2.0), whose SHA-256 is in the protocol. Width and depth are
read from it.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.evaluate.extractors import vit
from jaxgan.evaluate.extractors.extractor import Extractor, rgb_bytes
from jaxgan.evaluate.extractors.vit import Weights, as_pillow, layer, linear, patches
from jaxgan.files.atomic import sha256
from jaxgan.files.tensors import read_tensors

SIZE, PATCH, EPS = 224, 14, 1e-6
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def dinov2(weights_file: str | Path | None) -> Extractor:
    """Return the extractor: the class token, and no logits.

    Raises:
      ValueError: no weights file, or that of another network; names the first array that differs.
    """
    if weights_file is None:
        raise ValueError(
            "evaluate.extractor = 'dinov2' needs weights: write evaluate.weights_file = the "
            "model.safetensors of facebook/dinov2-large"
        )
    path = Path(weights_file)
    weights = checked(path, read_tensors(path)[0])
    dim, depth = weights["embeddings.cls_token"].shape[-1], depth_of(weights)
    return Extractor(
        name="dinov2",
        weights=weights,
        apply=lambda weights, images: (
            class_token(weights, normalised(images)),
            jnp.zeros((len(images), 0)),
        ),
        sha256=sha256(path),
        protocol={
            "network": f"DINOv2 ViT, {dim} wide, {depth} deep, patches of {PATCH}",
            "input_size": SIZE,
            "resize": "Pillow's bicubic, antialiased, 8 bit after each direction",
            "positions": "bicubic from 37 x 37 with an offset of 0.1",
            "quantization": "8 bit, rounded",
        },
    )


def depth_of(weights: Mapping[str, Any]) -> int:
    return len({name.split(".")[2] for name in weights if name.startswith("encoder.layer.")})


def shapes(dim: int, depth: int, patches: int) -> dict[str, tuple[int, ...]]:
    """Return the shape of every array of a file, by name."""
    found: dict[str, tuple[int, ...]] = {
        "embeddings.cls_token": (1, 1, dim),
        "embeddings.position_embeddings": (1, patches + 1, dim),
        "embeddings.patch_embeddings.projection.weight": (dim, 3, PATCH, PATCH),
        "embeddings.patch_embeddings.projection.bias": (dim,),
        "layernorm.weight": (dim,),
        "layernorm.bias": (dim,),
    }
    linear = {f"attention.attention.{name}": (dim, dim) for name in ("query", "key", "value")}
    linear |= {"attention.output.dense": (dim, dim)}
    linear |= {"mlp.fc1": (4 * dim, dim), "mlp.fc2": (dim, 4 * dim)}
    for i in range(depth):
        layer = f"encoder.layer.{i}"
        for name, (outputs, inputs) in linear.items():
            found[f"{layer}.{name}.weight"] = (outputs, inputs)
            found[f"{layer}.{name}.bias"] = (outputs,)
        for name in ("norm1.weight", "norm1.bias", "norm2.weight", "norm2.bias"):
            found[f"{layer}.{name}"] = (dim,)
        for name in ("layer_scale1.lambda1", "layer_scale2.lambda1"):
            found[f"{layer}.{name}"] = (dim,)
    return found


def checked(path: Path, arrays: dict[str, np.ndarray]) -> Weights:
    """Return the network's arrays. ValueError names the first that is missing or of another
    shape."""
    arrays = {name.removeprefix("dinov2."): a for name, a in arrays.items()}
    token = arrays.get("embeddings.cls_token", np.zeros((1, 1, 0)))
    positions = arrays.get("embeddings.position_embeddings", np.zeros((1, 1, 0)))
    patches = positions.shape[1] - 1 if positions.ndim == 3 else 0
    expected = shapes(token.shape[-1], max(depth_of(arrays), 1), patches)
    for name, shape in expected.items():
        found = arrays[name].shape if name in arrays else None
        if found != shape or 0 in shape or round(patches**0.5) ** 2 != patches:
            raise ValueError(
                f"evaluate.weights_file = {str(path)!r}: {name} is "
                f"{list(found) if found else 'missing'}, a DINOv2's is {list(shape)}: write the "
                "model.safetensors of facebook/dinov2-base or -large"
            )
    return {name: jnp.asarray(arrays[name], jnp.float32) for name in expected}


def normalised(images: jax.Array) -> jax.Array:
    """Return images [n, h, w, 1 or 3] in [-1, 1] as the network's input, [n, 224, 224, 3]."""
    levels = as_pillow(rgb_bytes(images), SIZE)
    mean, deviation = (jnp.asarray(x).reshape(1, 1, 1, 3) for x in (MEAN, DEVIATION))
    return (levels / 255.0 - mean) / deviation


def bicubic(length: int, count: int, scale: float) -> np.ndarray:
    """Return the matrix [count, length] of PyTorch's bicubic interpolation with a scale."""

    def weight(x: np.ndarray, a: float = -0.75) -> np.ndarray:
        x = np.abs(x)
        near = ((a + 2) * x - (a + 3)) * x * x + 1
        far = ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
        return np.where(x <= 1, near, np.where(x < 2, far, 0.0))

    matrix = np.zeros((count, length))
    places = (np.arange(count) + 0.5) / scale - 0.5
    first = np.floor(places).astype(int)
    for step in (-1, 0, 1, 2):
        taken = np.clip(first + step, 0, length - 1)
        np.add.at(matrix, (np.arange(count), taken), weight(places - first - step))
    return matrix


def positions(table: jax.Array, side: int) -> jax.Array:
    """Return positions [1, side^2 + 1, d], interpolated from a table [1, n^2 + 1, d]."""
    length = round((table.shape[1] - 1) ** 0.5)
    if length == side:
        return table
    matrix = jnp.asarray(bicubic(length, side, (side + 0.1) / length), jnp.float32)
    grid = table[0, 1:].reshape(length, length, -1)
    grid = jnp.einsum("ia,jb,abd->ijd", matrix, matrix, grid, precision="highest")
    return jnp.concatenate([table[:, :1], grid.reshape(1, side * side, -1)], 1)


def class_token(weights: Weights, images: jax.Array) -> jax.Array:
    """Return the class token [n, d] of images [n, s, s, 3], with s a multiple of 14."""
    side = images.shape[1] // PATCH
    x = patches(images, weights["embeddings.patch_embeddings.projection.weight"])
    x = x + weights["embeddings.patch_embeddings.projection.bias"].reshape(1, 1, -1)
    token = jnp.broadcast_to(weights["embeddings.cls_token"], (len(x), 1, x.shape[-1]))
    x = jnp.concatenate([token, x], 1)
    x = x + positions(weights["embeddings.position_embeddings"], side)
    for i in range(depth_of(weights)):
        own = layer(weights, f"encoder.layer.{i}.")
        x = x + scaled(own, "layer_scale1", attention(own, norm(own, "norm1", x)))
        hidden = jax.nn.gelu(linear(own, "mlp.fc1", norm(own, "norm2", x)), approximate=False)
        x = x + scaled(own, "layer_scale2", linear(own, "mlp.fc2", hidden))
    return norm(weights, "layernorm", x)[:, 0]


def attention(own: Weights, x: jax.Array) -> jax.Array:
    parts = (linear(own, f"attention.attention.{n}", x) for n in ("query", "key", "value"))
    return linear(own, "attention.output.dense", vit.attention(*parts))


def scaled(own: Weights, name: str, x: jax.Array) -> jax.Array:
    return x * own[f"{name}.lambda1"].reshape(1, 1, -1)


def norm(own: Weights, name: str, x: jax.Array) -> jax.Array:
    return vit.norm(own, name, x, EPS)
