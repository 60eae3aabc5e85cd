"""BigGAN-deep's networks against float64 numpy written from the formulas."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.models import biggan_deep
from jaxgan.models.halvings import doublings
from tests.models.networks import modules_of
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
# float32 against float64: a few hundred roundings of 6e-8 on values of order one.
close = partial(np.testing.assert_allclose, rtol=2e-5, atol=2e-5)


def numpy_generator(p, z, labels, image_shape, stages, attention_at, activation=relu):
    height, width, channels = image_shape
    condition = z
    if "shared_embedding" in p:
        condition = np.concatenate([p["shared_embedding"]["embedding"][labels], z], 1)
    x = linear(condition, p["linear"]).reshape(len(z), height >> stages, width >> stages, -1)
    for i in range(2 * stages):
        block, last_of_stage = p[f"block_{i}"], i % 2 == 1
        h = x
        for j in range(4):
            h = activation(conditional_batch_norm(h, condition, block[f"norm_{j}"]))
            h = conv(up(h) if j == 1 and last_of_stage else h, block[f"conv_{j}"])
        x = x[..., : h.shape[-1]]
        x = h + (up(x) if last_of_stage else x)
        if last_of_stage and x.shape[1] == attention_at:
            x = attention(x, p["attention"])
    x = activation(batch_norm(x, p["norm"]["gain"], p["norm"]["bias"]))
    return np.tanh(conv(x, p["to_image"])[..., :channels])


def numpy_discriminator(p, x, labels, downsamples, attention_at, activation=relu):
    trunk = p["trunk"]
    x = conv(x, trunk["stem"])
    for i in range(sum(name.startswith("block") for name in trunk)):
        block, halve = trunk[f"block_{i}"], i % 2 == 0 and i // 2 < downsamples
        h = x
        for j in range(4):
            h = activation(h)
            h = conv(down(h) if j == 3 and halve else h, block[f"conv_{j}"])
        skip = down(x) if halve else x
        if "skip" in block:
            skip = np.concatenate([skip, conv(skip, block["skip"])], -1)
        x = h + skip
        if i % 2 == 1 and i // 2 < downsamples and x.shape[1] == attention_at:
            x = attention(x, trunk["attention"])
    return projection(x, labels, p["head"], activation)


def build(image_shape, num_classes=3, **fields):
    """Return both networks, random parameters for them, and inputs."""
    config = biggan_deep.default_config()
    config.update({"width": 8, "latent_dim": 6, "embedding_dim": 5} | fields)
    networks = modules_of(biggan_deep, config, image_shape, num_classes)
    rng = np.random.default_rng(1)
    z = rng.normal(size=(BATCH, config.latent_dim)).astype(np.float32)
    x = rng.uniform(-1, 1, (BATCH, *image_shape)).astype(np.float32)
    y = rng.integers(0, max(num_classes, 1), BATCH).astype(np.int32)
    params = []
    for seed, (network, inputs) in enumerate(zip(networks, ((z, y), (x, y)), strict=True)):
        tree = jax.eval_shape(partial(network.init, mutable=["params"]), jax.random.key(0), *inputs)
        params.append(random_like(tree["params"], seed))
    return networks, params, z, x, y


@pytest.mark.parametrize(
    ("image_shape", "num_classes", "fields"),
    [
        ((16, 16, 3), 3, {}),
        ((16, 16, 3), 3, {"to_image_channels": 8}),
        ((16, 32, 5), 3, {"leaky_slope": 0.2}),
        ((32, 64, 1), 1, {"width": 4}),
        ((16, 16, 3), 0, {}),
        (
            (32, 32, 3),
            3,
            {
                "generator_widths": (4, 4, 4, 4),
                "discriminator_widths": (4, 4, 4, 4),
                "discriminator_downsamples": 2,
            },
        ),
    ],
)
def test_both_networks_equal_numpy(image_shape, num_classes, fields):
    sizes = {"generator_attention": 8, "discriminator_attention": 8}
    networks, params, z, x, y = build(image_shape, num_classes, **fields, **sizes)
    stages = doublings(*image_shape[:2])
    downsamples = fields.get("discriminator_downsamples", stages)
    activation = leaky if "leaky_slope" in fields else relu
    images = jax.jit(networks[0].apply)({"params": params[0]}, z, y)
    logits = jax.jit(networks[1].apply)({"params": params[1]}, x, y)
    assert images.shape == (BATCH, *image_shape) and images.dtype == logits.dtype == jnp.float32
    g, d = float64(params)
    close(images, numpy_generator(g, z, y, image_shape, stages, 8, activation))
    close(logits, numpy_discriminator(d, x, y, downsamples, 8, activation))


def test_rematerialisation_changes_nothing():
    networks, params, z, x, y = build((16, 16, 3))
    again = build((16, 16, 3), remat=True)[0]
    for a, b, p, v in zip(networks, again, params, (z, x), strict=True):
        loss = lambda network, p, v=v: (network.apply({"params": p}, v, y) ** 2).sum()
        gradients = (jax.jit(jax.grad(partial(loss, network)))(p) for network in (a, b))
        jax.tree.map(close, *gradients)


def test_width_must_split_into_quarters():
    with pytest.raises(ValueError, match="width = 6: write a multiple of 4"):
        build((16, 16, 3), width=6)
