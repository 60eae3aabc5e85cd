"""A control for SPADE: pix2pix's U-Net draws the maps, judged as SPADE's generator is.

    jaxgan train --config=tests/experiments/unet_of_maps.py --workdir=runs/unet
    jaxgan evaluate runs/unet

The config is configs/spade_emoji.py but for the generator: its norm is instance norm without a map,
and the map comes in at its first layer and by its skips. docs/translation.md has the numbers.
"""

from ml_collections import ConfigDict

from configs import spade_emoji
from jaxgan.game.game import Side, Spec
from jaxgan.models import pix2pix, spade

WIDTH = 16  # of the U-Net's first layer


def default_config() -> ConfigDict:
    """Return SPADE's fields, of which the judges take theirs, without a style."""
    config = spade.default_config()
    config.name = "tests.experiments.unet_of_maps"
    config.latent_dim = 2  # whose bits draw the dropout
    return config


def networks(config: ConfigDict, spec: Spec) -> dict[str, Side]:
    """Return pix2pix's generator and SPADE's judges."""
    drawing = pix2pix.default_config()
    drawing.update(width=WIDTH, patch_layers=config.patch_layers)
    generator = pix2pix.networks(drawing, spec)["generator"]
    return {**spade.networks(config, spec), "generator": generator}


def get_config() -> ConfigDict:
    config = spade_emoji.get_config()
    fields = {name: config.model[name] for name in ("width", "hidden", "patch_layers")}
    config.model = default_config()
    config.model.update(fields)
    return config
