"""BigGAN's networks against float64 numpy written from the formulas, for every variant."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.game import sampling
from jaxgan.models import biggan
from jaxgan.models.halvings import doublings
from tests.models.networks import modules_of, sides_of
from tests.models.numpy_layers import (
    attention,
    batch_norm,
    conditional_batch_norm,
    conv,
    down,
    float64,
    leaky,
    linear,
    projection,
    random_like,
    relu,
    up,
)

BATCH = 4
FIELDS = {"width": 8, "latent_dim": 12, "embedding_dim": 5}
# float32 against float64: a few hundred roundings of 6e-8 on values of order one.
close = partial(np.testing.assert_allclose, rtol=2e-5, atol=2e-5)


def numpy_generator(p, z, labels, image_shape, blocks, attention_at, activation=relu, split=True):
    chunks = np.split(z, blocks + 1, axis=1) if split else [z]
    x = linear(chunks[0], p["linear"])
    x = x.reshape(len(z), image_shape[0] >> blocks, image_shape[1] >> blocks, -1)
    for i in range(blocks):
        block = p[f"block_{i}"]
        if "shared_embedding" in p:
            shared = p["shared_embedding"]["embedding"][labels]
            condition = np.concatenate([shared, chunks[i + 1]], 1) if split else shared
        elif "gain" in block["norm_0"]:
            per_class = "embedding" in block["norm_0"]["gain"]
            condition = labels if per_class else chunks[i + 1]
        else:
            condition = None
        h = activation(conditional_batch_norm(x, condition, block["norm_0"]))
        h = conv(up(h), block["conv_0"])
        h = activation(conditional_batch_norm(h, condition, block["norm_1"]))
        x = conv(h, block["conv_1"]) + conv(up(x), block["skip"])
        if x.shape[1] == attention_at:
            x = attention(x, p["attention"])
    x = activation(batch_norm(x, p["norm"]["gain"], p["norm"]["bias"]))
    return np.tanh(conv(x, p["to_image"]))


def numpy_discriminator(p, x, labels, downsamples, attention_at, activation=relu):
    trunk = p["trunk"]
    for i in range(sum(name.startswith("block") for name in trunk)):
        block, halve = trunk[f"block_{i}"], down if i < downsamples else lambda a: a
        h = conv(activation(x) if i else x, block["conv_0"])  # the image enters as it is
        h = halve(conv(activation(h), block["conv_1"]))
        # Pool then convolve in the first block, convolve then pool in the others, as published:
        # 1 x 1 convolution and mean commute, so one formula serves both here.
        skip = halve(conv(x, block["skip"])) if "skip" in block else x
        x = h + skip
        if i < downsamples and x.shape[1] == attention_at:
            x = attention(x, trunk["attention"])
    return projection(x, labels, p["head"], activation)


def build(image_shape, num_classes=3, **fields):
    """Return both networks, random parameters for them, and inputs."""
    config = biggan.default_config()
    config.update(FIELDS | fields)
    networks = modules_of(biggan, config, image_shape, num_classes)
    rng = np.random.default_rng(1)
    z = rng.normal(size=(BATCH, config.latent_dim)).astype(np.float32)
    x = rng.uniform(-1, 1, (BATCH, *image_shape)).astype(np.float32)
    y = rng.integers(0, max(num_classes, 1), BATCH).astype(np.int32)
    params = []
    for seed, (network, inputs) in enumerate(zip(networks, ((z, y), (x, y)), strict=True)):
        tree = jax.eval_shape(partial(network.init, mutable=["params"]), jax.random.key(0), *inputs)
        params.append(random_like(tree["params"], seed))
    return networks, params, z, x, y


def outputs(networks, params, z, x, y):
    images = jax.jit(networks[0].apply)({"params": params[0]}, z, y)
    logits = jax.jit(networks[1].apply)({"params": params[1]}, x, y)
    return images, logits


@pytest.mark.parametrize(
    ("image_shape", "num_classes", "fields", "split"),
    [
        ((16, 16, 3), 3, {}, True),
        ((32, 64, 1), 3, {"latent_dim": 8, "width": 4}, True),
        ((16, 32, 5), 3, {"leaky_slope": 0.2}, True),
        ((16, 16, 3), 3, {"split_latents": False}, False),
        ((16, 16, 3), 3, {"split_latents": False, "shared_embedding": False}, False),
        ((16, 16, 3), 0, {}, True),
        ((16, 16, 3), 0, {"split_latents": False}, False),
        ((16, 16, 3), 1, {}, True),
    ],
)
def test_both_networks_equal_numpy(image_shape, num_classes, fields, split):
    sizes = {"generator_attention": 8, "discriminator_attention": 8}
    networks, params, z, x, y = build(image_shape, num_classes, **fields, **sizes)
    blocks = doublings(*image_shape[:2])
    activation = leaky if "leaky_slope" in fields else relu
    images, logits = outputs(networks, params, z, x, y)
    assert images.shape == (BATCH, *image_shape) and images.dtype == logits.dtype == jnp.float32
    p_generator, p_discriminator = float64(params)
    close(images, numpy_generator(p_generator, z, y, image_shape, blocks, 8, activation, split))
    close(logits, numpy_discriminator(p_discriminator, x, y, blocks, 8, activation))


def test_blocks_that_do_not_halve_keep_their_input():
    """The reference's 32-pixel network: two of four equally wide blocks halve, to 8 x 8."""
    widths = {"discriminator_widths": (2, 2, 2, 2), "discriminator_downsamples": 2}
    networks, params, z, x, y = build((32, 32, 3), latent_dim=16, **widths)
    assert [f"block_{i}" for i in range(4) if "skip" in params[1]["trunk"][f"block_{i}"]] == [
        "block_0",
        "block_1",
    ]
    _, logits = outputs(networks, params, z, x, y)
    close(logits, numpy_discriminator(float64(params[1]), x, y, 2, 0))


