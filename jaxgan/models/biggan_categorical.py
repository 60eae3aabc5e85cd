"""Unsupervised BigGAN: a category drawn with the latents replaces the label.

    G(z, c)    BigGAN's generator (arXiv 1809.11096), conditioned on one of many categories c
    D(x)       BigGAN's trunk with a linear score; no projection, as no label of x is known
    Q(c | x)   linear in the same features

With data.categories (1024 on ImageNet) the prior draws c uniformly. Nothing in the game itself
makes G use c: D never sees it, and equal embeddings of all categories are a solution. The term of
InfoGAN (objectives/infogan.py, arXiv 1606.03657), -log Q(c | G(z, c)) in both players' losses,
makes the category informative: its negative is, up to a constant, a lower bound of the mutual
information of c and the image. Q then sorts real images too, and its categories can be compared
with classes (evaluate/clusters.py).

BigBiGAN (arXiv 1907.02544) is the other way to a BigGAN without labels.
"""

from ml_collections import ConfigDict

from jaxgan.game.game import Side, Spec
from jaxgan.models import biggan
from jaxgan.models.auxiliary import Discriminator
from jaxgan.models.sides import image_shape, linen, num_classes

AT_LEAST = {"discriminator_downsamples": 0}  # the smallest values of fields


def default_config() -> ConfigDict:
    config = biggan.default_config()
    config.name = "biggan_categorical"
    return config


def networks(config: ConfigDict, spec: Spec) -> dict[str, Side]:
    """Return generator and discriminator; num_classes is the number of categories."""
    classes = num_classes(spec)
    if classes < 2:
        raise ValueError(f"{classes} categories: write 2 or more in data.categories")
    generator, judge = biggan.modules(config, image_shape(spec), classes)
    discriminator = Discriminator(judge.trunk, classes)
    return {
        "generator": linen(generator, spec.noise, spec.condition),
        "discriminator": linen(
            discriminator, spec.sample, spec.condition, calls=("recognise",), features="__call__"
        ),
    }
