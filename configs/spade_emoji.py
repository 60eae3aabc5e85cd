"""GauGAN (SPADE) in minutes: maps of the flat colours of emoji to shaded ones, 64 x 64.

Data      python tests/data/real_data.py emoji_maps data/emoji_maps --size=64
          1,570 pictures with maps of 16 classes, from npm and PyPI packages; a tenth, of kinds that
          do not occur in training, is held out
Command   jaxgan train --config=spade_emoji --workdir=runs/spade
          jaxgan evaluate runs/spade
Network   an eighth of the paper's width; two discriminators, patches of 34 x 34 and 68 x 68 pixels
Hardware  2 CPU cores
Time      7 processor minutes
Result    agrees with its map in 0.79 of the pixels, like the true pictures: docs/translation.md

Differs from spade.py: batches of 8, no crops, no spectral norm in G, no average.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config() -> ConfigDict:
    config = default_config(model="spade", objective="spade")
    config.data.update(name="data/emoji_maps", medium="maps", size=(64, 64), flip=True)
    config.data.update(split="train[:90%]", held_out="train[90%:]")
    config.condition = "data"
    config.model.update(width=8, hidden=32, patch_layers=2)
    for player, rate in ((config.generator, 4e-4), (config.discriminator, 4e-4)):
        player.update(learning_rate=rate, b1=0.0, b2=0.9, orthogonal=0.0, spectral_norm=False)
    config.discriminator.spectral_norm = True
    config.average.decay = 0.0
    config.train.update(steps=1500, batch=8, num_d_steps=1)
    config.train.update(log_every=50, sample_every=250, checkpoint_every=250)
    config.watch.every = 0  # for minutes: no looks for collapse
    config.evaluate.metrics = ("paired", "segmentation")
    return config
