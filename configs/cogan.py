"""CoGAN (arXiv 1606.07536): couples of images of two domains, without pairs to learn from.

Data      jaxgan prepare digits data/domains --domains=negatives --size=32 --channels=1
Command   jaxgan train --config=cogan --workdir=runs/cogan
          jaxgan sample runs/cogan --output=couples.png
Network   DCGAN's stages at 32 x 32; each domain has its own last stage of G and first of D
Hardware  one CPU core, four minutes
Measured  docs/domains.md; the data and the numbers: python -m tests.demos.couples runs/couples

Differs from the paper: DCGAN's stages instead of the authors' networks for digits; a quarter of the
width.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config() -> ConfigDict:
    config = default_config(model="cogan")
    config.data.update(name="data/domains", medium="couples", size=(32, 32))
    config.model.width = 16
    config.objective.update(loss="non_saturating", one_pass=False)
    config.prior = "uniform"
    for player in (config.generator, config.discriminator):
        player.update(learning_rate=5e-4, b1=0.5, orthogonal=0.0, spectral_norm=False)
    config.average.decay = 0.995
    config.train.update(steps=2000, batch=64, num_d_steps=1)
    config.train.update(log_every=50, sample_every=250, checkpoint_every=250)
    config.watch.every = 0  # for minutes: no looks for collapse
    config.sample.update(standing_batches=20, standing_batch=100)
    config.evaluate.update(metrics=("fd", "kd"), samples=1000)
    return config
