"""The residual networks of SN-GAN (arXiv 1802.05957), and of SAGAN (arXiv 1805.08318) on top.

    G   linear, residual blocks (bn, relu, up, conv, bn, relu, conv), bn, relu, conv, tanh
    D   residual blocks that halve, relu, sum over space, linear
    conditional   a gain and a bias for each class in G's batch norms; projection in D (1802.05637)
    SAGAN         the same with self-attention (`attention`: its resolution) and spectral norm in
                  both players

The blocks come from models/biggan.py. BigGAN took them from SN-GAN and added the class embedding
that all blocks share, split latents and the wider pyramid. The tables at 32 (equal stages, G 256
and D 128 channels) and at 128 (pyramids) are the paper's.

Deviations: 48 x 48 uses the table of 32, where the paper has a pyramid; orthogonal initial kernels
in place of Glorot's; a class's initial gain is 1 plus a row of an orthogonal table, in place of 1.
"""

import flax.linen as nn
from ml_collections import ConfigDict

from jaxgan.game.game import Side, Spec
from jaxgan.models.attention import placed
from jaxgan.models.biggan import Discriminator, Generator, Trunk
from jaxgan.models.halvings import doublings
from jaxgan.models.sides import image_shape, linen, num_classes

# Number of doublings -> channels in units of `width`, from each network's input to its output.
GENERATOR_WIDTHS = {
    1: (4, 4),
    2: (4, 4, 4),
    3: (4, 4, 4, 4),
    4: (16, 8, 4, 2, 1),
    5: (16, 16, 8, 4, 2, 1),
    6: (16, 16, 8, 8, 4, 2, 1),
}
DISCRIMINATOR_WIDTHS = {
    1: (2, 2, 2),
    2: (2, 2, 2, 2),
    3: (2, 2, 2, 2),
    4: (1, 2, 4, 8, 16),
    5: (1, 2, 4, 8, 16, 16),
    6: (1, 2, 4, 8, 8, 16, 16),
}
# How many of the discriminator's blocks halve: two of four at 32, all but the last above.
HALVINGS = {1: 1, 2: 2, 3: 2, 4: 4, 5: 5, 6: 6}


def default_config() -> ConfigDict:
    return ConfigDict(
        {
            "name": "sngan",
            "width": 64,
            "latent_dim": 128,
            "conditional": True,
            "attention": 0,  # 32 in SAGAN's networks for 128 x 128
            "batch_norm_eps": 2e-5,
        }
    )


def modules(
    config: ConfigDict, image_shape: tuple[int, int, int], num_classes: int
) -> tuple[nn.Module, nn.Module]:
    """Return generator and discriminator for images [height, width, channels]."""
    height, width, _ = image_shape
    n = doublings(height, width)
    if n not in GENERATOR_WIDTHS:
        raise ValueError(f"data.size = {height} x {width}: sngan goes to 256, biggan further")
    classes = num_classes if config.conditional else 0
    heights = [height >> i for i in range(1, min(HALVINGS[n], n - 1) + 1)]  # of both networks
    placed("model.attention", config.attention, heights)
    generator = Generator(
        image_shape=image_shape,
        num_classes=classes,
        widths=tuple(m * config.width for m in GENERATOR_WIDTHS[n]),
        attention=config.attention,
        split_latents=False,
        shared_embedding=False,
        batch_norm_eps=config.batch_norm_eps,
    )
    trunk = Trunk(
        widths=tuple(m * config.width for m in DISCRIMINATOR_WIDTHS[n]),
        downsamples=HALVINGS[n],
        attention=config.attention,
    )
    return generator, Discriminator(trunk, classes)


def networks(config: ConfigDict, spec: Spec) -> dict[str, Side]:
    """Return generator and discriminator for images [height, width, channels]."""
    generator, discriminator = modules(config, image_shape(spec), num_classes(spec))
    return {
        "generator": linen(generator, spec.noise, spec.condition),
        "discriminator": linen(
            discriminator, spec.sample, spec.condition, calls=("slices",), features="__call__"
        ),
    }
