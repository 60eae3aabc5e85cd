"""AC-GAN (arXiv 1610.09585) on 32 x 32 Fashion-MNIST.

Command   jaxgan train --config=configs/acgan_fashion.py --workdir=runs/acgan
Hardware  2 CPU cores
Time      about 20 processor minutes, estimated from 6.7 for 64,000 images
Status    trained for 64,000 images (docs/lineage.md); full-run expectations follow the paper
Expected  rows of the sample sheet are the classes; d/accuracy (on real images) rises above 0.8

Differs from the paper: residual networks with spectral norm in the discriminator, Adam with 1e-3.
"""

from ml_collections import ConfigDict

from jaxgan.config import default_config


def get_config() -> ConfigDict:
    config = default_config(model="auxiliary", objective="acgan")
    config.data.size = (32, 32)
    config.model.update(width=8, latent_dim=64)
    config.generator.update(learning_rate=1e-3, b1=0.5, orthogonal=0.0, spectral_norm=False)
    config.discriminator.update(learning_rate=1e-3, b1=0.5)
    config.average.decay = 0.995
    config.train.update(steps=3000, batch=64, num_d_steps=1)
    config.train.update(log_every=50, sample_every=500, checkpoint_every=500)
    config.sample.update(standing_batches=20, standing_batch=100)
    config.evaluate.update(samples=1000, metrics=("recognition",))
    return config
