"""CLIP's image network against NumPy in float64 and PyTorch, with random weights."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from jaxgan.evaluate.extractors import clip
from jaxgan.evaluate.extractors.by_name import extractor_by_name
from jaxgan.files.tensors import write_tensors

DIM, DEPTH, SIDE, FEATURES = 128, 2, 3, 20  # two heads; 3 x 3 patches
RNG = np.random.default_rng(0)
WEIGHTS = {
    name: RNG.normal(size=shape).astype(np.float32) * (0.1 if len(shape) > 1 else 1.0)
    for name, shape in clip.shapes(DIM, DEPTH, SIDE * SIDE, FEATURES).items()
}


def named():
    """Return the arrays as a file has them, with those of the text network."""
    own = {n if n.startswith("visual") else f"vision_model.{n}": a for n, a in WEIGHTS.items()}
    return own | {"logit_scale": np.ones((), "f4"), "text_model.final.bias": np.ones(3, "f4")}


def in_numpy(images):
    """The network, head by head, in float64."""
    w = {name: np.asarray(a, np.float64) for name, a in WEIGHTS.items()}
    linear = lambda name, x: x @ w[f"{name}.weight"].T + w[f"{name}.bias"]

    def norm(name, x):
        x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)
        return x * w[f"{name}.weight"] + w[f"{name}.bias"]

    found = []
    for image in np.asarray(images, np.float64):
        tokens = [w["embeddings.class_embedding"]]
        for y in range(0, image.shape[0], 14):
            for x in range(0, image.shape[1], 14):
                patch = image[y : y + 14, x : x + 14].transpose(2, 0, 1)
                tokens.append((w["embeddings.patch_embedding.weight"] * patch).sum((1, 2, 3)))
        h = norm("pre_layrnorm", np.array(tokens) + w["embeddings.position_embedding.weight"])
        for i in range(DEPTH):
            layer = f"encoder.layers.{i}"
            normed, mixed = norm(f"{layer}.layer_norm1", h), np.zeros_like(h)
            q, k, v = (linear(f"{layer}.self_attn.{n}_proj", normed) for n in "qkv")
            for head in range(0, DIM, 64):
                part = slice(head, head + 64)
                logits = q[:, part] @ k[:, part].T / 8
                shares = np.exp(logits - logits.max(-1, keepdims=True))
                mixed[:, part] = shares / shares.sum(-1, keepdims=True) @ v[:, part]
            h = h + linear(f"{layer}.self_attn.out_proj", mixed)
            hidden = linear(f"{layer}.mlp.fc1", norm(f"{layer}.layer_norm2", h))
            h = h + linear(f"{layer}.mlp.fc2", hidden / (1 + np.exp(-1.702 * hidden)))
        embedding = norm("post_layernorm", h)[0] @ w["visual_projection.weight"].T
        found.append(embedding / np.linalg.norm(embedding))
    return np.array(found)


IMAGES = RNG.normal(size=(2, 14 * SIDE, 14 * SIDE, 3)).astype(np.float32)


def test_the_network():
    found = jax.jit(clip.embedding)(WEIGHTS, jnp.asarray(IMAGES))
    assert found.shape == (2, FEATURES) and found.dtype == jnp.float32
    np.testing.assert_allclose(found, in_numpy(IMAGES), rtol=0, atol=2e-5)


@pytest.mark.slow
def test_the_network_is_pytorchs():
    """Its own convolution, multi-head attention and layer norm, in float64."""
    torch = pytest.importorskip("torch")
    w = {name: torch.tensor(a, dtype=torch.float64) for name, a in WEIGHTS.items()}
    functional = torch.nn.functional
    linear = lambda name, x: functional.linear(x, w[f"{name}.weight"], w[f"{name}.bias"])
    norm = lambda name, x: functional.layer_norm(
        x, (DIM,), w[f"{name}.weight"], w[f"{name}.bias"], 1e-5
    )
    images = torch.tensor(IMAGES, dtype=torch.float64).permute(0, 3, 1, 2)
    x = functional.conv2d(images, w["embeddings.patch_embedding.weight"], stride=14)
    x = x.flatten(2).mT
    token = w["embeddings.class_embedding"].expand(2, 1, DIM)
    x = torch.cat([token, x], 1) + w["embeddings.position_embedding.weight"]
    x = norm("pre_layrnorm", x)
    for i in range(DEPTH):
        layer = f"encoder.layers.{i}"
        attention = torch.nn.MultiheadAttention(DIM, DIM // 64, batch_first=True).double()
        parts = [f"{layer}.self_attn.{name}_proj" for name in "qkv"]
        with torch.no_grad():
            attention.in_proj_weight.copy_(torch.cat([w[f"{p}.weight"] for p in parts]))
            attention.in_proj_bias.copy_(torch.cat([w[f"{p}.bias"] for p in parts]))
            attention.out_proj.weight.copy_(w[f"{layer}.self_attn.out_proj.weight"])
            attention.out_proj.bias.copy_(w[f"{layer}.self_attn.out_proj.bias"])
            h = norm(f"{layer}.layer_norm1", x)
            x = x + attention(h, h, h, need_weights=False)[0]
        h = linear(f"{layer}.mlp.fc1", norm(f"{layer}.layer_norm2", x))
        x = x + linear(f"{layer}.mlp.fc2", h * torch.sigmoid(1.702 * h))
    x = norm("post_layernorm", x[:, 0]) @ w["visual_projection.weight"].T
    found = jax.jit(clip.embedding)(WEIGHTS, jnp.asarray(IMAGES))
    np.testing.assert_allclose(found, functional.normalize(x).numpy(), rtol=0, atol=2e-5)


@pytest.mark.parametrize("size", [(32, 32), (28, 41), (401, 360)])
def test_the_middle_square_is_resized_as_pillow_does(size):
    images = RNG.integers(0, 256, (2, *size, 3)).astype(np.uint8)
    side, expected = min(size), []
    top, left = (size[0] - side) // 2, (size[1] - side) // 2
    for image in images:
        square = Image.fromarray(image).crop((left, top, left + side, top + side))
        expected.append(np.asarray(square.resize((336, 336), Image.Resampling.BICUBIC), "f4"))
    found = jax.jit(clip.normalised, static_argnums=1)(jnp.float32(images) / 127.5 - 1.0, 336)
    levels = (np.asarray(found) * clip.DEVIATION + clip.MEAN) * 255
    # Pillow's weights have 22 bits: in either direction a level of a thousand is rounded the other
    # way. Where an image is enlarged, what the first direction rounds is spread by the second.
    difference, spread = np.abs(levels - np.stack(expected)), max(1, 336 / side)
    assert difference.max() < 2.01 and (difference > 0.01).mean() < 2e-3 * spread


def test_a_file_is_an_extractor(tmp_path):
    path = tmp_path / "model.safetensors"
    write_tensors(path, named(), {})
    extractor = extractor_by_name("clip", path)
    assert extractor.protocol["network"].startswith("CLIP ViT, 128 wide, 2 deep")
    assert extractor.protocol["input_size"] == 42 and set(extractor.weights) == set(WEIGHTS)
    features, logits = jax.eval_shape(
        extractor.apply, extractor.weights, jax.ShapeDtypeStruct((3, 32, 32, 1), jnp.float32)
    )
    assert features.shape == (3, FEATURES) and logits.shape == (3, 0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"vision_model.encoder.layers.1.layer_norm2.bias": None}, "layer_norm2.bias is missing"),
        (
            {"vision_model.encoder.layers.0.mlp.fc1.weight": np.zeros((3, 128), "f4")},
            r"mlp.fc1.weight is \[3, 128\], a CLIP ViT's is \[512, 128\]",
        ),
        ({"vision_model.embeddings.class_embedding": None}, "class_embedding is missing"),
        ({"visual_projection.weight": None}, "visual_projection.weight is missing"),
    ],
)
def test_other_weights_are_refused_with_the_first_name(tmp_path, change, words):
    arrays = {name: a for name, a in (named() | change).items() if a is not None}
    path = tmp_path / "other.safetensors"
    write_tensors(path, arrays, {})
    with pytest.raises(ValueError, match=words):
        extractor_by_name("clip", path)


def test_without_weights_the_answer_says_which():
    with pytest.raises(ValueError, match=r"write evaluate\.weights_file = openai/clip-vit-large"):
        extractor_by_name("clip")
