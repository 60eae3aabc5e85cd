"""Layouts: the same map from inputs to outputs, in their layout and in ours, and back again."""

import numpy as np
import pytest

from jaxgan.trained.published import convert, layouts
from jaxgan.trained.published.layouts import Structure

RNG = np.random.default_rng(0)
C, ROWS, IN = 6, 4, 5  # channels and positions of a first map, inputs


def test_torch_linear_and_convolution():
    kernel = RNG.normal(size=(C, IN, 3, 3))  # [out, in, kh, kw]
    x = RNG.normal(size=(3, 3, IN))
    ours = layouts.TORCH_CONV.read(kernel)
    assert ours.shape == (3, 3, IN, C)
    theirs = np.einsum("oihw,hwi->o", kernel, x)
    np.testing.assert_allclose(np.einsum("hwio,hwi->o", ours, x), theirs)
    linear = kernel[..., 0, 0]
    np.testing.assert_allclose(x[0, 0] @ layouts.TRANSPOSED.read(linear), linear @ x[0, 0])


def test_first_layer_of_pytorch_makes_channels_first():
    kernel, z = RNG.normal(size=(C * ROWS, IN)), RNG.normal(size=IN)
    layout = layouts.then(layouts.TRANSPOSED, layouts.channels_first(C))
    theirs = (kernel @ z).reshape(C, ROWS)
    np.testing.assert_allclose((z @ layout.read(kernel)).reshape(ROWS, C), theirs.T)


def test_condition_of_the_hub_is_latent_first():
    kernel, z, e = RNG.normal(size=(5, C)), RNG.normal(size=2), RNG.normal(size=3)
    ours = layouts.latent_first(len(e)).read(kernel)
    theirs = np.concatenate([z, e]) @ kernel
    np.testing.assert_allclose(np.concatenate([e, z]) @ ours, theirs)


@pytest.mark.parametrize("size", [1, 3])
def test_right_vectors_follow_their_kernel(size):
    kernel, v = RNG.normal(size=(C, IN, size, size)), RNG.normal(size=IN * size * size)
    ours = layouts.TORCH_CONV.read(kernel).reshape(-1, C)  # as transforms.as_matrix has it
    theirs = kernel.reshape(C, -1) @ v
    np.testing.assert_allclose(layouts.torch_conv_vector(size).read(v) @ ours, theirs)


@pytest.mark.parametrize(
    ("layout", "shape"),
    [
        (layouts.SAME, (3, 4)),
        (layouts.TRANSPOSED, (3, 4)),
        (layouts.TORCH_CONV, (6, 5, 3, 3)),
        (layouts.FLAT, (7,)),
        (layouts.ROW, (7,)),
        (layouts.U, (1, 7)),
        (layouts.SCALAR, (1,)),
        (layouts.channels_first(C), (2, C * ROWS)),
        (layouts.latent_first(3), (5, 2)),
        (layouts.torch_conv_vector(3), (45,)),
        (layouts.then(layouts.TRANSPOSED, layouts.channels_first(C)), (C * ROWS, 2)),
    ],
)
def test_there_and_back(layout, shape):
    x = RNG.normal(size=shape)
    np.testing.assert_array_equal(layout.write(layout.read(x)), x)


def test_places_of_the_published_128_pixel_networks():
    """Names that a round trip cannot tell: read off the projects' code, for their real sizes."""
    cases = (
        ("huggingface", "generator", True, 10, 7, "layers.7.conv_0", "block_7/conv_0"),
        ("huggingface", "generator", True, 10, 7, "layers.8.snconv1x1_o_conv", "attention/out"),
        ("huggingface", "generator", True, 10, 7, "layers.9.conv_3", "block_8/conv_3"),
        ("biggan-pytorch", "generator", False, 5, 3, "blocks.3.1.o", "attention/out"),
        ("biggan-pytorch", "generator", False, 5, 3, "blocks.4.0.conv_sc", "block_4/skip"),
        ("biggan-pytorch", "generator", False, 5, 3, "blocks.4.0.bn2.gain", "block_4/norm_1/gain"),
        ("biggan-pytorch", "generator", False, 5, 3, "output_layer.2", "to_image"),
        ("biggan-pytorch", "generator", True, 10, 7, "blocks.7.1.theta", "attention/theta"),
        ("biggan-pytorch", "discriminator", False, 6, 0, "blocks.0.1.phi", "trunk/attention/phi"),
        ("biggan-pytorch", "discriminator", True, 10, 1, "blocks.0.2.g", "trunk/attention/g"),
        (
            "biggan-pytorch",
            "discriminator",
            True,
            10,
            1,
            "blocks.1.0.conv4",
            "trunk/block_2/conv_3",
        ),
        ("hub", "generator", False, 5, 3, "GBlock_4/conv_sc/w", "block_4/skip"),
        ("hub", "generator", False, 5, 3, "GBlock/HyperBN_1/gamma/w", "block_0/norm_1/gain"),
        ("hub", "generator", False, 5, 3, "GBlock/HyperBN/beta/w", "block_0/norm_0/bias"),
        ("hub", "generator", True, 10, 7, "GBlock_9/BatchNorm_3/offset/w", "block_9/norm_3/bias"),
    )
    for kind, role, deep, blocks, attention, theirs, ours in cases:
        structure = Structure(role, deep, blocks, attention, channels=16, embedding_dim=128)
        names = {row.ours: row.theirs for row in convert.KINDS[kind].rows(structure)}
        start = {"huggingface": "generator.", "hub": "Generator/"}.get(kind, "")
        end = {"huggingface": ".weight_orig", "hub": "", "biggan-pytorch": ".weight"}[kind]
        average = ("/ema_0.9999" if deep else "/ema_b999900") if kind == "hub" else ""
        assert names[f"params/{ours}/kernel"] == f"{start}{theirs}{end}{average}"
