"""Parameter counts of the networks before BigGAN, by closed form (shapes only)."""

from itertools import pairwise

import pytest

from jaxgan.models import autoencoder, dcgan, improved, infogan, lapgan, mlp, sngan
from tests.models.networks import count, shapes_of, sides_of


def counts(model, image_shape, num_classes=10, **fields):
    config = model.default_config()
    config.update(fields)
    return tuple(
        count(shapes_of(side)) for side in sides_of(model, config, image_shape, num_classes)
    )


def linear(inputs, outputs):
    return inputs * outputs + outputs


def conv(size, inputs, outputs):
    return size * size * inputs * outputs + outputs


@pytest.mark.parametrize(("conditional", "classes"), [(False, 0), (True, 10)])
def test_mlp(conditional, classes):
    generator = linear(100 + classes, 1200) + linear(1200, 1200) + linear(1200, 784)
    discriminator = linear(784 + classes, 240) + linear(240, 240) + linear(240, 1)
    found = counts(mlp, (28, 28, 1), conditional=conditional)
    assert found == (generator, discriminator)


def test_dcgan_at_64():
    """100 -> 4 x 4 x 1024 -> 512 -> 256 -> 128 -> 3, as in the paper's figure 1."""
    stages = (1024, 512, 256, 128, 3)
    pairs = list(pairwise(stages))
    generator = linear(100, 4 * 4 * 1024) + sum(2 * a + conv(5, a, b) for a, b in pairs)
    discriminator = sum(conv(5, b, a) + 2 * a for a, b in pairs) - 2 * 128 + linear(4 * 4 * 1024, 1)
    assert counts(dcgan, (64, 64, 3)) == (generator, discriminator)


def up_block(inputs, outputs, norm):
    parts = norm(inputs) + conv(3, inputs, outputs) + norm(outputs) + conv(3, outputs, outputs)
    return parts + conv(1, inputs, outputs)


def down_block(inputs, outputs, skip=True):
    parts = conv(3, inputs, outputs) + conv(3, outputs, outputs)
    return parts + (conv(1, inputs, outputs) if skip else 0)


@pytest.mark.parametrize("conditional", [False, True])
def test_sngan_at_32(conditional):
    """The paper's CIFAR-10 networks: 256 and 128 channels everywhere."""
    norm = lambda c: 2 * c * (10 if conditional else 1)
    generator = linear(128, 4 * 4 * 256) + 3 * up_block(256, 256, norm) + 2 * 256 + conv(3, 256, 3)
    discriminator = down_block(3, 128) + down_block(128, 128) + 2 * down_block(128, 128, False)
    discriminator += linear(128, 1) + (10 * 128 if conditional else 0)
    assert counts(sngan, (32, 32, 3), conditional=conditional) == (generator, discriminator)


@pytest.mark.parametrize("attention", [0, 32])
def test_sngan_and_sagan_at_128(attention):
    """The paper's ImageNet networks; attention adds C^2 (1/8 + 1/8 + 1/2 + 1/2) and gamma."""
    norm = lambda c: 2 * c * 1000
    stages = (1024, 1024, 512, 256, 128, 64)
    generator = linear(128, 4 * 4 * 1024) + 2 * 64 + conv(3, 64, 3)
    generator += sum(up_block(a, b, norm) for a, b in pairwise(stages))
    discriminator = down_block(3, 64) + down_block(1024, 1024, False) + linear(1024, 1)
    discriminator += sum(down_block(c, 2 * c) for c in (64, 128, 256, 512)) + 1000 * 1024
    # At 32 x 32 the generator has 256 channels, after two halvings the discriminator has 128.
    extra = [c * c * 5 // 4 + 1 if attention else 0 for c in (256, 128)]
    found = counts(sngan, (128, 128, 3), 1000, attention=attention)
    assert found == (generator + extra[0], discriminator + extra[1])


def strided(*channels):
    return sum(conv(5, a, b) for a, b in pairwise(channels))


def dcgan_generator(latents, *channels):
    """From 4 x 4: a linear layer, then a norm and a convolution for each doubling."""
    norms = sum(2 * c for c in channels[:-1])
    return linear(latents, 16 * channels[0]) + norms + strided(*channels)


def test_autoencoder_at_32():
    """100 -> an image by DCGAN; 1 -> 4, 8, 16 channels -> a code of 32 -> back."""
    critic = strided(1, 4, 8, 16) + linear(256, 32) + linear(32, 256) + strided(16, 8, 4, 1)
    found = counts(autoencoder, (32, 32, 1), width=4)
    assert found == (dcgan_generator(100, 16, 8, 4, 1), critic)


@pytest.mark.parametrize("kernels", [0, 7])
def test_improved_at_32(kernels):
    """Ten class logits from 256 features, and from the minibatch's if it is looked at."""
    critic = strided(1, 4, 8, 16) + linear(256 + kernels, 10) + 256 * kernels * 5
    found = counts(improved, (32, 32, 1), width=4, kernels=kernels)
    assert found == (dcgan_generator(100, 16, 8, 4, 1), critic)


def test_lapgan_at_32():
    """8 x 8 by a wider DCGAN, two levels of three convolutions; a critic for each resolution."""
    detail = conv(3, 2, 4) + conv(3, 4, 4) + conv(3, 4, 1)
    critics = [strided(1, 6), strided(2, 4, 8), strided(2, 4, 8, 16)]
    critics = sum(critics) + sum(linear(16 * c, 1) for c in (6, 8, 16))
    found = counts(lapgan, (32, 32, 1), width=4, coarse_width=6)
    assert found == (dcgan_generator(100, 6, 1) + 2 * detail, critics)


def test_infogan_at_32():
    """DCGAN's generator of 4 more inputs; a hidden layer, and one more before classes and codes."""
    critic = strided(1, 4, 8, 16) + linear(256, 7) + linear(7, 1)
    recognition = linear(7, 7) + linear(7, 10) + linear(7, 3)
    found = counts(infogan, (32, 32, 1), width=4, latent_dim=6, num_codes=3, hidden=7)
    assert found == (dcgan_generator(16, 16, 8, 4, 1), critic + recognition)
