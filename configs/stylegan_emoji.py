"""StyleGAN (arXiv 1812.04948) in colour: emoji in three drawing styles, at 32 or 64.

Data      python tests/data/real_data.py emoji data/emoji64 --size=64
Command   jaxgan train --config=configs/stylegan_emoji.py:32 --workdir=runs/stylegan_emoji32
          jaxgan train --config=configs/stylegan_emoji.py:64 --workdir=runs/stylegan_emoji64
          python -m tests.demos.styles runs/stylegan_emoji64
Hardware  2 CPU cores
Time      8 processor minutes at 32, 16 at 64
Expected  docs/styles_emoji.png, at 64: coloured shapes on white; coarse styles set the outline,
          fine ones the colours; individual emoji are not recognisable yet

The settings are those of stylegan_fashion.py, with a mapping of 4 layers; labels are ignored.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config

# Side -> images a step, steps, numbers of noise (two maps of each resolution from 4 x 4 on).
SIDES = {"32": (32, 2000, 2720), "64": (16, 2000, 10_912)}


def get_config(side: str = "32") -> ConfigDict:
    if side not in SIDES:
        raise ValueError(f"side {side!r}: write one of {', '.join(SIDES)}")
    batch, steps, noise = SIDES[side]
    config = default_config(model="stylegan", objective="style")
    config.data.update(name="data/emoji64", size=(int(side), int(side)), class_balanced=True)
    config.model.update(width=8, most=64, style_dim=64, depth=4, latent_dim=64 + noise)
    config.penalty.update(name="r1", weight=1.0, every=4)
    config.path_length.weight = 0.5
    for player in (config.generator, config.discriminator):
        player.update(learning_rate=5e-3, b2=0.99, orthogonal=0.0, spectral_norm=False)
        player.equalized = True
    config.average.decay = 0.99
    config.train.update(steps=steps, batch=batch, num_d_steps=1)
    config.train.update(log_every=50, sample_every=250, checkpoint_every=250)
    config.watch.every = 0  # for minutes: no looks for collapse
    config.evaluate.update(samples=1000)
    return config
