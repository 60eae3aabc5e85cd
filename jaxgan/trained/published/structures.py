"""The config of networks, from the shapes of their parameters.

What shapes do not determine is assumed: square images; three channels if BigGAN-deep's last
convolution has as many outputs as inputs; an embedding of 128 if there is none. For a
discriminator: every block halves (in BigGAN, except the last one and those without a skip
convolution), and one that is imported alone halves its image to 4 x 4.
"""

import math

import numpy as np
from ml_collections import ConfigDict

from jaxgan.config import default_config
from jaxgan.models.biggan import DISCRIMINATOR_WIDTHS, GENERATOR_WIDTHS
from jaxgan.trained.published.layouts import Structure

Arrays = dict[str, np.ndarray]  # of one network: {path: parameter}
TABLES = {"generator": GENERATOR_WIDTHS, "discriminator": DISCRIMINATOR_WIDTHS}


def config_of(networks: dict[str, tuple[Structure, Arrays]]) -> ConfigDict:
    """Return a config whose networks have these parameters.

    networks: {role: (structure, parameters)}, one or both roles. Raises ValueError if the two do
      not belong together.
    """
    deep = {structure.deep for structure, _ in networks.values()}
    if len(deep) > 1:
        raise ValueError("a BigGAN and a BigGAN-deep: import each on its own")
    config = default_config("biggan_deep" if deep.pop() else "biggan")
    widths = {role: _widths(*network) for role, network in networks.items()}
    with config.unlocked():
        config.data.name = "imported"
        config.model.width = math.gcd(*(w for of_role in widths.values() for w in of_role))
        for role, of_role in widths.items():
            multiples = tuple(w // config.model.width for w in of_role)
            if multiples != TABLES[role].get(len(multiples) - 1):
                config.model[f"{role}_widths"] = multiples
        if "generator" in networks:
            _generator(config, *networks["generator"])
        if "discriminator" in networks:
            _discriminator(config, *networks["discriminator"], "generator" in networks)
    return config


def _widths(s: Structure, p: Arrays) -> tuple[int, ...]:
    start = "" if s.role == "generator" else "trunk/"
    made = [p[f"{start}block_{i}/conv_{s.convolutions - 1}/kernel"] for i in range(s.blocks)]
    made = made[1::2] if s.deep else made  # the second of the two blocks of a resolution
    if s.role == "generator":
        made = [p["block_0/conv_0/kernel"].swapaxes(2, 3), *made]
    elif s.deep:
        made = [p["trunk/stem/kernel"], *made]
    return tuple(kernel.shape[-1] for kernel in made)


def _generator(config: ConfigDict, s: Structure, p: Arrays) -> None:
    channels, first = p["to_image/kernel"].shape[-1], p["linear/kernel"]
    base = math.isqrt(first.shape[1] // p["block_0/conv_0/kernel"].shape[2])
    doublings = s.blocks // s.resolution
    classes, dim = 0, config.model.embedding_dim
    if "shared_embedding/embedding" in p:
        classes, dim = p["shared_embedding/embedding"].shape
    elif s.per_class:
        classes = len(p["block_0/norm_0/gain/embedding"])
    config.model.embedding_dim = dim
    if s.deep:
        config.model.latent_dim = len(first) - (dim if classes else 0)
        if channels > 3 and channels == p["norm/gain"].size:
            config.model.to_image_channels, channels = channels, 3
    else:
        split = not s.per_class and len(p["block_0/norm_0/gain/kernel"]) != dim
        config.model.update(split_latents=split, shared_embedding=not s.per_class)
        config.model.latent_dim = len(first) * (doublings + 1 if split else 1)
    after = s.attention
    config.model.generator_attention = 0 if after is None else base << (after // s.resolution + 1)
    config.data.update(size=(base << doublings,) * 2, channels=channels, bits=8)
    config.data.class_names = tuple(map(str, range(classes)))


def _discriminator(config: ConfigDict, s: Structure, p: Arrays, has_generator: bool) -> None:
    stages = s.blocks // s.resolution
    if s.deep:  # halving leaves no trace in a bottleneck block
        halved = stages
    else:  # a block without a skip convolution does not halve, nor does the last one
        skips = [f"trunk/block_{i}/skip/kernel" in p for i in range(stages - 1)]
        halved = skips.index(False) if False in skips else stages - 1
    size = config.data.size[0] if has_generator else 4 << halved
    if halved != len(_widths(s, p)) - 1:
        config.model.discriminator_downsamples = halved
    after = s.attention
    config.model.discriminator_attention = (
        0 if after is None else size >> (after // s.resolution + 1)
    )
    rows = p.get("head/projection/embedding", ())
    if has_generator:
        if len(rows) not in (0, len(config.data.class_names)):
            raise ValueError(
                f"{len(config.data.class_names)} classes in the generator, {len(rows)} in the "
                "discriminator: import each on its own"
            )
        return
    kernel = p["trunk/stem/kernel" if s.deep else "trunk/block_0/conv_0/kernel"]
    config.data.update(size=(size, size), channels=kernel.shape[2], bits=8)
    config.data.class_names = tuple(map(str, range(len(rows))))
