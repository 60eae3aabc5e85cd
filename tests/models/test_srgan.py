"""SRGAN's networks: the paper's counts, where they begin, what they see, sizes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.game.game import Spec
from jaxgan.media.bicubic import resized
from jaxgan.media.low_resolution import low_resolution
from jaxgan.models import convolution, srgan
from tests.data.image_kinds import random_images
from tests.models.networks import count, shapes_of
from tests.models.test_pix2pix import FAST, called, drawn


def sides(size=16, scale=4, **fields):
    config = srgan.default_config()
    config.update({"width": 4, "blocks": 1, "hidden": 4, "edge": 5} | fields)
    found = srgan.networks(config, low_resolution((size, size, 3), scale).spec)
    return found["generator"], found["discriminator"]


def sources(n=2, size=4):
    return jnp.asarray(random_images((n, size, size, 3)) / 127.5 - 1, jnp.float32)


def test_the_papers_networks():
    """Counts of the paper's layers, with a bias each and one slope a PReLU, for cuts of 96 x 96."""
    generator, discriminator = sides(96, width=64, blocks=16, hidden=1024, edge=9)
    assert count(shapes_of(generator)) == 1_549_462
    assert count(shapes_of(discriminator)) == 23_565_505
    # A mean over the image in place of 6 x 6 inputs of the dense layer.
    _, mean = sides(96, width=64, hidden=1024, head="mean")
    assert count(shapes_of(mean)) == 23_565_505 - 35 * 512 * 1024


@pytest.mark.parametrize("scale", [2, 4, 8])
@pytest.mark.parametrize("up", ["shuffle", "nearest"])
def test_any_image_is_enlarged(scale, up):
    generator, discriminator = sides(16, scale, up=up)
    call = lambda p, x: generator.calls["translate"]({"params": p}, (), x)
    for size in ((16 // scale, 16 // scale), (5, 3)):
        source = jax.ShapeDtypeStruct((1, *size, 3), jnp.float32)
        made = jax.eval_shape(call, shapes_of(generator), source)
        assert made.shape == (1, scale * size[0], scale * size[1], 3)
    image = jax.ShapeDtypeStruct((2, 16, 16, 3), jnp.float32)
    judged = jax.eval_shape(discriminator.calls["call"], {"params": shapes_of(discriminator)},
                            image, source)  # fmt: skip
    assert judged.shape == (2,)


def test_shuffle_is_the_papers():
    """Pixel (i, j) of a block of 2 x 2 of channel o is channel 4 o + 2 i + j."""
    x = np.random.default_rng(0).normal(size=(2, 3, 5, 8)).astype(np.float32)
    expected = np.zeros((2, 6, 10, 2), np.float32)
    for o, i, j in np.ndindex(2, 2, 2):
        expected[:, i::2, j::2, o] = x[..., 4 * o + 2 * i + j]
    np.testing.assert_array_equal(srgan.shuffled(jnp.asarray(x)), expected)


def test_it_begins_without_a_checkerboard():
    """The first sub-pixel convolution is a convolution, pixels doubled afterwards."""
    x = jnp.asarray(np.random.default_rng(0).normal(size=(1, 6, 5, 3)), jnp.float32)
    kernel = srgan.four_equal(jax.random.key(0), (3, 3, 3, 8))
    made = srgan.shuffled(convolution.conv(x, kernel))
    expected = convolution.upsample(convolution.conv(x, kernel[..., ::4]))
    np.testing.assert_allclose(made, expected, atol=1e-6)
    bound = 1 / np.sqrt(27)
    assert 0.8 * bound < np.abs(kernel).max() <= bound


def test_with_a_skip_it_begins_as_bicubic():
    """So colours do not move: a constant image stays what it is, whatever else is drawn."""
    generator, _ = sides(skip=True)
    params = jax.jit(generator.init, compiler_options=FAST)(jax.random.key(0))
    source, call = sources(), called(generator)
    made = call({"params": params}, (), source)
    np.testing.assert_allclose(made, resized(source, (16, 16)), atol=1e-6)
    flat = jnp.broadcast_to(source[:, :1, :1], source.shape)
    made = call({"params": params}, (), flat)
    np.testing.assert_allclose(made, jnp.broadcast_to(flat[:, :1, :1], made.shape), atol=1e-6)


def test_an_image_does_not_depend_on_its_batch():
    generator, _ = sides()
    params, source = {"params": drawn(generator)}, sources(3)
    call = called(generator)
    alone = np.concatenate([call(params, (), source[i : i + 1]) for i in range(3)])
    scale = float(jnp.abs(alone).max())
    np.testing.assert_allclose(call(params, (), source), alone, atol=2e-5 * scale)


def test_without_a_norm_a_large_image_is_its_parts():
    """A pixel sees 12 pixels of the source around it at most: 2 + 3 of one, 1 / 2, 1 / 4 of two."""
    generator, _ = sides(norm="", skip=True, up="nearest")
    params, source = {"params": drawn(generator)}, sources(1, 24)
    call = called(generator)
    whole, part = call(params, (), source), call(params, (), source[:, :, :16])
    seen = 4 * (16 - 7)
    scale = float(jnp.abs(whole).max())
    np.testing.assert_allclose(part[:, :, :seen], whole[:, :, :seen], atol=2e-5 * scale)
    assert float(jnp.abs(part - whole[:, :, : part.shape[2]]).max()) > 1e-2 * scale  # the cut side


def test_the_judge_does_not_look_at_the_source():
    _, discriminator = sides()
    params, images = {"params": drawn(discriminator)}, sources(2, 16)
    call = called(discriminator)
    np.testing.assert_array_equal(call(params, images, sources()), call(params, images, ()))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"norm": "batch"}, "model.norm = 'batch': write 'affine' or ''"),
        ({"up": "bilinear"}, "model.up = 'bilinear': write 'shuffle' or 'nearest'"),
        ({"head": "max"}, "model.head = 'max': write 'dense' or 'mean'"),
        ({"edge": 4}, "model.edge = 4: write an odd number"),
    ],
)
def test_refusals(fields, words):
    with pytest.raises(ValueError, match=words):
        sides(**fields)


def test_images_of_one_size_are_refused():
    image = jax.ShapeDtypeStruct((16, 16, 3), jnp.float32)
    with pytest.raises(ValueError, match=r"16 x 16 and 16 x 16: write data.medium = 'low_res"):
        srgan.networks(srgan.default_config(), Spec(image, image))
