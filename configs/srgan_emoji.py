"""SRGAN in minutes: emoji of 16 x 16 pixels to 64 x 64.

Data      python tests/data/real_data.py emoji_pairs data/emoji_pairs --size=64
          jaxgan prepare data/emoji_pairs-packages/emoji_pairs_line/shaded data/emoji_shaded
          --size=64 --order=source
          1,570 shaded emoji; a tenth, of kinds that do not occur in training, is held out
Command   jaxgan train --config=srgan_emoji --workdir=runs/enlarger
          jaxgan train --config=srgan_emoji:game --workdir=runs/srgan
          --config.train.start_from=runs/enlarger
          jaxgan evaluate runs/srgan
Network   four blocks of width 32, added to bicubic enlargement; nearest-neighbour upsampling, no
          norm in G; the discriminator averages over the image
Hardware  2 CPU cores
Time      5 minutes on one core (shared)
Result    27.0 dB, bicubic 22.9: docs/super_resolution.md

Further differences from srgan.py: batches of 8, a learning rate of 4e-4.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config(variant: str = "resnet") -> ConfigDict:
    if variant not in ("resnet", "game"):
        raise ValueError(f"variant {variant!r}: write resnet or game")
    game = variant == "game"
    config = default_config(model="srgan", objective="srgan")
    config.data.update(name="data/emoji_shaded", medium="low_resolution", size=(64, 64), flip=True)
    config.data.update(split="train[:90%]", held_out="train[90%:]")
    config.condition = "data"
    config.model.update(width=32, blocks=4, edge=5, norm="", skip=True, up="nearest")
    config.model.update(hidden=128, head="mean")
    config.objective.adversarial = 1e-2 if game else 0.0
    for player in (config.generator, config.discriminator):
        player.update(learning_rate=4e-4, b1=0.9, orthogonal=0.0, spectral_norm=False)
    config.average.decay = 0.0
    config.train.update(steps=300 if game else 1000, batch=8, num_d_steps=1)
    config.train.update(log_every=50, sample_every=100, checkpoint_every=100)
    config.watch.every = 0  # for minutes: no looks for collapse
    config.evaluate.metrics = ("paired", "luma")
    return config
