"""Relativistic GAN (arXiv 1807.00734) with R1 and R2 on 32 x 32 Fashion-MNIST.

Command   jaxgan train --config=configs/relativistic_fashion.py --workdir=runs/relativistic
Hardware  2 CPU cores
Time      about 6 processor minutes, estimated from 3 for 64,000 images
Status    trained for 64,000 images (docs/lineage.md); full-run expectations follow the paper
Expected  clothes of most kinds, without any norm in the discriminator
Try       --config.objective.comparison=average, or hinge

The loss of R3GAN (arXiv 2501.05441) with DCGAN's networks. The penalties' weight is 1, since the
images are small, and Adam has 1e-3, not 2e-4, for a narrow network trained in minutes.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config() -> ConfigDict:
    config = default_config(model="dcgan", objective="relativistic")
    config.data.size = (32, 32)
    config.model.update(width=16, discriminator_batch_norm=False)
    config.penalty.update(name="r1_r2", weight=1.0)
    for player in (config.generator, config.discriminator):
        player.update(learning_rate=1e-3, b2=0.99, orthogonal=0.0, spectral_norm=False)
    config.average.decay = 0.995
    config.train.update(steps=2000, batch=64, num_d_steps=1)
    config.train.update(log_every=50, sample_every=200, checkpoint_every=200)
    config.sample.update(standing_batches=20, standing_batch=100)
    config.evaluate.update(samples=1000)
    return config
