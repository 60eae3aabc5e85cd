"""DINOv2's network against NumPy in float64 with random weights, its resizing against Pillow's."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from jaxgan.evaluate.extractors import dinov2
from jaxgan.evaluate.extractors.by_name import extractor_by_name
from jaxgan.files.tensors import write_tensors

DIM, DEPTH, SIDE = 128, 2, 3  # two heads; positions for 3 x 3 patches
RNG = np.random.default_rng(0)
WEIGHTS = {
    name: RNG.normal(size=shape).astype(np.float32) * (0.3 if len(shape) > 1 else 1.0)
    for name, shape in dinov2.shapes(DIM, DEPTH, SIDE * SIDE).items()
}


def in_numpy(weights, images, positions):
    """The network, token by token, in float64; positions [tokens, d]."""
    w = {name: np.asarray(a, np.float64) for name, a in weights.items()}

    def linear(name, x):
        return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]

    def norm(name, x):
        x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-6)
        return x * w[f"{name}.weight"] + w[f"{name}.bias"]

    found = []
    for image in np.asarray(images, np.float64):
        tokens = [w["embeddings.cls_token"][0, 0]]
        kernel = w["embeddings.patch_embeddings.projection.weight"]
        for y in range(0, image.shape[0], 14):
            for x in range(0, image.shape[1], 14):
                patch = image[y : y + 14, x : x + 14].transpose(2, 0, 1)
                tokens.append((kernel * patch).sum((1, 2, 3)))
                tokens[-1] += w["embeddings.patch_embeddings.projection.bias"]
        h = np.array(tokens) + positions
        for i in range(DEPTH):
            layer = f"encoder.layer.{i}"
            normed, mixed = norm(f"{layer}.norm1", h), np.zeros_like(h)
            q, k, v = (
                linear(f"{layer}.attention.attention.{n}", normed)
                for n in ("query", "key", "value")
            )
            for head in range(0, DIM, 64):
                part = slice(head, head + 64)
                logits = q[:, part] @ k[:, part].T / 8
                shares = np.exp(logits - logits.max(-1, keepdims=True))
                mixed[:, part] = shares / shares.sum(-1, keepdims=True) @ v[:, part]
            scale = w[f"{layer}.layer_scale1.lambda1"]
            h = h + scale * linear(f"{layer}.attention.output.dense", mixed)
            hidden = linear(f"{layer}.mlp.fc1", norm(f"{layer}.norm2", h))
            hidden = hidden * 0.5 * (1 + np.vectorize(math.erf)(hidden / np.sqrt(2)))
            h = h + w[f"{layer}.layer_scale2.lambda1"] * linear(f"{layer}.mlp.fc2", hidden)
        found.append(norm("layernorm", h)[0])
    return np.array(found)


def test_the_network():
    images = RNG.normal(size=(2, 42, 42, 3)).astype(np.float32)
    table = WEIGHTS["embeddings.position_embeddings"][0]
    expected = in_numpy(WEIGHTS, images, table)
    found = jax.jit(dinov2.class_token)(WEIGHTS, jnp.asarray(images))
    assert found.shape == (2, DIM) and found.dtype == jnp.float32
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-4 * np.abs(expected).max())


def test_positions_of_another_number_of_patches():
    """Rows sum to 1, and half way between two pixels are the kernel's values at 1.5 and 0.5."""
    matrix = dinov2.bicubic(37, 16, 16.1 / 37)
    np.testing.assert_allclose(matrix.sum(1), 1, rtol=1e-12)
    row = dinov2.bicubic(8, 4, 0.5)[1]
    np.testing.assert_allclose(row, [0, -0.09375, 0.59375, 0.59375, -0.09375, 0, 0, 0])
    images = RNG.normal(size=(1, 28, 28, 3)).astype(np.float32)
    table = WEIGHTS["embeddings.position_embeddings"]
    grid, matrix = table[0, 1:].reshape(3, 3, DIM), dinov2.bicubic(3, 2, 2.1 / 3)
    small = np.einsum("ia,jb,abd->ijd", matrix, matrix, grid).reshape(4, DIM)
    expected = in_numpy(WEIGHTS, images, np.concatenate([table[0, :1], small]))
    found = jax.jit(dinov2.class_token)(WEIGHTS, jnp.asarray(images))
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-4 * np.abs(expected).max())


@pytest.mark.slow
def test_positions_are_pytorchs():
    torch = pytest.importorskip("torch")
    grid = RNG.normal(size=(1, 4, 37, 37))
    expected = torch.nn.functional.interpolate(
        torch.tensor(grid), scale_factor=(16.1 / 37, 16.1 / 37), mode="bicubic"
    ).numpy()
    matrix = dinov2.bicubic(37, 16, 16.1 / 37)
    found = np.einsum("ia,jb,ndab->ndij", matrix, matrix, grid)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("size", [(32, 32), (28, 40), (260, 300)])
def test_images_are_resized_as_pillow_does(size):
    images = RNG.integers(0, 256, (2, *size, 3)).astype(np.uint8)
    expected = np.stack(
        [
            np.asarray(Image.fromarray(i).resize((224, 224), Image.Resampling.BICUBIC))
            for i in images
        ]
    ).astype(np.float32)
    found = jax.jit(dinov2.normalised)(jnp.float32(images) / 127.5 - 1.0)
    levels = (np.asarray(found) * dinov2.DEVIATION + dinov2.MEAN) * 255
    # Pillow's weights have 22 bits: a level of a thousand is rounded the other way.
    difference = np.abs(levels - expected)
    assert difference.max() < 1.01 and (difference > 0.01).mean() < 1e-3


def test_a_file_is_an_extractor(tmp_path):
    path = tmp_path / "model.safetensors"
    write_tensors(path, {f"dinov2.{n}" if n[0] == "l" else n: a for n, a in WEIGHTS.items()}, {})
    extractor = extractor_by_name("dinov2", path)
    assert extractor.protocol["network"].startswith("DINOv2 ViT, 128 wide, 2 deep")
    features, logits = jax.eval_shape(
        extractor.apply, extractor.weights, jax.ShapeDtypeStruct((3, 32, 32, 1), jnp.float32)
    )
    assert features.shape == (3, DIM) and logits.shape == (3, 0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"encoder.layer.1.norm2.bias": None}, "encoder.layer.1.norm2.bias is missing"),
        (
            {"encoder.layer.0.mlp.fc1.weight": np.zeros((3, 128), "f4")},
            r"mlp.fc1.weight is \[3, 128\], a DINOv2's is \[512, 128\]",
        ),
        ({"embeddings.cls_token": None}, "embeddings.cls_token is missing"),
    ],
)
def test_other_weights_are_refused_with_the_first_name(tmp_path, change, words):
    arrays = {name: a for name, a in (WEIGHTS | change).items() if a is not None}
    path = tmp_path / "other.safetensors"
    write_tensors(path, arrays, {})
    with pytest.raises(ValueError, match=words):
        extractor_by_name("dinov2", path)


def test_without_weights_the_answer_says_which():
    with pytest.raises(ValueError, match=r"write evaluate\.weights_file = the model\.safetensors"):
        extractor_by_name("dinov2")
