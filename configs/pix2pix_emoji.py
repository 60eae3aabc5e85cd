"""pix2pix in minutes: line drawings of emoji to shaded ones, 64 x 64.

Data      python tests/data/real_data.py emoji_pairs data/emoji_pairs --size=64
          1,570 pairs from npm and PyPI packages; a tenth, of kinds that do not occur in training,
          is held out
Command   jaxgan train --config=pix2pix_emoji --workdir=runs/pix2pix
          jaxgan evaluate runs/pix2pix
Network   a quarter of the paper's width: U-Net of 1,830,563 parameters; patches of 34 x 34 pixels
Hardware  2 CPU cores
Time      4 minutes on one core (shared)
Result    held-out MAE 0.236 (source 0.565), saturation 0.88 times the true one: docs/translation.md

Differs from pix2pix.py: batches of 8, a learning rate of 4e-4, no crops; the weight of L1 is the
same.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config() -> ConfigDict:
    config = default_config(model="pix2pix", objective="pix2pix")
    config.data.update(name="data/emoji_pairs", medium="pairs", size=(64, 64), flip=True)
    config.data.update(split="train[:90%]", held_out="train[90%:]")
    config.condition = "data"
    config.model.update(width=16, patch_layers=2)
    for player in (config.generator, config.discriminator):
        player.update(learning_rate=4e-4, b1=0.5, orthogonal=0.0, spectral_norm=False)
    config.average.decay = 0.0
    config.train.update(steps=1500, batch=8, num_d_steps=1)
    config.train.update(log_every=50, sample_every=250, checkpoint_every=250)
    config.watch.every = 0  # for minutes: no looks for collapse
    config.evaluate.metrics = ("paired",)
    return config
