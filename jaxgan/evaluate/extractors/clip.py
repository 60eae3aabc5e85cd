"""CLIP's image network (arXiv 2103.00020); CMMD (arXiv 2401.09603) uses ViT-L/14 at 336 pixels.

    x_0 = norm([class, patches of 14 x 14 times W] + positions)
    x  <- x + attention(norm(x)),   x <- x + mlp(norm(x)),   f = norm(x)[class] P,   f / |f|

with layer norm (1e-5), heads of 64 dimensions, and an MLP four times as wide with x s(1.702 x), s
the logistic function. As the metric's authors do, the central square is cropped from an image,
resized as Pillow does (bicubic, antialiased, 8 bits), and the embeddings are normalised to unit
length.

The weights are not part of jaxgan: evaluate.weights_file is openai/clip-vit-large-patch14-336 in
one safetensors file, with the names of CLIPModel (text_model is left out); its SHA-256 is in the
protocol. Width, depth and size are read from it.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.evaluate.extractors.extractor import Extractor, rgb_bytes
from jaxgan.evaluate.extractors.vit import (
    HEAD,
    Weights,
    as_pillow,
    attention,
    layer,
    linear,
    norm,
    patches,
)
from jaxgan.files.atomic import sha256
from jaxgan.files.tensors import read_tensors

PATCH, EPS = 14, 1e-5
MEAN = (0.48145466, 0.4578275, 0.40821073)  # of the images that CLIP was trained on
DEVIATION = (0.26862954, 0.26130258, 0.27577711)
FILE = "openai/clip-vit-large-patch14-336 as one safetensors file"
CLASS, POSITIONS = "embeddings.class_embedding", "embeddings.position_embedding.weight"


def clip(weights_file: str | Path | None) -> Extractor:
    """Return the extractor: embeddings of unit length, and no logits.

    Raises:
      ValueError: no weights file, or that of another network; names the first array that differs.
    """
    if weights_file is None:
        raise ValueError(
            f"evaluate.extractor = 'clip' needs weights: write evaluate.weights_file = {FILE}"
        )
    path = Path(weights_file)
    weights = checked(path, read_tensors(path)[0])
    size = PATCH * round((len(weights[POSITIONS]) - 1) ** 0.5)
    dim, depth = len(weights[CLASS]), depth_of(weights)
    return Extractor(
        name="clip",
        weights=weights,
        apply=lambda weights, images: (
            embedding(weights, normalised(images, size)),
            jnp.zeros((len(images), 0)),
        ),
        sha256=sha256(path),
        protocol={
            "network": f"CLIP ViT, {dim} wide, {depth} deep, patches of {PATCH}",
            "input_size": size,
            "resize": "middle square, Pillow's bicubic, antialiased, 8 bit after each direction",
            "features": "projected class token, unit length",
            "quantization": "8 bit, rounded",
        },
    )


def depth_of(weights: Mapping[str, Any]) -> int:
    return len({name.split(".")[2] for name in weights if name.startswith("encoder.layers.")})


def shapes(dim: int, depth: int, patches: int, features: int) -> dict[str, tuple[int, ...]]:
    """Return the shape of every array of a file, by its name without `vision_model.`."""
    found: dict[str, tuple[int, ...]] = {
        CLASS: (dim,),
        POSITIONS: (patches + 1, dim),
        "embeddings.patch_embedding.weight": (dim, 3, PATCH, PATCH),
        "visual_projection.weight": (features, dim),
    }
    norms = ["pre_layrnorm", "post_layernorm"]  # sic
    for i in range(depth):
        start = f"encoder.layers.{i}."
        norms += [f"{start}layer_norm1", f"{start}layer_norm2"]
        linear = {f"self_attn.{name}_proj": (dim, dim) for name in ("q", "k", "v", "out")}
        linear |= {"mlp.fc1": (4 * dim, dim), "mlp.fc2": (dim, 4 * dim)}
        for name, shape in linear.items():
            found |= {f"{start}{name}.weight": shape, f"{start}{name}.bias": shape[:1]}
    return found | {f"{name}.{part}": (dim,) for name in norms for part in ("weight", "bias")}


def checked(path: Path, arrays: dict[str, np.ndarray]) -> Weights:
    """Return the network's arrays. ValueError names the first that is missing or of another
    shape."""
    arrays = {name.removeprefix("vision_model."): a for name, a in arrays.items()}
    side = lambda name, axis: (*arrays.get(name, np.zeros(0)).shape, 0, 0)[axis]
    patches, dim = side(POSITIONS, 0) - 1, side(CLASS, 0)
    depth, features = max(depth_of(arrays), 1), side("visual_projection.weight", 0)
    for name, shape in shapes(dim, depth, patches, features).items():
        found = arrays[name].shape if name in arrays else None
        is_square = patches >= 1 and round(patches**0.5) ** 2 == patches
        if found != shape or 0 in shape or dim % HEAD or not is_square:
            raise ValueError(
                f"evaluate.weights_file = {str(path)!r}: {name} is "
                f"{list(found) if found else 'missing'}, a CLIP ViT's is {list(shape)}: write "
                f"{FILE}"
            )
    expected = shapes(dim, depth, patches, features)
    return {name: jnp.asarray(arrays[name], jnp.float32) for name in expected}


def normalised(images: jax.Array, size: int) -> jax.Array:
    """Return images [n, h, w, 1 or 3] in [-1, 1] as the network's input, [n, size, size, 3]."""
    levels = rgb_bytes(images)
    height, width = levels.shape[1:3]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    levels = as_pillow(levels[:, top : top + side, left : left + side], size)
    mean, deviation = (jnp.asarray(x).reshape(1, 1, 1, 3) for x in (MEAN, DEVIATION))
    return (levels / 255.0 - mean) / deviation


def embedding(weights: Weights, images: jax.Array) -> jax.Array:
    """Return embeddings [n, d] of unit length for images [n, s, s, 3], s the network's size."""
    x = patches(images, weights["embeddings.patch_embedding.weight"])
    token = jnp.broadcast_to(weights[CLASS], (len(x), 1, x.shape[-1]))
    x = jnp.concatenate([token, x], 1) + weights[POSITIONS][None]
    x = norm(weights, "pre_layrnorm", x, EPS)
    for i in range(depth_of(weights)):
        own = layer(weights, f"encoder.layers.{i}.")
        h = norm(own, "layer_norm1", x, EPS)
        parts = (linear(own, f"self_attn.{name}_proj", h) for name in ("q", "k", "v"))
        x = x + linear(own, "self_attn.out_proj", attention(*parts))
        h = linear(own, "mlp.fc1", norm(own, "layer_norm2", x, EPS))
        x = x + linear(own, "mlp.fc2", h * jax.nn.sigmoid(1.702 * h))
    token = norm(weights, "post_layernorm", x[:, :1], EPS)[:, 0]
    found = token @ weights["visual_projection.weight"].T
    return found / jnp.linalg.norm(found, axis=-1, keepdims=True)
