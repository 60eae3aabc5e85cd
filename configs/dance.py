"""Everybody Dance Now (arXiv 1808.07371), the first stage: films of 256 x 512 after stick figures.

Data      films whose left half is the pose and whose right half the picture (docs/dance.md)
          jaxgan prepare films data/dance --frames=2
Command   jaxgan train --config=dance --workdir=runs/dance
Use       jaxgan translate runs/dance poses --out=danced
Network   pix2pixHD's (arXiv 1711.11585) for 512 x 256: four halvings,
          nine blocks; three discriminators
Hardware  one GPU; not trained here
Expected  results of the paper's first stage, from a few minutes of film of one person

Adam with 2e-4 and b1 = 0.5, least squares, feature matching with a weight of 10, no average.
Differs: models/dance.py (no face, no second stage), objectives/dance.py (no VGG); batch size and
number of steps are our own choice.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config() -> ConfigDict:
    config = default_config(model="dance", objective="dance")
    config.data.update(name="data/dance", medium="posed_clips", size=(2, 256, 1024))
    config.data.update(split="train[:95%]", held_out="train[95%:]")
    config.condition = "data"
    for player in (config.generator, config.discriminator):
        player.update(learning_rate=2e-4, b1=0.5, orthogonal=0.0, spectral_norm=False)
    config.average.decay = 0.0
    config.train.update(steps=100_000, batch=4, num_d_steps=1)
    config.train.update(log_every=100, sample_every=1000, checkpoint_every=2000)
    config.watch.every = 2000
    config.evaluate.metrics = ("paired",)
    return config
