"""Progressive growing (arXiv 1710.10196) on 32 x 32 Fashion-MNIST: 4, 8, 16, 32 pixels.

Command   jaxgan train --config=configs/progan_fashion.py --workdir=runs/progan
Hardware  2 CPU cores
Time      about 6 processor minutes
Expected  the sample sheets go from 4 x 4 blocks to 32 x 32, a new resolution fading in each time

The paper's settings: WGAN-GP with a weight of 10, Adam with 1e-3, b1 = 0, b2 = 0.99, pixel norm,
minibatch standard deviation, equalised learning rates. Differs: 8 thousand images per stage instead
of 600 thousand, no drift term; all resolutions share one compiled step (models/progan.py).
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config() -> ConfigDict:
    config = default_config(model="progan")
    config.data.size = (32, 32)
    config.model.update(width=8, most=32, latent_dim=32)
    config.objective.update(loss="wasserstein", one_pass=False)
    config.penalty.update(name="gradient_penalty", weight=10.0)
    config.growth.stage_images = 8000.0
    for player in (config.generator, config.discriminator):
        player.update(learning_rate=1e-3, b2=0.99, orthogonal=0.0, spectral_norm=False)
        player.equalized = True
    config.average.decay = 0.99
    config.train.update(steps=2000, batch=32, num_d_steps=1)
    config.train.update(log_every=50, sample_every=125, checkpoint_every=250)
    config.evaluate.update(samples=1000)
    return config
