"""pix2pix (arXiv 1611.07004) on pairs of 256 x 256: the paper's networks and recipe.

Data      jaxgan prepare drawings data/pairs --pairs=photos --size=256
          where drawings/NAME and photos/NAME belong together; from files that hold both
          side by side, like the authors': jaxgan prepare facades data/pairs --pairs=right
Command   jaxgan train --config=pix2pix --workdir=runs/pix2pix
Use       jaxgan translate runs/pix2pix drawings --out=made
Network   U-Net of 54,413,955 parameters, PatchGAN of 2,768,705
Hardware  one GPU; not trained here
Expected  the paper's results, on 400 facades, 200 epochs

The paper's settings: batches of one, Adam with 2e-4 and b1 = 0.5, L1 with a weight of 100, random
mirroring, dropout in training and at test time, no average. Differs: random crops of at least 80 %
of the area, resized, instead of 256 x 256 crops from 286 x 286; D steps before G.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config() -> ConfigDict:
    config = default_config(model="pix2pix", objective="pix2pix")
    config.data.update(name="data/pairs", medium="pairs", size=(256, 256))
    config.data.update(flip=True, random_crop=0.8, split="train[:95%]", held_out="train[95%:]")
    config.condition = "data"
    for player in (config.generator, config.discriminator):
        player.update(learning_rate=2e-4, b1=0.5, orthogonal=0.0, spectral_norm=False)
    config.average.decay = 0.0
    config.train.update(steps=80_000, batch=1, num_d_steps=1)
    config.train.update(log_every=100, sample_every=1000, checkpoint_every=2000)
    config.watch.every = 2000
    config.evaluate.metrics = ("paired",)
    return config
