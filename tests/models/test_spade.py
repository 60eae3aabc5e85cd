"""SPADE's networks: the design's parameter counts, and why a flat map is not washed out."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.game.game import Spec
from jaxgan.media.maps import maps
from jaxgan.models import cyclegan, spade
from tests.models.networks import count, shapes_of
from tests.models.test_pix2pix import FAST, drawn


def sides(size=(16, 16), classes=3, channels=3, **fields):
    config = spade.default_config()
    config.update({"width": 2, "hidden": 4, "patch_layers": 1, "latent_dim": 5} | fields)
    spec = maps((*size, channels), classes).spec
    spec = spec._replace(noise=jax.ShapeDtypeStruct((config.latent_dim,), jnp.float32))
    found = spade.networks(config, spec)
    return found["generator"], found["discriminator"]


@pytest.mark.parametrize(
    ("classes", "of_maps", "of_style"),
    [
        (36, 93_048_003, 96_925_891),  # Cityscapes with instance edges
        (151, 96_492_483, 99_310_531),  # ADE20K
        (184, 97_480_899, 99_994_819),  # COCO-Stuff
    ],
)
def test_the_papers_networks(classes, of_maps, of_style):
    paper = {"width": 64, "hidden": 128, "patch_layers": 3, "latent_dim": 256}
    generator, _ = sides((256, 256), classes, **paper)
    assert count(shapes_of(generator)) == of_maps
    generator, _ = sides((256, 256), classes, style=True, **paper)
    assert count(shapes_of(generator)["decoder"]) == of_style


def flat(label, size=16, classes=3):
    shares = jax.nn.one_hot(jnp.full((1, size, size), label), classes)
    return jnp.asarray(shares, jnp.float32)


def test_a_flat_map_keeps_its_class_and_instance_norm_alone_loses_it():
    """A convolution of a flat map is flat, and its instance norm 0: the network of CycleGAN, whose
    edges are reflected, makes one picture of all flat maps. SPADE makes two."""
    config = cyclegan.default_config()
    config.update(width=2, blocks=1, patch_layers=1)
    sample = jax.ShapeDtypeStruct((16, 16, 3), jnp.float32)
    spec = Spec(sample, jax.ShapeDtypeStruct((16, 16, 3), jnp.float32))
    plain = cyclegan.networks(config, spec)["generator"]
    # Eighths: sums are exact, where rounding would be all that the norms have to enlarge.
    params = jax.tree.map(lambda x: jnp.round(8 * x) / 8, drawn(plain))
    call = jax.jit(plain.calls["to_b"], compiler_options=FAST)
    first, second = (call({"params": params}, flat(k)) for k in (0, 2))
    np.testing.assert_array_equal(first, second)

    generator, _ = sides()
    params, z = drawn(generator), jnp.zeros((1, 5))
    call = jax.jit(generator.calls["call"], compiler_options=FAST)
    first, second = (call({"params": params}, z, flat(k)) for k in (0, 2))
    assert np.abs(np.asarray(first) - np.asarray(second)).mean() > 0.1


def test_a_layer_is_the_papers_formula():
    """Against numpy: instance norm, times 1 + gain of the map, plus its bias."""
    rng = np.random.default_rng(0)
    x = jnp.asarray(rng.normal(size=(2, 4, 4, 3)), jnp.float32)
    labels = rng.integers(0, 5, (2, 8, 8))
    shares = jax.nn.one_hot(labels, 5)
    module = spade.Spade(6)
    params = jax.eval_shape(module.init, jax.random.key(0), x, shares)["params"]
    params = jax.tree.map(lambda p: jnp.asarray(rng.normal(size=p.shape), p.dtype), params)

    def convolved(x, layer):
        kernel, bias = np.float64(params[layer]["kernel"]), np.float64(params[layer]["bias"])
        padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (1, 2))
        return np.einsum("bhwcij,ijco->bhwo", windows, kernel) + bias

    seen = np.maximum(convolved(np.eye(5)[labels[:, ::2, ::2]], "shared"), 0)
    wide = np.float64(x)
    mean, variance = wide.mean((1, 2), keepdims=True), wide.var((1, 2), keepdims=True)
    expected = (wide - mean) / np.sqrt(variance + 1e-5)
    expected = expected * (1 + convolved(seen, "gain")) + convolved(seen, "bias")
    found = jax.jit(module.apply, compiler_options=FAST)({"params": params}, x, shares)
    np.testing.assert_allclose(found, expected, rtol=2e-4, atol=2e-4)


def test_the_map_decides_where_and_the_latents_how():
    """Without style latents change nothing; with it they do, and an encoder gives them."""
    rng = np.random.default_rng(1)
    shares = jax.nn.one_hot(rng.integers(0, 3, (2, 16, 16)), 3)
    z = jnp.asarray(rng.normal(size=(2, 5)), jnp.float32)
    generator, _ = sides()
    params = {"params": drawn(generator)}
    call = jax.jit(generator.calls["call"], compiler_options=FAST)
    np.testing.assert_array_equal(call(params, z, shares), call(params, -z, shares))
    assert "encode" not in generator.calls

    generator, _ = sides(style=True)
    params = {"params": drawn(generator)}
    call = jax.jit(generator.calls["call"], compiler_options=FAST)
    images = call(params, z, shares)
    assert images.shape == (2, 16, 16, 3)
    assert np.abs(np.asarray(images - call(params, -z, shares))).mean() > 0.01
    encode = jax.jit(generator.calls["encode"], compiler_options=FAST)
    mean, log_variance = encode(params, images)
    assert mean.shape == log_variance.shape == (2, 5)
    with pytest.raises(ValueError, match=r"maps of 32 x 32: with model.style .* write 16 x 16"):
        jax.eval_shape(generator.calls["call"], params, z, jnp.zeros((2, 32, 32, 3)))


def test_logits_of_several_scales():
    """A judge sees the image at its scale, beside its map; features come before the logits."""
    _, discriminator = sides(scales=2)
    params = {"params": drawn(discriminator)}
    rng = np.random.default_rng(0)
    images = jnp.asarray(rng.normal(size=(2, 16, 16, 3)), jnp.float32)
    shares = jax.nn.one_hot(rng.integers(0, 3, (2, 16, 16)), 3)
    run = lambda side, call: jax.jit(side.calls[call], compiler_options=FAST)
    found = run(discriminator, "activations")(params, images, shares)
    logits = run(discriminator, "call")(params, images, shares)
    assert [x.shape for x in logits] == [(2, 6, 6), (2, 2, 2)]
    for scale, own in zip(found, logits, strict=True):
        np.testing.assert_array_equal(scale[-1], own)
        assert len(scale) == 3 and all(x.ndim == 4 for x in scale[:-1])
    halved = lambda x: x.reshape(2, 8, 2, 8, 2, 3).mean((2, 4))
    coarse = run(sides(scales=1)[1], "call")(
        {"params": {"judges_0": params["params"]["judges_1"]}}, halved(images), halved(shares)
    )
    np.testing.assert_allclose(coarse[0], logits[1], atol=1e-5)


@pytest.mark.parametrize(
    ("size", "fields", "message"),
    [
        ((4, 4), {}, "data.size = 4 x 4: write multiples of 8 at least"),
        ((10, 15), {}, "data.size = 10 x 15: write multiples of 8 at least"),
        ((16, 16), {"scales": 0}, "model.scales = 0: write 1 or more"),
        ((16, 16), {"patch_layers": 2}, "patch_layers = 2 and model.scales = 2 need images of 24"),
        ((16, 16), {"patch_layers": 0}, "model.patch_layers = 0: write 1 or more"),
    ],
)
def test_refusals(size, fields, message):
    with pytest.raises(ValueError, match=message):
        sides(size, **fields)