def test_sampling_has_the_formula_of_training():
    """Standing statistics of one batch give that batch's images: one formula, not two."""
    config = biggan.default_config()
    config.update(FIELDS)
    side, _ = sides_of(biggan, config, (16, 16, 3), 3)
    _, params, z, _, y = build((16, 16, 3))
    variables = sampling.variables(side, params[0], lambda key: (z, y), num_batches=1)
    training = side.calls["call"]({"params": params[0]}, z, y)
    close(sampling.generate(side, variables, z, y), training)
    one = sampling.generate(side, variables, z[:1], y[:1])
    close(one, training[:1])  # images no longer depend on their batch


def test_groups_of_the_batch_have_moments_of_their_own():
    (generator, _), params, z, _, y = build((16, 16, 3))
    grouped, _ = build((16, 16, 3), batch_norm_groups=2)[0]
    halves = [generator.apply({"params": params[0]}, z[s], y[s]) for s in (slice(2), slice(2, 4))]
    close(grouped.apply({"params": params[0]}, z, y), np.concatenate(halves))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"latent_dim": 13}, "model.latent_dim = 13 cannot be cut into 3 equal parts"),
        ({"shared_embedding": False}, "set split_latents to False"),
        (
            {"generator_widths": (2, 2, 2, 2, 2, 2)},
            "generator_widths has 6 widths: 16 x 16 halves 4 times; write 5 or less",
        ),
        ({"discriminator_widths": (1,) * 6}, "discriminator_widths has 6 widths"),
        ({"discriminator_downsamples": 9}, "discriminator_downsamples = 9: there are"),
    ],
)
def test_refuses_what_cannot_be_built(fields, message):
    with pytest.raises(ValueError, match=message):
        build((16, 16, 3), **fields)


@pytest.mark.parametrize("size", [(6, 6), (31, 31), (2048, 2048)])
def test_refuses_sizes_that_do_not_halve(size):
    with pytest.raises(ValueError, match="write a multiple of a power of two"):
        doublings(*size)
