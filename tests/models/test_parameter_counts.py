"""Exact parameter counts, whole and block by block (nothing is computed: shapes only).

The numbers were read off the reference networks, instantiated, and agree with the closed forms in
their block structure; 70.4M and 88.0M (BigGAN), 50.4M and 34.6M (BigGAN-deep) at 128 pixels are
the paper's own (arXiv 1809.11096), 59.7M is LOGAN's wider latent (arXiv 1912.00953).
"""

import pytest

from jaxgan.models import bigbigan, biggan, biggan_deep
from tests.models.networks import count, shapes_of, sides_of


def shapes(model, size, num_classes=1000, **fields):
    """Return the parameter trees (of shapes) of both networks at size x size x 3."""
    config = model.default_config()
    config.update(fields)
    return tuple(map(shapes_of, sides_of(model, config, (size, size, 3), num_classes)))


CIFAR = {"width": 64, "latent_dim": 128, "split_latents": False, "shared_embedding": False}
CIFAR |= {"generator_widths": (4, 4, 4, 4), "discriminator_widths": (4, 4, 4, 4)}
CIFAR |= {"discriminator_downsamples": 2}
SHARED = CIFAR | {"split_latents": True, "shared_embedding": True, "latent_dim": 80}
# The ablation of the paper's table 1, before the shared embedding and before split latents.
PER_CLASS = {"latent_dim": 128, "split_latents": False, "shared_embedding": False}


@pytest.mark.parametrize(
    ("size", "num_classes", "fields", "generator", "discriminator"),
    [
        (32, 10, CIFAR, 4_304_387, 4_207_361),
        (32, 10, SHARED, 4_287_235, 4_207_361),
        (32, 10, SHARED | {"width": 96}, 9_231_875, 9_456_769),
        (32, 10, SHARED | {"width": 96, "generator_attention": 16}, 9_416_196, 9_456_769),
        (
            32,
            10,
            SHARED | {"width": 96, "discriminator_widths": (2,) * 4, "discriminator_attention": 16},
            9_231_875,
            2_415_170,
        ),
        (32, 10, SHARED | {"width": 16, "latent_dim": 128}, 393_859, 265_409),
        (64, 1000, {"latent_dim": 100}, 70_222_212, 45_511_970),
        (64, 1000, {"latent_dim": 100, "generator_attention": 64}, 70_083_972, 45_511_970),
        (
            64,
            1000,
            {"latent_dim": 120, "generator_attention": 64, "discriminator_attention": 0},
            70_239_108,
            45_500_449,
        ),
        (64, 1000, {"latent_dim": 100, "width": 64}, 31_866_116, 20_571_842),
        (
            64,
            1000,
            {"latent_dim": 100, "width": 64, "discriminator_attention": 0},
            31_866_116,
            20_566_721,
        ),
        (64, 10, {"latent_dim": 100, "width": 16}, 2_314_052, 1_225_970),
        (128, 1000, {}, 70_433_988, 87_982_370),
        (128, 1000, {"width": 64}, 31_978_628, 39_448_258),
        (128, 1, {}, 70_306_116, 86_447_906),  # BigBiGAN's generator and image tower
        (128, 0, {}, 68_413_636, 86_446_370),
        (256, 1000, {"latent_dim": 140}, 82_097_604, 99_225_890),
        (256, 1000, {"latent_dim": 140, "generator_attention": 64}, 82_235_844, 99_225_890),
        (512, 1000, {"latent_dim": 160}, 82_468_068, 99_401_282),
        (512, 1000, {"latent_dim": 128}, 82_296_804, 99_401_282),
    ],
)
def test_biggan(size, num_classes, fields, generator, discriminator):
    g, d = shapes(biggan, size, num_classes, **fields)
    assert (count(g), count(d)) == (generator, discriminator)


@pytest.mark.parametrize(
    ("fields", "both"),
    [
        (PER_CLASS | {"width": 64}, 81_465_670),
        (PER_CLASS, 173_538_534),
        ({"split_latents": False}, 160_578_278),
        ({}, 158_416_358),
        ({"width": 64}, 71_426_886),
    ],
)
def test_ablation_of_table_1(fields, both):
    g, d = shapes(biggan, 128, **fields)
    assert count(g) + count(d) == both


DEEP32 = {"generator_widths": (4,) * 4, "discriminator_widths": (4,) * 4}
DEEP32 |= {"discriminator_downsamples": 2}
HUB = {"to_image_channels": 128}  # as many as the last stage has


