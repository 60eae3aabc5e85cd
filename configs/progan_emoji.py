"""Progressive growing (arXiv 1710.10196) in colour: emoji in three drawing styles, at 32 or 64.

Data      python tests/data/real_data.py emoji data/emoji64 --size=64
Command   jaxgan train --config=configs/progan_emoji.py:32 --workdir=runs/progan_emoji32
          jaxgan train --config=configs/progan_emoji.py:64 --workdir=runs/progan_emoji64
          python -m tests.demos.growth runs/progan_emoji64
Hardware  2 CPU cores
Time      about 10 minutes on one core at 32, 16 at 64
Expected  docs/growth.png, at 64: the sample sheets go from 4 x 4 blocks to full resolution, and end
          with soft coloured shapes on white; individual emoji are not recognisable yet

The paper's settings, as in progan_fashion.py; labels are ignored. The last resolution is fully
faded in for the last third of the training.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config

# Side -> images a step, steps, stages (one for 4 x 4, two for each doubling).
SIDES = {"32": (32, 2000, 7), "64": (16, 2000, 9)}


def get_config(side: str = "32") -> ConfigDict:
    if side not in SIDES:
        raise ValueError(f"side {side!r}: write one of {', '.join(SIDES)}")
    batch, steps, stages = SIDES[side]
    config = default_config(model="progan")
    config.data.update(name="data/emoji64", size=(int(side), int(side)), class_balanced=True)
    config.model.update(width=8, most=64, latent_dim=64)
    config.objective.update(loss="wasserstein", one_pass=False)
    config.penalty.update(name="gradient_penalty", weight=10.0)
    config.growth.stage_images = batch * steps / (1.5 * (stages - 1))
    for player in (config.generator, config.discriminator):
        player.update(learning_rate=1e-3, b2=0.99, orthogonal=0.0, spectral_norm=False)
        player.equalized = True
    config.average.decay = 0.99
    config.train.update(steps=steps, batch=batch, num_d_steps=1)
    config.train.update(log_every=50, sample_every=250, checkpoint_every=250)
    config.watch.every = 0  # for minutes: no looks for collapse
    config.evaluate.update(samples=1000)
    return config
