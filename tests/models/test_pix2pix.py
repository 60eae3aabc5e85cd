"""pix2pix's networks: the authors' parameter counts, patches, skips, dropout, no coupling."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from jaxgan.media.pairs import pairs
from jaxgan.models import convolution, pix2pix
from jaxgan.models.layers import InstanceNorm
from tests.models.networks import count, shapes_of

# Compiled in a third of the time, and slow to run, which small networks can bear.
FAST = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}


def sides(size=16, channels=3, **fields):
    config = pix2pix.default_config()
    config.update({"width": 4} | fields)
    spec = pairs((size, size, 3 + channels), 3).spec
    noise = jax.ShapeDtypeStruct((config.latent_dim,), jnp.float32)
    found = pix2pix.networks(config, spec._replace(noise=noise))
    return found["generator"], found["discriminator"]


def counts(size, **fields):
    return tuple(count(shapes_of(side)) for side in sides(size, width=64, **fields))


def test_the_authors_networks():
    """Counts of the public PyTorch networks, with batch norm and with instance norm."""
    assert counts(256) == (54_413_955, 2_768_705)
    assert counts(256, norm="plain") == (54_409_603, 2_767_809)
    assert counts(128) == (41_828_995, 2_768_705)
    assert counts(128, norm="plain")[0] == 41_825_667
    expected = {0: 9_024, 1: 139_585, 2: 666_433, 4: 6_964_033, 5: 11_159_361}
    assert {n: counts(256, patch_layers=n)[1] for n in expected} == expected


@pytest.mark.parametrize(
    ("layers", "patch"), [(0, 1), (1, 16), (2, 34), (3, 70), (4, 142), (5, 286)]
)
def test_a_logit_sees_its_patch_and_no_more(layers, patch):
    """Which pixels the logit in the middle has a gradient at."""
    size = 16 * -(-(2 * patch) // 16)
    size = max(size, 8 << layers)
    _, judge = sides(size, width=1, patch_layers=layers, norm="plain")
    params = jax.tree.map(lambda x: jnp.ones(x.shape), shapes_of(judge))
    network = judge.module.clone(norm="")  # a norm sees the whole image

    def middle(image):
        logits = network.apply({"params": params}, image, jnp.zeros_like(image))
        return logits[0, logits.shape[1] // 2, logits.shape[2] // 2]

    slope = np.abs(jax.grad(middle)(jnp.ones((1, size, size, 3)))).sum((0, 3)) > 0
    assert [slope.any(axis).sum() for axis in (0, 1)] == [patch, patch]


def test_a_256_image_has_30_x_30_logits():
    _, judge = sides(256)
    image = jax.ShapeDtypeStruct((1, 256, 256, 3), jnp.float32)
    shape = jax.eval_shape(judge.calls["call"], {"params": shapes_of(judge)}, image, image).shape
    assert shape == (1, 30, 30)


def drawn(side, seed=0):
    rng = np.random.default_rng(seed)
    return jax.tree.map(lambda x: jnp.asarray(0.3 * rng.normal(size=x.shape), x.dtype),
                        shapes_of(side))  # fmt: skip


def called(side):
    return jax.jit(side.calls["call"], compiler_options=FAST)


def inputs(n=3, size=16):
    rng = np.random.default_rng(1)
    latents = jnp.asarray(rng.normal(size=(n, 2)), jnp.float32)
    return latents, jnp.asarray(rng.uniform(-1, 1, (n, size, size, 3)), jnp.float32)


def test_every_layer_matters():
    """No norm at one pixel, so the output depends on every kernel, the innermost among them."""
    side, _ = sides(patch_layers=2)
    latents, source = inputs()
    target = jnp.asarray(np.random.default_rng(3).normal(size=source.shape), jnp.float32)
    loss = lambda p: (side.calls["translate"]({"params": p}, latents, source) * target).sum()
    slopes = jax.jit(jax.grad(loss), compiler_options=FAST)(drawn(side))
    sizes = {name: float(jnp.abs(layer["kernel"]).max()) for name, layer in slopes.items()}
    assert set(sizes) == {f"{way}_{i}" for way in ("down", "up") for i in range(4)}
    assert min(sizes.values()) > 1e-3, sizes


def test_without_skips_only_the_code_is_seen():
    """The ablation: with the innermost kernels 0 every source becomes the same image."""
    latents, source = inputs()
    for skips in (True, False):
        side, _ = sides(skips=skips, dropout=0.0, patch_layers=2)
        params = drawn(side)
        params["down_3"] = jax.tree.map(jnp.zeros_like, params["down_3"])
        made = called(side)({"params": params}, latents, source)
        spread = float(np.ptp(np.asarray(made), axis=0).max())
        assert (spread > 0.1) == skips, spread


def test_an_image_does_not_depend_on_its_batch():
    side, _ = sides(patch_layers=2)
    latents, source = inputs()
    network, params = called(side), {"params": drawn(side)}
    call = lambda z, x: np.asarray(network(params, z, x))
    together = call(latents, source)
    alone = np.concatenate([call(latents[i : i + 1], source[i : i + 1]) for i in range(3)])
    # Sums of products in another order, through eight layers.
    np.testing.assert_allclose(together, alone, atol=2e-5)


def test_dropout_is_drawn_by_the_latents():
    x = jnp.ones((2000, 4, 4, 8))
    latents = jnp.asarray(np.random.default_rng(0).normal(size=(2000, 2)), jnp.float32)
    found = np.asarray(pix2pix.dropped(x, latents, 1, 0.25))
    assert set(np.unique(found).round(6)) == {0.0, np.float32(1 / 0.75).round(6)}
    # 256,000 draws: a standard deviation of 0.0009 in the share, of 0.0077 in a correlation.
    assert abs((found == 0).mean() - 0.25) < 0.004
    apart = np.corrcoef(found[:, 0, 0, 0], found[:, 0, 0, 1])[0, 1]
    assert abs(apart) < 0.1
    other = np.asarray(pix2pix.dropped(x, latents, 2, 0.25))
    assert (found != other).mean() == pytest.approx(2 * 0.25 * 0.75, abs=0.01)
    again = np.asarray(pix2pix.dropped(x, latents, 1, 0.25))
    np.testing.assert_array_equal(found, again)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"size": 18}, "data.size = 18 x 18: write multiples of 4"),
        ({"size": 24, "levels": 4}, "images of 24 x 24: .* 16 divides, such as 32 x 32"),
        ({"norm": "batch"}, "model.norm = 'batch': write 'affine' or 'plain'"),
        ({"dropout": 1.0}, "model.dropout = 1.0"),
        ({"latent_dim": 8}, "model.latent_dim = 8: write 2"),
        ({"size": 16}, "model.patch_layers = 3 needs images of 24 pixels"),
        ({"size": 20}, "images of 20 x 20: .* 8 divides, such as 16 x 16"),
    ],
)
def test_refusals(fields, words):
    with pytest.raises(ValueError, match=words):
        sides(**fields)


def test_instance_norm_is_numpys():
    x = np.random.default_rng(0).normal(2, 3, (2, 5, 4, 3)).astype(np.float32)
    norm = InstanceNorm(affine=True)
    gain, bias = np.float32([1, 2, -1]), np.float32([0, 0.5, 3])
    found = norm.apply({"params": {"gain": gain, "bias": bias}}, jnp.asarray(x))
    mean, variance = x.mean((1, 2), keepdims=True), x.var((1, 2), keepdims=True)
    np.testing.assert_allclose(
        found, (x - mean) / np.sqrt(variance + 1e-5) * gain + bias, atol=1e-5
    )
    with pytest.raises(ValueError, match="1 x 1 pixels"):
        norm.init(jax.random.key(0), jnp.zeros((2, 1, 1, 3)))


def plain(x, kernel, stride):
    """Convolve with k x k, zero padding of one, pixel by pixel."""
    x = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    k = kernel.shape[0]
    size = [(side - k) // stride + 1 for side in x.shape[1:3]]
    y = np.zeros((len(x), *size, kernel.shape[-1]))
    for i in range(size[0]):
        for j in range(size[1]):
            part = x[:, i * stride : i * stride + k, j * stride : j * stride + k]
            y[:, i, j] = np.einsum("bhwc,hwco->bo", part, kernel)
    return y


def test_even_kernels_are_numpys():
    rng = np.random.default_rng(0)
    x, kernel = rng.normal(size=(2, 6, 8, 3)), rng.normal(size=(4, 4, 3, 5))
    a, k = jnp.asarray(x, jnp.float32), jnp.asarray(kernel, jnp.float32)
    np.testing.assert_allclose(convolution.conv_halving(a, k), plain(x, kernel, 2), atol=1e-4)
    np.testing.assert_allclose(convolution.conv_shrinking(a, k), plain(x, kernel, 1), atol=1e-4)
    # The transpose: <up(y), x> = <y, down(x)>, with the kernel's ends exchanged.
    y = rng.normal(size=(2, 3, 4, 5))
    up = convolution.conv_doubling(jnp.asarray(y, jnp.float32), k.swapaxes(2, 3))
    assert up.shape == x.shape
    assert float((up * a).sum()) == pytest.approx(float((y * plain(x, kernel, 2)).sum()), rel=1e-4)
    for function in (convolution.conv_halving, convolution.conv_shrinking):
        check_grads(function, (a, k), order=2, modes=["rev"], rtol=0.02)
    with pytest.raises(ValueError, match="write even sizes"):
        convolution.conv_halving(a, k[:3, :3])