@pytest.mark.parametrize(
    ("size", "num_classes", "fields", "generator", "discriminator"),
    [
        (32, 10, DEEP32, 7_435_267, 2_581_249),
        (64, 1000, {}, 49_583_876, 20_869_633),
        (128, 1000, {}, 50_244_484, 34_590_210),
        (128, 1000, HUB, 50_388_609, 34_590_210),
        (128, 1000, {"latent_dim": 256}, 59_714_436, 34_590_210),
        (128, 1000, {"latent_dim": 256} | HUB, 59_858_561, 34_590_210),
        (128, 1000, {"width": 64}, 17_405_892, 9_166_594),
        (128, 10, {"width": 16, "latent_dim": 16, "embedding_dim": 16}, 789_268, 514_114),
        (256, 1000, {}, 55_736_708, 38_247_426),
        (256, 1000, HUB, 55_880_833, 38_247_426),
        (512, 1000, {}, 56_019_780, 38_301_122),
        (512, 1000, HUB, 56_163_905, 38_301_122),
    ],
)
def test_biggan_deep(size, num_classes, fields, generator, discriminator):
    g, d = shapes(biggan_deep, size, num_classes, **fields)
    assert (count(g), count(d)) == (generator, discriminator)


def perceptron(inputs, width, layers):
    return inputs * width + width + (layers - 1) * (width * width + width)


@pytest.mark.parametrize(
    ("encoder", "width", "size", "features"),
    [("resnet", 64, 23_500_352, 2048), ("revnet", 256, 85_765_632, 8192)],
)
def test_bigbigan(encoder, width, size, features):
    """G, E and F are published sizes; of H, J and E's perceptron only the layers are known."""
    g, d = shapes(bigbigan, 256, encoder=encoder, encoder_width=width)
    assert count(g["generator"]) == 70_306_116
    assert g["generator"]["shared_embedding"]["embedding"].shape == (1, 128)
    assert count(d["trunk"]) + count(d["score_x"]) == 86_446_370
    assert {name: count(part) for name, part in g["encoder"].items()} == {
        "network": size,
        "perceptron": perceptron(features, 4096, 4),
        "linear": 4096 * 240 + 240,
    }
    assert count(d["h"]) == perceptron(120, 2048, 8)
    assert count(d["j"]) == perceptron(1536 + 2048, 2048, 8)
    assert (count(d["score_z"]), count(d["score_xz"])) == (2049, 2049)


def breakdown(tree) -> dict[str, int]:
    return {name: count(part) for name, part in tree.items()}


def numbered(*sizes) -> dict[str, int]:
    return {f"block_{i}": size for i, size in enumerate(sizes)}


def test_blocks_of_biggan_128():
    g, d = shapes(biggan, 128)
    assert breakdown(g) == {
        "shared_embedding": 128_000,
        "linear": 516_096,
        **numbered(45_740_544, 17_789_184, 4_618_368, 1_240_128, 352_800),
        "attention": 46_081,
        "norm": 192,
        "to_image": 2_595,
    }
    assert breakdown(d["head"]) == {"linear": 1_537, "projection": 1_536_000}
    assert breakdown(d["trunk"]) == {
        **numbered(86_112, 516_672, 2_065_536, 8_259_840, 33_034_752, 42_470_400),
        "attention": 11_521,
    }


def test_blocks_of_biggan_256():
    trunk = breakdown(shapes(biggan, 256, latent_dim=140)[1]["trunk"])
    assert (trunk["block_4"], trunk["attention"]) == (11_208_960, 46_081)


def test_blocks_of_biggan_deep_128():
    g, d = shapes(biggan_deep, 128)
    assert breakdown(g) == {
        "shared_embedding": 128_000,
        "linear": 8_421_376,
        **numbered(*[8_654_336] * 3, 8_129_024, 2_623_232, 2_491_648),
        **{"block_6": 885_632, "block_7": 852_608, "block_8": 336_320, "block_9": 328_000},
        "attention": 81_921,
        "norm": 256,
        "to_image": 3_459,
    }
    hub = shapes(biggan_deep, 128, **HUB)[0]
    assert breakdown(hub) == breakdown(g) | {"to_image": 147_584}
    blocks = [115_264, 106_944, 459_904, 426_880, 1_837_312, 1_705_728, 7_344_640, *[6_819_328] * 3]
    assert breakdown(d["head"]) == {"linear": 2_049, "projection": 2_048_000}
    assert breakdown(d["trunk"]) == {"stem": 3_584, **numbered(*blocks), "attention": 81_921}
