"""ProGAN's and StyleGAN's parts against numpy, and what growing and noise do to whole networks."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.game.transforms import equalized, growth
from jaxgan.models import convolution, progan, stylegan
from jaxgan.models.convolution import average_pool, blur, upsample
from tests.models.networks import modules_of, sides_of
from tests.models.test_lineage_counts import conv, counts, linear

RNG = np.random.default_rng(0)
X = RNG.normal(size=(5, 3, 2, 4)).astype(np.float32)
SHAPE = (16, 16, 1)
LATENTS, LABELS = jnp.float32(RNG.normal(size=(3, 6))), jnp.zeros(3, jnp.int32)
IMAGES = jnp.float32(RNG.uniform(-1, 1, (3, *SHAPE)))


def drawn(module, *inputs):
    """Return random parameters, with all stages in use."""
    shapes = jax.eval_shape(lambda: module.init(jax.random.key(0), *inputs)["params"])
    params = jax.tree.map(lambda s: jnp.float32(0.3 * RNG.normal(size=s.shape)), shapes)
    return {**params, "progress": jnp.float32(2.0)} if "progress" in params else params


def test_pixel_norm():
    expected = X / np.sqrt((X.astype(np.float64) ** 2).mean(-1, keepdims=True) + 1e-8)
    np.testing.assert_allclose(progan.pixel_norm(jnp.asarray(X)), expected, rtol=1e-5)


def test_deviation_is_one_number_for_the_batch():
    found = progan.deviation(jnp.asarray(X))
    assert found.shape == (5, 3, 2, 5)
    np.testing.assert_array_equal(found[..., :4], X)
    np.testing.assert_allclose(found[..., 4], X.std(0).mean(), rtol=1e-5)
    same = progan.deviation(jnp.asarray(X[:1].repeat(5, 0)))  # a collapsed batch
    np.testing.assert_allclose(same[..., 4], 0.0, atol=1e-3)  # the root of 1e-8, and rounding


@pytest.fixture(scope="module")
def generator():
    module = progan.Generator(SHAPE, (4, 3, 2))
    params = drawn(module, LATENTS, LABELS)
    apply = jax.jit(lambda params, p: module.apply(
        {"params": {**params, "progress": jnp.float32(p)}}, LATENTS, LABELS))  # fmt: skip
    return params, apply


def changed(params, stages):
    """Return other parameters for the parts of these stages."""
    is_of = lambda name: any(f"_{i}" in name for i in stages)
    return {n: jax.tree.map(lambda a: a + 1.0, p) if is_of(n) else p for n, p in params.items()}


def test_a_generator_in_growth_is_the_smaller_one(generator):
    params, apply = generator
    for p, unused, blocks in ((0.0, (1, 2), 4), (1.0, (2,), 2)):
        image = apply(params, p)
        np.testing.assert_array_equal(image, apply(changed(params, unused), p))
        small = image[:, ::blocks, ::blocks]
        np.testing.assert_array_equal(image, small.repeat(blocks, 1).repeat(blocks, 2))
    assert (apply(changed(params, (2,)), 1.5) != apply(params, 1.5)).any()


def test_between_two_resolutions_images_are_mixed(generator):
    params, apply = generator
    for low, share in ((0.0, 0.25), (1.0, 0.5)):
        expected = (1 - share) * apply(params, low) + share * apply(params, low + 1)
        np.testing.assert_allclose(apply(params, low + share), expected, rtol=1e-4, atol=1e-5)


def test_a_discriminator_in_growth_sees_the_image_made_small():
    module = progan.Discriminator((4, 3, 2))
    params = drawn(module, IMAGES, LABELS)
    apply = jax.jit(lambda params, p, x: module.apply(
        {"params": {**params, "progress": jnp.float32(p)}}, x, LABELS))  # fmt: skip
    blurred = upsample(average_pool(IMAGES))
    for p in (0.0, 1.0):
        unused = changed(params, (1, 2) if p == 0 else (2,))
        np.testing.assert_array_equal(apply(params, p, IMAGES), apply(unused, p, IMAGES))
        np.testing.assert_allclose(apply(params, p, IMAGES), apply(params, p, blurred), rtol=1e-5)
    assert (apply(params, 1.5, IMAGES) != apply(params, 1.5, blurred)).any()
    assert (apply(changed(params, (2,)), 1.5, IMAGES) != apply(params, 1.5, IMAGES)).any()


def test_growth_follows_the_images():
    """A resolution for 100 images, then 100 to fade the next one in; 2 stages at most."""
    link = growth(100.0, 20)
    params, steps = {"progress": jnp.float32(2.0), "w": jnp.ones(3)}, link.init(None, None)
    found = []
    for _ in range(25):
        weights, steps = link.apply(params, steps)
        found.append(float(weights["progress"]))
        np.testing.assert_array_equal(weights["w"], params["w"])
    fade = [0.0, 0.2, 0.4, 0.6, 0.8]
    expected = [0.0] * 5 + fade + [1.0] * 5 + [1 + f for f in fade] + [2.0] * 5
    np.testing.assert_allclose(found, expected, atol=1e-6)
    with pytest.raises(ValueError, match="this model does not grow; write 0"):
        link.apply({"w": jnp.ones(3)}, steps)


def test_equalised_weights_have_hes_scale_and_the_mapping_learns_slowly():
    params = {
        "conv": {"kernel": jnp.float32(RNG.normal(size=(3, 3, 50, 200))), "bias": jnp.ones(4)},
        "mapping": {"layer_0": {"kernel": jnp.full((8, 8), 100.0), "bias": jnp.ones(8)}},
    }
    weights, _ = equalized().apply(params, ())
    # Of 90,000 draws.
    assert float(weights["conv"]["kernel"].std()) == pytest.approx(np.sqrt(2 / 450), rel=0.02)
    np.testing.assert_array_equal(weights["conv"]["bias"], 1.0)
    np.testing.assert_allclose(weights["mapping"]["layer_0"]["kernel"], np.sqrt(2 / 8), rtol=1e-6)
    np.testing.assert_allclose(weights["mapping"]["layer_0"]["bias"], 0.01, rtol=1e-6)


def test_parameter_counts():
    """At 16 x 16 with 4, 3, 2 channels: two convolutions a resolution, one in the coarsest."""
    config = {"width": 1, "most": 64, "latent_dim": 6}
    channels = [4, 2, 1]
    g = linear(6, 16 * 4) + conv(3, 4, 4) + sum(conv(1, c, 1) for c in channels) + 1
    g += sum(conv(3, a, b) + conv(3, b, b) for a, b in ((4, 2), (2, 1)))
    d = sum(conv(1, 1, c) for c in channels) + 1
    d += sum(conv(3, a, a) + conv(3, a, b) for a, b in ((1, 2), (2, 4)))
    d += conv(3, 5, 4) + linear(64, 4) + linear(4, 1)
    assert counts(progan, SHAPE, **config) == (g, d)
    style, noise = 6, 2 * (16 + 64 + 256)
    config |= {"style_dim": style, "depth": 2, "latent_dim": style + noise}
    layers = [(None, 4), (4, 4), (4, 2), (2, 2), (2, 1), (1, 1)]
    g = 2 * linear(style, style) + 16 * 4 + conv(1, 1, 1)
    g += sum((9 * a * b if a else 0) + 2 * b + linear(style, 2 * b) for a, b in layers)
    assert counts(stylegan, SHAPE, **config) == (g, d)


def test_adain_gives_each_image_the_moments_of_its_style():
    gain, bias = RNG.normal(size=(2, 5, 4))
    found = stylegan.adain(jnp.asarray(X), jnp.float32(gain), jnp.float32(bias))
    np.testing.assert_allclose(np.asarray(found).mean((1, 2)), bias, atol=1e-5)
    np.testing.assert_allclose(np.asarray(found).std((1, 2)), np.abs(gain), rtol=1e-4)


def test_a_layer_that_doubles_is_blurred_then_made_noisy():
    layer, w = stylegan.Layer(3, "up"), jnp.float32(RNG.normal(size=(5, 6)))
    noise = jnp.float32(RNG.normal(size=(5, 6, 4)))
    params = drawn(layer, jnp.asarray(X), w, noise, False)
    found = layer.apply({"params": params}, jnp.asarray(X), w, noise, False)
    large = blur(convolution.conv_up(jnp.asarray(X), params["conv"]["kernel"]))
    large += params["strength"][None, None, None] * noise[..., None]
    large += params["bias"][None, None, None]
    style = w @ params["style"]["kernel"] + params["style"]["bias"][None]
    gain, bias = jnp.split(style, 2, -1)
    expected = stylegan.adain(nn.leaky_relu(large, 0.2), 1 + gain, bias)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_stylegans_discriminator_blurs_before_it_halves():
    def activated(y, part):
        return nn.leaky_relu(y + part["bias"].reshape((1,) * (y.ndim - 1) + (-1,)), 0.2)

    def joined(x, part):
        y = x @ part["kernel"] if x.ndim == 2 else convolution.conv(x, part["kernel"])
        return activated(y, part)

    module = progan.Discriminator((4, 3, 2), smooth=True)
    params = drawn(module, IMAGES, LABELS)
    x = joined(IMAGES, params["from_image_2"])
    for i in (2, 1):
        x, half = blur(joined(x, params[f"conv_{i}b"])), params[f"conv_{i}a"]
        x = activated(convolution.conv_down(x, half["kernel"]), half)
    x = joined(progan.deviation(x), params["conv_0"])
    x = joined(x.reshape(3, -1), params["hidden"])
    expected = (x @ params["linear"]["kernel"])[:, 0] + params["linear"]["bias"]
    found = module.apply({"params": params}, IMAGES, LABELS)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.fixture(scope="module")
def style():
    config = stylegan.default_config()
    config.update(width=2, most=4, style_dim=6, depth=2, latent_dim=6 + 160)
    module, _ = modules_of(stylegan, config, (8, 8, 1))
    latents = jnp.float32(RNG.normal(size=(3, 166)))
    params = drawn(module, latents, LABELS)
    return module, params, latents


def test_latents_are_a_style_and_the_noise_of_each_layer(style):
    module, params, latents = style
    assert stylegan.noise_shapes((8, 8, 1)) == [(4, 4), (4, 4), (8, 8), (8, 8)]
    apply = jax.jit(lambda params, z: module.apply({"params": params}, z, LABELS))
    styles = module.apply({"params": params}, latents, LABELS, method="styles")
    assert styles.shape == (3, 4, 6)
    np.testing.assert_array_equal(styles, styles[:, :1].repeat(4, 1))
    image = apply(params, latents)
    for place in (6, 22, 38, 102, 165):  # the first number of each layer's noise, and the last
        assert (apply(params, latents.at[:, place].add(1.0)) != image).any()
    # Without strength the noise does nothing.
    quiet = jax.tree_util.tree_map_with_path(
        lambda path, a: jnp.zeros_like(a) if "strength" in str(path) else a, params
    )
    np.testing.assert_array_equal(apply(quiet, latents), apply(quiet, latents.at[:, 6:].add(1.0)))


def test_mapping_is_of_the_direction_of_z_alone(style):
    module, params, latents = style
    styles = lambda z: module.apply({"params": params}, z, LABELS, method="styles")
    np.testing.assert_allclose(styles(3.0 * latents), styles(latents), rtol=1e-3, atol=1e-5)


def test_a_wrong_latent_dim_is_refused_with_the_right_one():
    with pytest.raises(ValueError, match=r"model.latent_dim = 3232: .* are 672; write 672"):
        config = stylegan.default_config()
        config.style_dim = 0  # the noise alone
        sides_of(stylegan, config, SHAPE)
