"""CycleGAN's networks: the authors' parameter counts, reflected edges, two ways."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.media.pairs import pairs
from jaxgan.models import convolution, cyclegan
from tests.models.networks import count, shapes_of
from tests.models.test_pix2pix import drawn


def sides(size=16, channels=3, **fields):
    config = cyclegan.default_config()
    config.update({"width": 4, "blocks": 1, "patch_layers": 1} | fields)
    found = cyclegan.networks(config, pairs((size, size, 3 + channels), 3).spec)
    return found["generator"], found["discriminator"]


def test_the_authors_networks():
    """Each of the two translators and judges has the count of the public PyTorch network."""
    paper = {"width": 64, "patch_layers": 3}
    generator, discriminator = sides(256, blocks=9, **paper)
    assert [count(x) for x in shapes_of(generator).values()] == [11_378_179] * 2
    assert [count(x) for x in shapes_of(discriminator).values()] == [2_764_737] * 2
    generator, _ = sides(128, blocks=6, **paper)
    assert [count(x) for x in shapes_of(generator).values()] == [7_837_699] * 2


def test_judges_may_be_wider_than_translators():
    small = {"width": 16, "blocks": 3, "patch_layers": 2}
    translators, judges = sides(32, **small, judge_width=32)
    assert count(shapes_of(translators)) == 545_030 and count(shapes_of(judges)) == 335_298
    assert count(shapes_of(sides(32, **small)[1])) < 335_298 / 3


def test_each_call_is_of_its_own_networks():
    generator, discriminator = sides(channels=1)
    params, judges = drawn(generator), drawn(discriminator)
    a, b = jnp.full((2, 16, 16, 3), 0.5), jnp.full((2, 16, 16, 1), 0.5)
    made = {
        "call": generator.calls["call"]({"params": params}, (), a),
        "translate": generator.calls["translate"]({"params": params}, (), a),
        "to_b": generator.calls["to_b"]({"params": params}, a),
    }
    for image in made.values():
        np.testing.assert_array_equal(image, made["to_b"])
    assert made["to_b"].shape == b.shape
    assert generator.calls["to_a"]({"params": params}, b).shape == a.shape
    other = {**params, "b_to_a": jax.tree.map(jnp.zeros_like, params["b_to_a"])}
    np.testing.assert_array_equal(generator.calls["to_b"]({"params": other}, a), made["to_b"])
    of_b = discriminator.calls["judge_b"]({"params": judges}, b)
    whole = discriminator.calls["call"]({"params": judges}, b, a)
    np.testing.assert_array_equal(of_b, whole)
    assert discriminator.calls["judge_a"]({"params": judges}, a).shape == of_b.shape


def test_edges_are_reflected():
    """Against numpy's padding, and a plain convolution where it fits."""
    rng = np.random.default_rng(0)
    x, kernel = rng.normal(size=(2, 6, 5, 3)), rng.normal(size=(7, 7, 3, 2))
    padded = np.pad(x, ((0, 0), (3, 3), (3, 3), (0, 0)), mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (7, 7), (1, 2))
    expected = np.einsum("bhwcij,ijco->bhwo", windows, kernel)
    found = cyclegan.reflected(jnp.asarray(x, jnp.float32), jnp.asarray(kernel, jnp.float32))
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_doubled_is_the_transpose_of_the_strided_convolution():
    """<doubled(y), x> = <y, strided(x)>, with the kernel's ends exchanged."""
    rng = np.random.default_rng(0)
    normal = lambda *shape: jnp.asarray(rng.normal(size=shape), jnp.float32)
    x, y, kernel = normal(2, 6, 8, 3), normal(2, 3, 4, 5), normal(3, 3, 3, 5)
    strided = convolution.conv_strided(x, kernel)
    up = cyclegan.doubled(y, kernel.swapaxes(2, 3))
    assert up.shape == x.shape
    assert float((up * x).sum()) == pytest.approx(float((strided * y).sum()), rel=1e-4)


def test_with_a_skip_weights_of_zero_change_next_to_nothing():
    generator, _ = sides(skip=True)
    params = jax.tree.map(jnp.zeros_like, drawn(generator))
    image = jnp.asarray(np.random.default_rng(0).uniform(-1, 1, (1, 16, 16, 3)), jnp.float32)
    found = generator.calls["to_b"]({"params": params}, image)
    np.testing.assert_allclose(found, 0.98 * image, atol=1e-6)


def test_u_nets_in_place_of_residual_networks():
    """The count of pix2pix's with the same norm, each way; without skips an encoder and decoder."""
    generator, _ = sides(256, width=64, levels=8)
    assert [count(x) for x in shapes_of(generator).values()] == [54_409_603] * 2
    u_net, encoder = (sides(levels=3, skips=skips)[0] for skips in (True, False))
    x = jnp.asarray(np.random.default_rng(0).uniform(-1, 1, (2, 16, 16, 3)), jnp.float32)
    for side, sees in ((u_net, True), (encoder, False)):
        params = drawn(side)
        innermost = params["a_to_b"]["down_2"]
        params["a_to_b"]["down_2"] = jax.tree.map(jnp.zeros_like, innermost)
        made = side.calls["to_b"]({"params": params}, x)
        assert (float(np.ptp(np.asarray(made), axis=0).max()) > 0.01) == sees


def test_refusals():
    with pytest.raises(ValueError, match=r"images of 20 x 20: .* 8 divides"):
        sides(20, levels=3)
    with pytest.raises(ValueError, match=r"model.skip = True with model.levels = 3"):
        sides(skip=True, levels=3)
    with pytest.raises(ValueError, match=r"images of 18 x 18: .* 4 divides"):
        sides(18)
    with pytest.raises(ValueError, match=r"model.skip = True with images of 3 and 1 channels"):
        sides(channels=1, skip=True)
    with pytest.raises(ValueError, match=r"model.patch_layers = 4"):
        sides(patch_layers=4)
